# SPDX-License-Identifier: Apache-2.0
"""Kernel arguments: passed to the distribution's helper, which edits the boot loader's entries.

The helper runs on every boot into this phase. It reboots after a change, and must change nothing when it runs
again.
"""

from __future__ import annotations

from ignition.base.errors import CommandFailed, Failure
from ignition.engine.step import Step, Task
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.config import model
    from ignition.engine.context import PhaseContext

HELPER = "ignition-kargs-helper"


def plan(config: model.Config, context: PhaseContext) -> Iterator[Step]:
    """One step if the config lists any argument."""
    arguments = config.kernel_arguments
    words: list[str] = []
    for argument in arguments.should_exist:
        words += ["--should-exist", argument]
    for argument in arguments.should_not_exist:
        words += ["--should-not-exist", argument]
    if words:
        yield Step(
            "update the kernel arguments",
            context.origin("kernelArguments"),
            lambda task: _do(task, words),
        )


def _do(task: Task, words: list[str]) -> None:
    argv = [task.context.settings.program(HELPER), *words]
    try:
        run(task.log, argv, what="updating kernel arguments")
    except CommandFailed as failure:
        raise Failure(
            "IGN2601",
            f"failed adding kernel arguments: {failure}",
            hint="the distribution must install an ignition-kargs-helper that fits its boot loader",
            cause=failure,
        ) from failure
