# SPDX-License-Identifier: Apache-2.0
"""Azure Stack Hub: custom data from the provisioning DVD; there is no metadata service."""

from __future__ import annotations

from ignition.providers import ovf_drive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False

FILESYSTEMS = ("udf", "iso9660")


def fetch(ctx: FetchContext) -> bytes:
    """The custom data; b"" if the DVD has none."""
    return ovf_drive.fetch(ctx, FILESYSTEMS)
