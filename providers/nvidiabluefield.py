# SPDX-License-Identifier: Apache-2.0
"""NVIDIA BlueField: the host pushes the config into the boot FIFO of the card. It can be read only once.

Source: drivers/platform/mellanox/mlxbf-bootctl.c of Linux
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure
from ignition.system import kernelmodule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False


def fetch(ctx: FetchContext) -> bytes:
    """The contents of the FIFO without surrounding NUL bytes; b"" if it is empty."""
    path = ctx.settings.bootfifo
    if not os.path.exists(path):
        kernelmodule.load("mlxbf_bootctl", "IGN5660", ctx.settings, ctx.log)
    try:
        with open(path, "rb") as fifo:
            data = fifo.read()
    except FileNotFoundError:
        ctx.log.info(f"no config: there is no {path}")
        return b""
    except OSError as error:
        raise Failure(
            "IGN5661",
            f"cannot read the boot FIFO {path}: {error.strerror}",
            hint="push the config again (rshim), and check ignition.platform.id=",
        ) from error
    return data.strip(b"\0")
