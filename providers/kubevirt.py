# SPDX-License-Identifier: Apache-2.0
"""KubeVirt: user data on a cloudInitNoCloud or cloudInitConfigDrive volume.

Source: https://kubevirt.io/user-guide/user_workloads/startup_scripts
"""

from __future__ import annotations

from ignition.providers import first_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False

DRIVES = {"cidata": "/user-data", "config-2": "/openstack/latest/user_data"}


def fetch(ctx: FetchContext) -> bytes:
    """The user data from the first drive that has any."""
    return first_source.fetch(ctx, drives=DRIVES)
