# SPDX-License-Identifier: Apache-2.0
"""Refuses a config whose programs the initramfs lacks, before anything is changed."""

from __future__ import annotations

from ignition.base.errors import Refused
from ignition.system import programs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings


def require_program(
    settings: Settings, name: str, code: str, consequence: str, origin: Origin
) -> None:
    """Refused with this code if a program is not installed. `consequence`: what cannot be done without it."""
    program = settings.program(name)
    if not programs.is_installed(program):
        raise Refused(
            code,
            f"{program} is missing, so {consequence}",
            origin,
            hint=f"{program} must be in the initramfs, on PATH",
        )
