# SPDX-License-Identifier: Apache-2.0
"""Kernel arguments: handed to the distribution's helper, which knows the boot loader.

The helper runs whenever arguments are listed. It reboots after a change, and must find nothing to do the
second time.
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
    """One step if any argument is listed, else none."""
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
