# SPDX-License-Identifier: Apache-2.0
"""What a phase did: one structure behind the record in /run, the result file and the timeline."""

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
    from ignition.base.settings import Settings
    from ignition.engine.executor import Outcome

REPORT_FILE = "report.json"
FAILURE_FILE = "failure"
# More than a boot has: runs by hand must not let the file grow for ever.
MOST_PHASES = 32


@record
class Report:
    """One phase. `started` is in seconds since 1970."""

    phase: str
    started: float
    seconds: float
    outcomes: list[Outcome]
    failures: list[Failure]

    def summary(self) -> dict[str, Any]:
        """The part that goes into the result file."""
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


def keep(report: Report, settings: Settings, log: Log) -> None:
    """Appends the phase to `report.json` in the run folder. A full /run must not stop a boot."""
    path = os.path.join(settings.run_dir, REPORT_FILE)
    try:
        phases = [*_earlier(path, log), report.to_json()][-MOST_PHASES:]
        os.makedirs(settings.run_dir, mode=0o755, exist_ok=True)
        text = printable_json(gojson.dumps_indent(phases)) + "\n"
        write_atomically(path, text.encode(), 0o600)
    except (OSError, MemoryError) as error:
        log.notice(f"cannot keep the report: {error}")


def _earlier(path: str, log: Log) -> list[Any]:
    """The phases that are in the file already; none if somebody else made it."""
    try:
        phases = gojson.loads_strict(read_regular(path))
        if not isinstance(phases, list):
            raise ValueError("not a list")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        log.notice(f"the report begins anew: {path} is no report: {error}")
        return []
    return phases


def keep_failure(text: str, settings: Settings) -> None:
    """Leaves the cause for whoever shows it when the emergency target is reached."""
    try:
        os.makedirs(settings.run_dir, mode=0o755, exist_ok=True)
        path = os.path.join(settings.run_dir, FAILURE_FILE)
        write_atomically(path, (text + "\n").encode(), 0o600)
    except OSError:
        pass  # the same text is in the log


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
