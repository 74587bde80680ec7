# SPDX-License-Identifier: Apache-2.0
"""The quick tier: applies a config to a folder instead of a machine, and reports what is in there.

The engine runs its phases `fetch` and `files` in namespaces, where everything but the folder of the case is
read-only. Disks, volumes, filesystems and kernel arguments are not applied, and nothing is started. A fact
that only a machine knows is None in the report, and a check that needs it is not decided.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import threading
import time
from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed.apply import facts, job, namespace
from ignition.testbed.expectations.model import Expectations
from ignition.testbed.report import Report
from ignition.testbed.request import request_for
from ignition.testbed.roots import target_root

LIMIT = 300.0
"""Seconds for the whole config, including everything that it fetches."""
ZSTD = b"\x28\xb5\x2f\xfd"


class TimedOut(Failure):
    """The config was not applied in time."""


class Interrupted(Failure):
    """The user ended the run."""


def apply(
    config: bytes,
    name: str,
    expectations: Expectations,
    folder: Path,
    *,
    image: Path | None = None,
    limit: float = LIMIT,
    cancel: threading.Event | None = None,
) -> Report:
    """Applies `config` and returns the facts that `expectations` ask for.

    name    of the config, for messages
    folder  gets engine.log and facts.json; nothing outside of it is changed
    image   a folder or a tar archive with the root of another system; None: the default image's
    limit   seconds; TimedOut (IGN8606) after that
    cancel  ends it early; Interrupted (IGN8607)

    A config that the engine refuses, or fails to apply, gives a report with the state "emergency" and the
    engine's explanation, as a guest does. Failure IGN860x or IGN8001 if nothing can be applied on this host.
    """
    root = _root(image)
    work = folder.absolute()
    work.mkdir(parents=True, exist_ok=True)
    _check_place(work)
    asked = _request(str(root), expectations)
    (work / job.CONFIG).write_bytes(config)
    asked.write(work)
    _run(work, name, limit, cancel or threading.Event())
    problem = job.read_problem(work)
    if problem is not None:
        raise problem
    return facts.read(work / job.FACTS)


def _request(root: str, expectations: Expectations) -> job.Job:
    asked = request_for(expectations, second_boot=False)
    return job.Job(root, asked.paths, asked.trees, asked.units, asked.users)


def _root(image: Path | None) -> Path:
    """An absolute path of a folder or of a tar archive. Failure IGN8601 for anything else."""
    if image is None:
        return target_root().absolute()
    place = image.absolute()
    try:
        if place.is_dir():
            if not (place / "etc").is_dir():
                raise _no_root(image, "is not the root of a system: it has no folder etc")
            return place
        if _is_archive(place):
            return place
    except OSError as error:
        raise Failure("IGN8601", f"cannot read {image}: {error.strerror}") from error
    raise _no_root(image, "is neither a folder nor a tar archive")


def _is_archive(place: Path) -> bool:
    """Whether tar can read it. To tarfile a disk that starts with zeros is an empty archive."""
    with place.open("rb") as file:
        if file.read(4) == ZSTD:
            return True
    try:
        with tarfile.open(place) as archive:
            return archive.next() is not None
    except tarfile.TarError:
        return False


def _no_root(image: Path, why: str) -> Failure:
    return Failure(
        "IGN8601",
        f"{image} {why}",
        hint="the apply tier needs the root of a system as a folder or a tar archive; "
        "a disk image can only be booted, with --tier boot",
    )


def _check_place(work: Path) -> None:
    for hidden in ("/dev", "/run", "/proc", "/sys"):
        if work.resolve().is_relative_to(hidden):
            raise Failure(
                "IGN8603",
                f"the apply tier cannot use a folder below {hidden}",
                hint="choose another folder for artefacts, or set IGNITION_BUILD_DIR",
            )


def _run(work: Path, name: str, limit: float, cancel: threading.Event) -> None:
    """Runs the child process to its end. When standard input ends, it ends, and with it all its processes."""
    for old in (job.PROBLEM, job.FACTS, job.LOG):
        (work / old).unlink(missing_ok=True)
    shutil.rmtree(work / job.SCRATCH, ignore_errors=True)
    end = time.monotonic() + limit
    with (work / "child.log").open("wb") as log:
        child = subprocess.Popen(
            namespace.command(work),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=namespace.environment(),
            start_new_session=True,
        )
    try:
        while child.poll() is None:
            if cancel.wait(0.02):
                raise Interrupted("IGN8607", f"{name} was not applied: the run was interrupted")
            if time.monotonic() > end:
                raise TimedOut(
                    "IGN8606",
                    f"{name} was not applied within {limit:.0f} s: it is in {_phase(work / job.LOG)}",
                    hint=f"{job.LOG} says what the engine was waiting for",
                )
    finally:
        _end(child)
        shutil.rmtree(work / job.SCRATCH, ignore_errors=True)
    if child.returncode != 0 and not (work / job.PROBLEM).exists():
        raise Failure(
            "IGN8605",
            f"the child process of the apply tier ended with status {child.returncode}: "
            f"{_last_line(work / 'child.log')}",
        )


def _phase(log: Path) -> str:
    """The phase that the engine began last."""
    text = log.read_text(errors="replace") if log.exists() else ""
    stages = [line for line in text.splitlines() if ": Stage: " in line]
    return f"phase {stages[-1].rpartition(' ')[2]}" if stages else "the start of the engine"


def _end(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
