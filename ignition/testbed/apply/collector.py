# SPDX-License-Identifier: Apache-2.0
"""Collects the facts of an applied root into an archive of the form that the guest's reporter sends.

What only a running machine knows (mounts, disks, ports, the journal, whether a unit is active) has no part in
the archive, so that it is reported as not decided.
"""

from __future__ import annotations

import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed.apply import job

KINDS = (
    (stat.S_ISREG, "f"),
    (stat.S_ISDIR, "d"),
    (stat.S_ISLNK, "l"),
    (stat.S_ISBLK, "b"),
    (stat.S_ISCHR, "c"),
    (stat.S_ISFIFO, "p"),
    (stat.S_ISSOCK, "s"),
)
"""The letters of find's %y."""
RESULT = "/etc/.ignition-result.json"
ACCOUNTS = {"passwd": "/etc/passwd", "group": "/etc/group", "shadow": "/etc/shadow"}


def write(asked: job.Job, root: Path, run: Path, folder: Path, *, provisioned: bool) -> None:
    """Writes the archive into `folder`. `run` is the engine's run directory.

    A child process changes its root to `root`, so that links lead where they lead in the machine.
    """
    parts = {
        name: (run / name).read_bytes()
        for name in ("failure", "report.json")
        if (run / name).is_file()
    }
    parts["state"] = b"applied\n" if provisioned else b"emergency\n"
    archive = os.open(folder / job.ARCHIVE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.chroot(root)
            os.chdir("/")
            with os.fdopen(archive, "wb") as file:
                _write_parts(file, {**parts, **_facts(asked)})
            status = 0
        finally:
            os._exit(status)
    os.close(archive)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise Failure("IGN8605", "the facts of the applied root could not be collected")


def _write_parts(file: io.BufferedWriter, parts: dict[str, bytes]) -> None:
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, body in {**parts, "complete": b""}.items():
            _add(tar, name, body)


def _add(tar: tarfile.TarFile, name: str, body: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(body)
    tar.addfile(entry, io.BytesIO(body))


def _facts(asked: job.Job) -> dict[str, bytes]:
    """The parts that the root alone decides. This process sees it as `/`."""
    found = dict(_nodes(asked.paths, asked.trees))
    parts = {
        "facts": b"".join(_record(path, status) for path, status in found.items()),
        "bodies.tar": _bodies(path for path, status in found.items() if stat.S_ISREG(status.st_mode)),
        "units": b"".join(_unit(name) for name in asked.units),
    }
    for name, path in {**ACCOUNTS, "result.json": RESULT}.items():
        if os.path.isfile(path):
            parts[name] = Path(path).read_bytes()
    return parts


def _nodes(paths: Iterable[str], trees: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
    for path in paths:
        status = _lstat(path)
        if status is not None:
            yield path, status
    for top in trees:
        status = _lstat(top)
        if status is not None:
            yield top, status
        for folder, folders, names in os.walk(top):
            for name in sorted([*folders, *names]):
                path = os.path.join(folder, name)
                status = _lstat(path)
                if status is not None:
                    yield path, status


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _record(path: str, status: os.stat_result) -> bytes:
    """A line of find with the reporter's format."""
    kind = next((letter for test, letter in KINDS if test(status.st_mode)), "?")
    target = os.readlink(path) if kind == "l" else ""
    words = (
        f"{kind} {stat.S_IMODE(status.st_mode):o} {status.st_uid} {status.st_gid} {status.st_size} "
        f"{status.st_ino} {status.st_mtime_ns / 1e9:.9f}\t"
    )
    return words.encode() + os.fsencode(target) + b"\t" + os.fsencode(path) + b"\0"


def _bodies(paths: Iterable[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=True) as tar:
        for path in paths:
            _add(tar, path.lstrip("/"), Path(path).read_bytes())
    return buffer.getvalue()


def _unit(name: str) -> bytes:
    """The properties of a unit that its files decide, as `systemctl show` prints them."""
    done = subprocess.run(
        ["systemctl", "--root=/", "is-enabled", "--", name],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
    )
    state = done.stdout.decode(errors="replace").strip()
    load = "not-found" if not state else "masked" if state.startswith("masked") else "loaded"
    return f"Id={name}\nLoadState={load}\nUnitFileState={state}\n\n".encode()
