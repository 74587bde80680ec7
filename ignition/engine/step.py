# SPDX-License-Identifier: Apache-2.0
"""A step: the only thing in the engine that has a side effect."""

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
    """What a running step may use. `progress` shows a short text to whoever watches."""

    log: Log
    context: PhaseContext
    progress: Callable[[str], None]


@record
class Step:
    """One act of a phase, in words, with its origin in the config.

    `needs` and `provides` are resource keys: a device path, or `mount:/var`, `user:core`, `path:/etc/x`.
    A step starts when every step that provides one of its needs has ended well. A need that no step
    provides and that is not there yet waits for all steps of the stages before.
    `done` is asked right before the step: True means that there is nothing left to do.
    `deferred` says that the decision what to do is taken only when the step runs.
    """

    summary: str
    origin: Origin
    do: Callable[[Task], None]
    needs: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    done: Callable[[], bool] | None = None
    deferred: bool = False
