# SPDX-License-Identifier: Apache-2.0
"""The files phase on a root that is no machine at its first boot: no cache, no state, no result file."""

from __future__ import annotations

from typing import Any

from ignition.base import interrupt
from ignition.base.errors import combine, crash_failure
from ignition.base.log import Log
from ignition.base.settings import FILES, Settings
from ignition.base.state import State
from ignition.config.model import Config
from ignition.engine import executor, phases, plan, soundness
from ignition.engine.context import PhaseContext
from ignition.engine.view import View
from ignition.live.merged import Merged

STAGES = ("prepare", "users", "files", "units")
"""Of the files phase: the others are about volumes, and about the end of a first boot."""


def prepared(settings: Settings) -> Settings:
    """The settings without what a first boot leaves behind: labels are left to who builds the image."""
    settings.config_cache = settings.result_file = ""
    settings.selinux_relabel = False
    return settings


def apply(
    merged: Merged, config: dict[str, Any], settings: Settings, log: Log, view: View
) -> executor.Execution:
    """Applies `config`, which is `merged` without the parts that are skipped.

    Raises a Failure or a FailureGroup, before the first change, if anything is refused. A step that fails is
    in the execution that it returns.
    """
    state = State()
    state.origins = merged.table
    context = PhaseContext(settings, log, state, merged.table, merged.transport, view.line)
    model = Config(config)
    soundness.check(model, context)
    stages = [
        (prefix, phases.load_stage(module, function))
        for prefix, module, function in phases.PHASES[FILES]
        if module in STAGES and phases.has_work(module, config)
    ]
    return executor.run(plan.build(stages, model, context), context, view)


def run(
    merged: Merged, config: dict[str, Any], settings: Settings, log: Log, view: View
) -> executor.Execution:
    """`apply` that a signal ends: running steps finish, and Failure IGN6205 says so. Raises any failure."""
    with interrupt.SignalHandlers():
        try:
            with interrupt.Interruptible():
                execution = apply(merged, config, settings, log, view)
        except interrupt.Interrupted:
            raise interrupt.failure() from None
        except Exception as error:
            raise crash_failure(error) from error
    if execution.failures:
        raise combine(execution.failures)
    return execution
