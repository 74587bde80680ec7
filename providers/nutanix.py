# SPDX-License-Identifier: Apache-2.0
"""Nutanix AHV: user data on a config drive, which every machine has.

Source: https://portal.nutanix.com, Prism Central Infrastructure Guide, customizing a VM with cloud-init
"""

from __future__ import annotations

from ignition.providers import configdrive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False

LABELS = ("config-2",)
PATH = "/openstack/latest/user_data"


def fetch(ctx: FetchContext) -> bytes:
    """The user data; b"" if the drive has none."""
    return configdrive.fetch(ctx, LABELS, configdrive.file_reader(PATH))
