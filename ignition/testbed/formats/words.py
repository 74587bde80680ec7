# SPDX-License-Identifier: Apache-2.0
"""Words that all formats share: counts, times, places, and the sentence for a check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ignition.base.origin import Origin
from ignition.base.printable import printable
from ignition.lint.formats import pluralize
from ignition.testbed.formats.plain import clipped
from ignition.testbed.results import CaseResult, Cause, Check, RunResult, Status, Verdict

# Characters of a value in a sentence; expectations and guests may have any.
_VALUE = 500
_ACCELERATORS = {"kvm": "with KVM", "tcg": "emulated (no KVM)", "": ""}


@dataclass(frozen=True)
class Tally:
    """Numbers of checks by status."""

    passed: int = 0
    failed: int = 0
    undecided: int = 0

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.undecided

    def __str__(self) -> str:
        """`41 checks passed, 2 failed, 3 not decided`; what is not decided is never left out."""
        parts = [f"{pluralize(self.passed, 'check')} passed"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.undecided:
            parts.append(f"{self.undecided} not decided")
        return ", ".join(parts) if self.total else "no checks"


def tally(checks: Iterable[Check]) -> Tally:
    states = [check.status for check in checks]
    return Tally(*map(states.count, (Status.PASSED, Status.FAILED, Status.NOT_DECIDED)))


def run_tally(run: RunResult) -> Tally:
    return tally(check for case in run.cases for check in case.checks)


def by_status(case: CaseResult, status: Status) -> list[Check]:
    return [check for check in case.checks if check.status is status]


def summary(run: RunResult) -> str:
    """`3 cases: 2 passed, 1 timeout, 1 flaky; 41 checks passed, 3 not decided; 92 s, emulated (no KVM)`."""
    verdicts = [f"{run.count(each)} {each.value}" for each in Verdict if run.count(each)]
    flaky = sum(case.flaky for case in run.cases)
    if flaky:
        verdicts.append(f"{flaky} flaky")
    parts = [f"{pluralize(len(run.cases), 'case')}: {', '.join(verdicts) or 'nothing to test'}"]
    if run.cases:
        parts.append(str(run_tally(run)))
    parts.append(", ".join(filter(None, (duration(run.seconds), accelerator(run)))))
    return "; ".join(parts)


def accelerator(run: RunResult) -> str:
    """How guests ran: `with KVM`, `emulated (no KVM)`, or "" if there was none."""
    return _ACCELERATORS.get(run.accelerator, printable(run.accelerator))


def duration(seconds: float) -> str:
    """`0.4 s`, `41 s`, `3 min 12 s`."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def position(origin: Origin) -> str:
    """`web.ign:3:9`, as compilers print it."""
    if not origin.line:
        return printable(origin.source)
    return printable(f"{origin.source}:{origin.line}:{origin.column}")


def place_in(origin: Origin) -> dict[str, str | int]:
    """Names and values of a position, for formats with structure."""
    if not origin.line:
        return {"file": printable(origin.source)}
    return {"file": printable(origin.source), "line": origin.line, "column": origin.column}


def what(check: Check) -> str:
    """`file /etc/hostname: mode`."""
    return printable(f"{check.subject}: {check.prop}" if check.prop else check.subject)


def outcome(check: Check) -> str:
    """`expected 0644, found 0600`; of a passed check what was found, of an undecided one the reason."""
    if check.status is Status.NOT_DECIDED:
        return printable(f"not decided: {check.reason or 'no reason given'}")
    if check.status is Status.PASSED:
        return printable(clipped(check.found or check.expected or "as expected", _VALUE))
    parts = []
    if check.expected:
        parts.append(f"expected {clipped(check.expected, _VALUE)}")
    parts.append(f"found {clipped(check.found, _VALUE) or 'nothing'}")
    return printable(", ".join(parts))


def cause_sentence(cause: Cause) -> str:
    """`IGN2104: /dev/vdb holds an ext4 filesystem`."""
    return printable(f"{cause.code}: {cause.text}" if cause.code else cause.text)


def reached_checks(case: CaseResult) -> bool:
    """Whether its checks say all about the case. If not, its cause is reported beside them."""
    if case.verdict is Verdict.EXPECTATION_FAILED:
        return bool(by_status(case, Status.FAILED))
    return case.verdict is Verdict.PASSED


def run_name(case: CaseResult) -> str:
    """What happens before the checks, as the name of a test point: `boot` or `tier apply`."""
    return "boot" if case.tier == "boot" else printable(f"tier {case.tier}")


def labels(case: CaseResult) -> dict[str, str]:
    """What distinguishes a case from others of the same config, without what is the rule."""
    shown = {
        "platform": case.platform,
        "image": case.image,
        "fault": case.fault,
        "tier": case.tier,
    }
    return {name: printable(text) for name, text in shown.items() if text}


def attempts(case: CaseResult) -> str:
    """`flaky: passed at attempt 3`, `failed at all 3 attempts`, or "" for one attempt."""
    if case.flaky:
        return f"flaky: passed at attempt {case.attempts}"
    if case.attempts > 1 and case.verdict is not Verdict.PASSED:
        return f"not passed in {case.attempts} attempts"
    return f"{case.attempts} attempts" if case.attempts > 1 else ""
