# SPDX-License-Identifier: Apache-2.0
"""OpenStack: user data on a config drive or from the metadata service. Also for Brightbox.

Source: https://docs.openstack.org/nova/latest/user/metadata.html
"""

from __future__ import annotations

from ignition.providers import first_source
from ignition.resource import metadata
from ignition.system import addresses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.providers.first_source import Service
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

LABELS = ("config-2", "CONFIG-2")
PATH = "/openstack/latest/user_data"
IPV4 = "169.254.169.254"
# Link-local, so the address needs an interface.
IPV6 = "[fe80::a9fe:a9fe%25{}]"


def fetch(ctx: FetchContext) -> bytes:
    """The user data from the first source that has any."""
    return first_source.fetch(ctx, drives=dict.fromkeys(LABELS, PATH), services=_services)


def _services() -> dict[str, Service]:
    """The metadata service at each of its addresses, for the interfaces that are up now."""
    hosts = [IPV4, *(IPV6.format(name) for name in addresses.ipv6_interfaces())]
    return {f"the metadata service at {host}": _service(f"http://{host}{PATH}") for host in hosts}


def _service(url: str) -> Service:
    return lambda ctx: metadata.user_data(ctx, url)
