# SPDX-License-Identifier: Apache-2.0
"""The report of a phase. It feeds `report.json` in the run directory, the result file and the live view."""

from __future__ import annotations

import os
import time

from ignition.base import gojson
from ignition.base.files import read_regular, write_atomically
from ignition.base.printable import printable_json
from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.errors import Failure
    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings

REPORT_FILE = "report.json"
FAILURE_FILE = "failure"
# A boot has seven; repeated runs by hand must not fill /run.
MAX_PHASES = 32

# Results of a step. SATISFIED: there was nothing left to do. Not an enum, which the boot path
# does without (docs/architecture.md).
SATISFIED = "satisfied"
DONE = "done"
FAILED = "failed"


@record
class Outcome:
    """The result of one step. Times are seconds of the monotonic clock."""

    summary: str
    origin: Origin
    result: str
    started: float
    ended: float


@record
class Report:
    """One phase. `started` is in seconds since the epoch."""

    phase: str
    started: float
    seconds: float
    outcomes: list[Outcome]
    failures: list[Failure]

    def summary(self) -> dict[str, Any]:
        """The entry of the result file."""
        return {
            "phase": self.phase,
            "started": timestamp(self.started),
            "seconds": round(self.seconds, 3),
            "steps": len(self.outcomes),
        }

    def to_json(self) -> dict[str, Any]:
        first = min((outcome.started for outcome in self.outcomes), default=0.0)
        return {
            **self.summary(),
            "steps": [
                {
                    "summary": outcome.summary,
                    "origin": str(outcome.origin),
                    "result": outcome.result,
                    "after": round(outcome.started - first, 3),
                    "seconds": round(outcome.ended - outcome.started, 3),
                }
                for outcome in self.outcomes
            ],
            "failures": [
                {
                    "code": failure.code,
                    "text": failure.text,
                    "origin": str(failure.origin or ""),
                    "hint": failure.hint,
                }
                for failure in self.failures
            ],
        }


def append(report: Report, settings: Settings, log: Log) -> None:
    """Appends the phase to `report.json` in the run directory. Does not fail: a full /run must not stop a
    boot."""
    path = os.path.join(settings.run_dir, REPORT_FILE)
    try:
        phases = [*_load(path, log), report.to_json()][-MAX_PHASES:]
        os.makedirs(settings.run_dir, mode=0o755, exist_ok=True)
        text = printable_json(gojson.dumps_indent(phases)) + "\n"
        write_atomically(path, text.encode(), 0o600)
    except (OSError, MemoryError) as error:
        log.notice(f"cannot write the report: {error}")


def _load(path: str, log: Log) -> list[Any]:
    """The phases in the file; none if it is not a report."""
    try:
        phases = gojson.loads_strict(read_regular(path))
        if not isinstance(phases, list):
            raise ValueError("not a list")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        log.notice(f"starting a new report: {path} is not valid: {error}")
        return []
    return phases


def write_failure(text: str, settings: Settings) -> None:
    """Writes the cause of the failure for the emergency target, which shows it."""
    try:
        os.makedirs(settings.run_dir, mode=0o755, exist_ok=True)
        path = os.path.join(settings.run_dir, FAILURE_FILE)
        write_atomically(path, (text + "\n").encode(), 0o600)
    except OSError:
        pass  # the same text is in the log


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
