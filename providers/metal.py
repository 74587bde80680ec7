# SPDX-License-Identifier: Apache-2.0
"""Bare metal and PXE: the platform itself has no config.

The config comes from the kernel command line or from user.ign, which every platform reads first.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False


def fetch(ctx: FetchContext) -> bytes:
    """Always b""."""
    ctx.log.info("no config: neither ignition.config.url on the kernel command line nor a user.ign")
    return b""
