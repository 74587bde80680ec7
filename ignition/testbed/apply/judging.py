# SPDX-License-Identifier: Apache-2.0
"""The verdict of the apply tier. What it does not decide is said as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ignition.acquisition.rendered import Rendered
from ignition.base.origin import Origin
from ignition.base.settings import DISKS, KARGS, MOUNT
from ignition.config.model import Config
from ignition.engine.phases import idle_phases
from ignition.testbed.checks import judge
from ignition.testbed.expectations.model import Expectations, ExpectedFailure
from ignition.testbed.report import Report
from ignition.testbed.results import Check, Status, Verdict
from ignition.testbed.verdicts import EMERGENCY, Boot, Outcome, Question, decide

NEEDS_MACHINE = "needs a machine (--tier boot)"
NOTHING_DECIDED = "none of the expectations could be decided: the config was applied, no more"
NOT_RUN = (KARGS, DISKS, MOUNT)
"""The phases that the apply tier does not run."""


def judge_applied(question: Question, rendered: Rendered | None, report: Report) -> Outcome:
    """The verdict on a config that was applied, or that the engine failed to apply."""
    wanted = question.expectations
    if report.state == EMERGENCY:
        return decide(question, Boot("", 0, timed_out=False, report=report), ())
    idle = idle_phases(Config(rendered.value)) if rendered else NOT_RUN
    if wanted.failure is not None:
        undecided = _undecided_failure(wanted.failure, idle)
        if undecided is not None:
            note = "the expected failure belongs to a phase that the apply tier does not run"
            return Outcome(Verdict.PASSED, None, (undecided,), (note,))
    checks = _with_reasons(wanted, judge(wanted, report))
    if checks and all(check.status is Status.NOT_DECIDED for check in checks):
        return Outcome(Verdict.PASSED, None, checks, (NOTHING_DECIDED,))
    boot = Boot("", 0, timed_out=False, report=replace(report, state="running"))
    return decide(question, boot, checks)


def _with_reasons(expectations: Expectations, checks: Sequence[Check]) -> tuple[Check, ...]:
    """The checks, with this tier's reason for each that is not decided, and one for a second boot."""
    known = [
        replace(check, reason=NEEDS_MACHINE) if check.status is Status.NOT_DECIDED else check
        for check in checks
    ]
    if expectations.second_boot is not None:
        place = expectations.second_boot
        known.append(_undecided("second boot", place, "no change"))
    return tuple(known)


def _undecided_failure(expected: ExpectedFailure, idle: Sequence[str]) -> Check | None:
    """The check for a failure that did not happen, if it may yet happen in a phase that was not run.

    `idle`: the phases that have nothing to do for this config.
    """
    possible = [
        phase
        for phase in NOT_RUN
        if phase not in idle and (expected.phase is None or phase == expected.phase)
    ]
    return _undecided("provisioning failure", expected.place, "a failure") if possible else None


def _undecided(subject: str, place: Origin, expected: str) -> Check:
    return Check(subject, "", Status.NOT_DECIDED, place, expected, reason=NEEDS_MACHINE)
