# SPDX-License-Identifier: Apache-2.0
"""A step: the only part of a plan that changes the machine."""

from __future__ import annotations

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.engine.context import PhaseContext


@record
class Task:
    """What a running step gets. `progress` shows a short text on the live view."""

    log: Log
    context: PhaseContext
    progress: Callable[[str], None]


@record
class Step:
    """One change to the machine.

    summary   one line for the live view and the report
    origin    the part of the config that asks for it
    do        makes the change
    needs     resource keys: a device path, or `mount:/var`, `user:core`, `path:/etc/x`. The step starts after
              all steps that create one of them, and after those planned before it that change one. A device
              that does not exist and that no step provides waits for all steps of the earlier stages
    provides  resource keys that the step changes; those that it does not need, it creates
    creates   resource keys that exist after the step, whether it had to change anything for it or not
    done      called right before `do`; True skips it
    deferred  whether the step decides only when it runs what there is to do
    """

    summary: str
    origin: Origin
    do: Callable[[Task], None]
    needs: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    creates: tuple[str, ...] = ()
    done: Callable[[], bool] | None = None
    deferred: bool = False
