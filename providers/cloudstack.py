# SPDX-License-Identifier: Apache-2.0
"""Apache CloudStack: user data on a config drive or from the virtual router, which is the DHCP server.

Source: https://docs.cloudstack.apache.org/en/latest/adminguide/virtual_machines/user-data.html
"""

from __future__ import annotations

from ignition.providers import first_source
from ignition.resource import metadata
from ignition.system import leases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

LABELS = ("config-2", "CONFIG-2")
PATH = "/cloudstack/userdata/user_data.txt"


def fetch(ctx: FetchContext) -> bytes:
    """The user data from the first source that has any."""
    services = {"the virtual router": _from_router}
    return first_source.fetch(ctx, drives=dict.fromkeys(LABELS, PATH), services=lambda: services)


def _from_router(ctx: FetchContext) -> bytes:
    server = leases.wait_for_server(ctx.settings.dhcp_leases_dir, ctx.sleep)
    ctx.log.info(f"the DHCP server is {server}")
    return metadata.user_data(ctx, f"http://{server}/latest/user-data")
