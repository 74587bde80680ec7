# SPDX-License-Identifier: Apache-2.0
"""Loads a kernel module that a platform needs to hand over its config."""

from __future__ import annotations

from ignition.base.errors import CommandFailed, Failure
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.settings import Settings


def load(name: str, code: str, settings: Settings, log: Log) -> None:
    """Loads a module; does nothing if it is loaded or built in. Raises Failure with the given code."""
    try:
        run(log, [settings.program("modprobe"), name], what=f"loading kernel module {name}")
    except CommandFailed as error:
        raise Failure(
            code,
            f"cannot load the kernel module {name}",
            hint=f"it must be in the initramfs or built in ({error.hint or error.text})",
        ) from error
