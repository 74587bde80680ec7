# SPDX-License-Identifier: Apache-2.0
"""What the apply tier and its child process tell each other, as files in the folder of the case."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ignition.base.errors import Failure

JOB, CONFIG, PROBLEM = "job.json", "config.ign", "problem.json"
LOG, FACTS = "engine.log", "facts.json"
SCRATCH = "scratch"
"""The mount point of the tmpfs that holds everything that is applied."""
SYSROOT = "/sysroot"
"""How messages call the applied root: by its name at a real boot."""


@dataclass(frozen=True)
class Job:
    """`root`: a folder or a tar archive, absolute. The others are those of a request: what to report."""

    root: str
    paths: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    users: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        (folder / JOB).write_text(json.dumps(asdict(self)))


def read_job(folder: Path) -> Job:
    found = json.loads((folder / JOB).read_text())
    return Job(
        found["root"],
        *(tuple(found[name]) for name in ("paths", "trees", "units", "users")),
    )


def write_problem(folder: Path, failure: Failure) -> None:
    """Tells the parent why nothing could be applied on this host."""
    entry = {"code": failure.code, "text": failure.text, "hint": failure.hint}
    (folder / PROBLEM).write_text(json.dumps(entry))


def read_problem(folder: Path) -> Failure | None:
    try:
        entry = json.loads((folder / PROBLEM).read_text())
    except FileNotFoundError:
        return None
    return Failure(entry["code"], entry["text"], hint=entry["hint"])
