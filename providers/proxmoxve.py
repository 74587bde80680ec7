# SPDX-License-Identifier: Apache-2.0
"""Proxmox VE: a snippet on the cloud-init drive, as user data or as vendor data.

Without a snippet Proxmox generates user data for cloud-init, with the host name and SSH keys.

Source: https://pve.proxmox.com/pve-docs/qm.1.html, option --cicustom
"""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.providers import configdrive
from ignition.system import drive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False

LABEL = "cidata"
PATHS = ("/user-data", "/vendor-data")
CLOUD_CONFIG = b"#cloud-config\n"


def fetch(ctx: FetchContext) -> bytes:
    """The first of both files that is not for cloud-init; b"" if there is none, or no drive."""
    return configdrive.fetch_optional(ctx, LABEL, _first_config)


def _first_config(ctx: FetchContext, folder: str) -> bytes:
    for path in PATHS:
        try:
            data = drive.read_file(folder, path)
        except Failure as failure:
            ctx.log.warning(f"skipping {path}: {failure.text}")
            continue
        if not data:
            ctx.log.info(f"no {path} on the drive")
        elif data.startswith(CLOUD_CONFIG):
            ctx.log.info(f"{path} is for cloud-init")
        else:
            return data
    return b""
