# SPDX-License-Identifier: Apache-2.0
"""A cloud-init NoCloud drive with an Ignition config as its user data.

Other files on the drive and other NoCloud sources (kernel command line, SMBIOS) are ignored.

Source: https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html
"""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.providers import configdrive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False

LABELS = ("cidata", "CIDATA")
PATH = "/user-data"
# How cloud-init recognizes its user data formats.
FOREIGN = {
    b"#cloud-config": "a cloud-config",
    b"#!": "a script",
    b"#include": "a list of URLs",
    b"#part-handler": "a part handler",
    b"## template:": "a template",
    b"Content-Type: multipart": "a multipart archive",
    b"MIME-Version:": "a multipart archive",
}


def fetch(ctx: FetchContext) -> bytes:
    """The config; b"" on a drive without user data. Failure IGN5542 if the user data is for cloud-init."""
    data = configdrive.fetch(ctx, LABELS, configdrive.file_reader(PATH))
    start = data[:4096].lstrip()
    for beginning, what in FOREIGN.items():
        if start.startswith(beginning):
            raise Failure(
                "IGN5542",
                f"{PATH} on the drive is {what} for cloud-init, not an Ignition config",
                hint=f"put the config there, as {PATH}; on Proxmox VE the platform is proxmoxve",
            )
    return data
