# SPDX-License-Identifier: Apache-2.0
"""The folder with all about the cases that did not pass: one folder per case."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ignition.base.errors import Failure
from ignition.base.printable import printable, printable_lines
from ignition.testbed.cache import build_folder
from ignition.testbed.formats import FORMATS
from ignition.testbed.report import Report, message
from ignition.testbed.results import CaseResult, Check, RunResult, Status

MARK = ".ignition-test"
"""In each folder that belongs to a case; the next run removes such folders and nothing else."""
QEMU_SCRIPT = "qemu.sh"


@dataclass(frozen=True)
class Evidence:
    """What one boot left: its console, its report, and the command that started QEMU."""

    console: str
    report: Report
    command: str = ""


@dataclass(frozen=True)
class Artefacts:
    """The artefact folder of one run. It comes into being with the first case that is kept."""

    folder: Path

    def case_folder(self, name: str) -> Path:
        """A new folder for a case. Failure (IGN8404) if it cannot be made, or exists and is no artefact."""
        folder = self.folder / _file_name(name)
        try:
            if folder.exists() and not (folder / MARK).exists():
                raise Failure(
                    "IGN8404",
                    f"cannot keep artefacts in {folder}: it exists, and no run of ignition test made it",
                    hint="choose another folder with --artefacts",
                )
            folder.mkdir(parents=True, exist_ok=True)
            (folder / MARK).touch()
        except OSError as error:
            raise _unwritable(folder, error) from error
        return folder

    def keep(
        self,
        result: CaseResult,
        boots: Sequence[Evidence],
        config: bytes = b"",
        expectations: str = "",
    ) -> CaseResult:
        """Writes everything about a case; returns the result with its folder."""
        folder = self.case_folder(result.name)
        result = replace(result, artefacts=folder)
        try:
            for number, boot in enumerate(boots, 1):
                _write_boot(folder, boot, "" if number == 1 else f"-{number}")
            _write(folder / "expected-against-found.txt", comparison(result))
            _write(folder / "repeat.sh", f"{result.repeat}\n" if result.repeat else "")
            _write(folder / "config.ign", config)
            _write(folder / "expectations.yaml", expectations)
            run = RunResult((result,), 0.0, result.seconds)
            _write(folder / "report.json", FORMATS["json"](run))
        except OSError as error:
            raise _unwritable(folder, error) from error
        return result


@contextmanager
def open_artefacts(folder: Path) -> Iterator[Artefacts]:
    """The artefact folder for one run, which no other run can use meanwhile: Failure IGN8403.

    What earlier runs kept is removed, other files stay.
    """
    with _locked(folder):
        for former in sorted(folder.iterdir()) if folder.is_dir() else ():
            if (former / MARK).is_file():
                shutil.rmtree(former, ignore_errors=True)
        yield Artefacts(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The lock is elsewhere, so that a run without failures leaves nothing in the current folder."""
    name = hashlib.sha256(os.fsencode(folder.absolute().resolve())).hexdigest()[:16]
    lock = build_folder() / "locks" / name
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(
                "IGN8403",
                f"another run of ignition test uses the folder {folder}",
                hint="wait for it, or give this run a folder of its own with --artefacts",
            ) from None
        yield


def _unwritable(folder: Path, error: OSError) -> Failure:
    return Failure(
        "IGN8404",
        f"cannot keep artefacts in {folder}: {error.strerror or error}",
        hint="choose another folder with --artefacts, with free space",
        cause=error,
    )


def _file_name(name: str) -> str:
    """A file name for a case: `configs-web.ign-aws`."""
    plain = re.sub(r"[^\w.+=@-]+", "-", name).strip("-.")
    if len(plain) <= 100 and plain:
        return plain
    return f"{plain[:80]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"


def _write(path: Path, content: str | bytes) -> None:
    """Writes a file unless it would be empty."""
    if content:
        data = (
            content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
        )
        path.write_bytes(data)


def _write_boot(folder: Path, boot: Evidence, suffix: str) -> None:
    _write(folder / f"console{suffix}.log", boot.console)
    _write(folder / QEMU_SCRIPT, boot.command)
    journal = boot.report.journal or []
    lines = (json.dumps(entry, ensure_ascii=False) for entry in journal)
    _write(folder / f"journal{suffix}.json", "".join(f"{line}\n" for line in lines))
    _write(folder / f"journal{suffix}.txt", journal_text(journal))


def journal_text(journal: Sequence[dict[str, object]]) -> str:
    """The journal as `journalctl -o short-monotonic` prints it."""
    return "".join(
        f"[{int(str(entry.get('__MONOTONIC_TIMESTAMP', 0))) / 1e6:12.6f}]"
        f" {printable(str(entry.get('SYSLOG_IDENTIFIER') or entry.get('_COMM') or 'unknown'))}"
        f"{pid}: {printable_lines(message(entry))}\n"
        for entry in journal
        for pid in [f"[{entry['_PID']}]" if entry.get("_PID") else ""]
    )


def comparison(result: CaseResult) -> str:
    """What was expected and what was found, failed checks first."""
    order = (Status.FAILED, Status.NOT_DECIDED, Status.PASSED)
    blocks = []
    for status in order:
        for check in result.checks:
            if check.status is status:
                blocks.append(_check_text(check))
    return "\n".join(blocks)


def _check_text(check: Check) -> str:
    what = f"{check.subject}: {check.prop}" if check.prop else check.subject
    lines = [f"{check.status.value.upper():12} {printable(what)}  ({check.place})"]
    if check.reason:
        lines.append(f"  reason    {printable(check.reason)}")
    if check.status is not Status.PASSED:
        lines.append(f"  expected  {printable(check.expected)}")
        lines.append(f"  found     {printable(check.found)}")
    lines += [f"    {line}" for line in printable_lines(check.detail).splitlines()]
    return "".join(f"{line}\n" for line in lines)
