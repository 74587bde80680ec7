# SPDX-License-Identifier: Apache-2.0
"""`ignition test` as a user runs it: a program with an exit status, a text and a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ignition.testbed.pool import processors_per_guest
from tests.support.boot import WORKERS

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    """`text` is standard output with passed checks, too; `cases` are those of the JSON report."""

    status: int
    text: str
    errors: str
    cases: tuple[Mapping[str, Any], ...]

    @property
    def case(self) -> Mapping[str, Any]:
        """The only case."""
        assert len(self.cases) == 1, self
        return self.cases[0]


def ignition_test(
    folder: Path, *args: str | Path, environ: Mapping[str, str] | None = None
) -> Done:
    """Runs the command in the checkout. Report and artefacts are in `folder`."""
    report = folder / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ignition", "test", "--verbose", *map(str, args)),
            *("--format", "text", "--format", f"json={report}"),
            *("--artefacts", str(folder / "artefacts")),
            *("--cpus", str(processors_per_guest(WORKERS))),
        ],
        cwd=CHECKOUT,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    cases = json.loads(report.read_text())["cases"] if report.exists() else []
    return Done(done.returncode, done.stdout, done.stderr, tuple(cases))


def describe(done: Done) -> str:
    """Everything that the command said, for the message of a failed test."""
    return f"status {done.status}\n{done.text}\n{done.errors}"


def place(entry: Mapping[str, Any]) -> str:
    """`web.ign:3`, where a cause, a check or a finding points to."""
    found = entry.get("place", {})
    return f"{Path(found.get('source', '')).name}:{found.get('line', 0)}"
