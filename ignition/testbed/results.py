# SPDX-License-Identifier: Apache-2.0
"""Results of `ignition test`: the verdict on each case, with all that led to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from ignition.base.finding import Finding
from ignition.base.origin import Origin


class Verdict(Enum):
    """The outcome of a case, in order of precedence: a run exits with the status of its worst case."""

    PASSED = "passed"
    EXPECTATION_FAILED = "expectation failed"
    REFUSED = "config refused"
    PROVISIONING_FAILED = "provisioning failed"
    CRASHED = "guest crashed"
    TIMEOUT = "timeout"
    HOST_PROBLEM = "host problem"

    @property
    def exit_status(self) -> int:
        """2 is left for usage errors, as in all commands."""
        return {
            Verdict.PASSED: 0,
            Verdict.EXPECTATION_FAILED: 1,
            Verdict.REFUSED: 3,
            Verdict.PROVISIONING_FAILED: 4,
            Verdict.CRASHED: 5,
            Verdict.TIMEOUT: 6,
            Verdict.HOST_PROBLEM: 7,
        }[self]


class Status(Enum):
    """The outcome of one check. NOT_DECIDED: this tier or this guest cannot tell."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_DECIDED = "not decided"


@dataclass(frozen=True)
class Check:
    """One property of one object, such as the mode of a file.

    subject      `file /etc/hostname`, `unit nginx.service`
    prop         `mode`; "" if the whole object is meant
    expected, found   short, printable, without secrets
    detail       more lines: a diff of the content, the output of a command
    reason       why it is not decided
    place        where it is expected
    """

    subject: str
    prop: str
    status: Status
    place: Origin
    expected: str = ""
    found: str = ""
    detail: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Cause:
    """Why a case did not pass. `place` is the line of the config or the expectations file, if known."""

    code: str
    text: str
    hint: str = ""
    place: Origin | None = None


@dataclass(frozen=True)
class StepTime:
    """A span of time in a boot, in seconds since power-on on the guest's clock.

    `name` is a phase ("disks") or, with `phase` set, a step of it ("partition /dev/vdb: …").
    `outcome`: "success", "failed" or "running".
    """

    name: str
    started: float
    seconds: float
    outcome: str = "success"
    phase: str = ""


@dataclass(frozen=True)
class PartitionView:
    """For pictures. Offsets and sizes in bytes; `contents` is "ext4" or "raid1 md-root"; `path` a mount."""

    number: int
    start: int
    size: int
    label: str = ""
    contents: str = ""
    path: str = ""


@dataclass(frozen=True)
class DiskView:
    """One disk before or after the boot. `contents` for a disk without a partition table."""

    device: str
    size: int
    contents: str = ""
    partitions: tuple[PartitionView, ...] = ()


@dataclass(frozen=True)
class BootRecord:
    """One power-on of the machine. `reached`: "multi-user", "emergency" or "nothing"."""

    seconds: float
    reached: str
    phases: tuple[StepTime, ...] = ()
    steps: tuple[StepTime, ...] = ()
    disks_before: tuple[DiskView, ...] = ()
    disks_after: tuple[DiskView, ...] = ()
    console: str = field(default="", repr=False)


@dataclass(frozen=True)
class CaseResult:
    """The result of one case: one config on one platform with one image.

    name         unique in the run: `configs/web.ign [aws]`
    attempts     how often it was run; `flaky`: passed, but not at the first attempt
    findings     lint findings on the config, errors and warnings
    artefacts    the folder with console, journal, report; None if nothing was kept
    repeat       the exact command that repeats this case alone
    seconds      of the last attempt
    """

    name: str
    config: str
    verdict: Verdict
    platform: str = "qemu"
    image: str = ""
    fault: str = ""
    tier: str = "boot"
    cause: Cause | None = None
    checks: tuple[Check, ...] = ()
    boots: tuple[BootRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    attempts: int = 1
    flaky: bool = False
    seconds: float = 0.0
    artefacts: Path | None = None
    repeat: str = ""


@dataclass(frozen=True)
class RunResult:
    """All cases of a run, in the order in which they were named. `started`: seconds since the epoch."""

    cases: tuple[CaseResult, ...]
    started: float
    seconds: float
    accelerator: str = ""

    @property
    def exit_status(self) -> int:
        return max((case.verdict.exit_status for case in self.cases), default=0)

    def count(self, verdict: Verdict) -> int:
        return sum(case.verdict is verdict for case in self.cases)
