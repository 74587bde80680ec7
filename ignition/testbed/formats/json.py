# SPDX-License-Identifier: Apache-2.0
"""Results as JSON, described by schemas/testing/results.json. Members may be added, but are never removed or
changed. Members that are not known, or empty, are absent.
"""

from __future__ import annotations

import json
import time
from typing import Any

from ignition.base.finding import Finding
from ignition.base.origin import Origin
from ignition.base.printable import printable_json
from ignition.testbed.formats.words import Tally, run_tally, tally
from ignition.testbed.results import (
    BootRecord,
    CaseResult,
    Cause,
    Check,
    DiskView,
    PartitionView,
    RunResult,
    StepTime,
    Verdict,
)

VERSION = 1


def write(run: RunResult) -> str:
    """One object: `summary` with counts, and `cases` in order. Consoles are left to the artefact folders."""
    report = {
        "version": VERSION,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.started)),
        "seconds": _seconds(run.seconds),
        "accelerator": run.accelerator,
        "exit_status": run.exit_status,
        "summary": {
            "cases": len(run.cases),
            **{verdict.value.replace(" ", "_"): run.count(verdict) for verdict in Verdict},
            "flaky": sum(case.flaky for case in run.cases),
            "checks": _tally(run_tally(run)),
        },
        "cases": [_case(case) for case in run.cases],
    }
    return printable_json(json.dumps(report, indent=2, ensure_ascii=False)) + "\n"


def _case(case: CaseResult) -> dict[str, Any]:
    return {
        "name": case.name,
        "config": case.config,
        "verdict": case.verdict.value,
        "platform": case.platform,
        "tier": case.tier,
        **_known(image=case.image, fault=case.fault),
        "attempts": case.attempts,
        "flaky": case.flaky,
        "seconds": _seconds(case.seconds),
        **_known(
            cause=_cause(case.cause) if case.cause else None,
            artefacts=str(case.artefacts) if case.artefacts else "",
            repeat=case.repeat,
        ),
        "summary": _tally(tally(case.checks)),
        "checks": [_check(check) for check in case.checks],
        "findings": [_finding(finding) for finding in case.findings],
        "notes": list(case.notes),
        "boots": [_boot(boot) for boot in case.boots],
    }


def _tally(counted: Tally) -> dict[str, int]:
    return {
        "passed": counted.passed,
        "failed": counted.failed,
        "not_decided": counted.undecided,
    }


def _cause(cause: Cause) -> dict[str, Any]:
    place = _place(cause.place) if cause.place else None
    return {"code": cause.code, "text": cause.text, **_known(hint=cause.hint, place=place)}


def _check(check: Check) -> dict[str, Any]:
    return {
        "subject": check.subject,
        **_known(property=check.prop),
        "status": check.status.value,
        "place": _place(check.place),
        **_known(
            expected=check.expected, found=check.found, detail=check.detail, reason=check.reason
        ),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "text": finding.message,
        **_known(hint=finding.hint),
        "place": _place(finding.origin),
    }


def _place(origin: Origin) -> dict[str, Any]:
    return {
        "source": origin.source,
        **_known(pointer=origin.pointer, line=origin.line, column=origin.column),
    }


def _boot(boot: BootRecord) -> dict[str, Any]:
    return {
        "seconds": _seconds(boot.seconds),
        "reached": boot.reached,
        "phases": [_step(phase) for phase in boot.phases],
        "steps": [_step(step) for step in boot.steps],
        "disks_before": [_disk(disk) for disk in boot.disks_before],
        "disks_after": [_disk(disk) for disk in boot.disks_after],
    }


def _step(step: StepTime) -> dict[str, Any]:
    return {
        "name": step.name,
        **_known(phase=step.phase),
        "started": _seconds(step.started),
        "seconds": _seconds(step.seconds),
        "outcome": step.outcome,
    }


def _disk(disk: DiskView) -> dict[str, Any]:
    return {
        "device": disk.device,
        "size": disk.size,
        **_known(contents=disk.contents),
        "partitions": [_partition(each) for each in disk.partitions],
    }


def _partition(part: PartitionView) -> dict[str, Any]:
    return {
        "number": part.number,
        "start": part.start,
        "size": part.size,
        **_known(label=part.label, contents=part.contents, path=part.path),
    }


def _known(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}


def _seconds(seconds: float) -> float:
    return round(seconds, 3)
