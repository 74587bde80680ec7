# SPDX-License-Identifier: Apache-2.0
"""Bare metal, PXE included: the platform itself has no config.

It comes from the kernel command line or from a user.ign of the system, which are asked before.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False


def fetch(ctx: FetchContext) -> bytes:
    """Nothing."""
    ctx.log.info("no config: neither ignition.config.url on the kernel command line nor a user.ign")
    return b""
