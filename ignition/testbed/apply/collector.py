# SPDX-License-Identifier: Apache-2.0
"""Collects the facts of an applied root, in the child process, as one JSON document.

What only a running machine knows (mounts, disks, ports, the journal, whether a unit is active) is not in it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ignition.base.errors import Failure
from ignition.testbed.apply import job

KINDS = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISLNK, "link"),
    (stat.S_ISBLK, "block"),
    (stat.S_ISCHR, "character"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"),
)
LARGE = 16 << 20
"""Bytes; of a larger file only the digest is reported."""
RESULT = "/etc/.ignition-result.json"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
VOLATILE = ("/dev/", "/proc/", "/run/", "/sys/", "/tmp/", "/var/run/")
ACCOUNTS = {"passwd": "/etc/passwd", "group": "/etc/group", "shadow": "/etc/shadow"}


def write(
    asked: job.Job,
    root: Path,
    run: Path,
    folder: Path,
    *,
    provisioned: bool,
    unknown: Collection[str] = (),
) -> None:
    """Writes the facts into `folder`; nothing on `unknown` paths. `run` is the engine's run directory.

    A child process changes its root to `root`, so that links lead where they lead in the machine.
    """
    engine = {
        "provisioned": provisioned,
        "failure": _text(run / "failure").replace(str(root), job.SYSROOT),
        "engine": json.loads(_text(run / "report.json").replace(str(root), job.SYSROOT) or "[]"),
    }
    target = os.open(folder / job.FACTS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.chroot(root)
            os.chdir("/")
            with os.fdopen(target, "w") as file:
                json.dump({**engine, **_facts(asked, unknown)}, file)
            status = 0
        finally:
            os._exit(status)
    os.close(target)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise Failure("IGN8605", "the facts of the applied root could not be collected")


def _facts(asked: job.Job, unknown: Collection[str]) -> dict[str, Any]:
    """What the root alone decides. This process sees it as `/`."""
    accounts = {name: _text(Path(path)) for name, path in ACCOUNTS.items()}
    paths = list(asked.paths)
    for home in _homes(accounts["passwd"], asked.users):
        paths += [f"{home}/.ssh/authorized_keys", f"{home}/.ssh/authorized_keys.d"]
    decided = [path for path in paths if not _is_volatile(path) and path not in unknown]
    folders = [path for path in decided if path.endswith("/authorized_keys.d")]
    found = dict(_nodes(decided, [*asked.trees, *folders]))
    return {
        **accounts,
        "files": [_record(path, status) for path, status in found.items()],
        "missing": [path for path in decided if path not in found],
        "units": _units(asked.units),
        "result": _text(Path(RESULT)),
    }


def _is_volatile(path: str) -> bool:
    """Whether a boot mounts something over it, so that what is there now tells nothing."""
    return f"{os.path.normpath(path)}/".startswith(VOLATILE)


def _text(path: Path) -> str:
    """The text of a file, "" if it is none."""
    try:
        return path.read_bytes().decode(errors="surrogateescape") if path.is_file() else ""
    except OSError:
        return ""


def _homes(passwd: str, users: Iterable[str]) -> list[str]:
    rows = [line.split(":") for line in passwd.splitlines()]
    return [row[5].rstrip("/") for row in rows if len(row) > 5 and row[0] in users]


def _nodes(paths: Iterable[str], trees: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
    for path in (*paths, *(path for top in trees for path in _below(top))):
        try:
            yield path, os.lstat(path)
        except OSError:
            continue


def _below(top: str) -> Iterator[str]:
    yield top
    for folder, folders, names in os.walk(top):
        for name in sorted([*folders, *names]):
            yield os.path.join(folder, name)


def _record(path: str, status: os.stat_result) -> dict[str, Any]:
    kind = next((name for test, name in KINDS if test(status.st_mode)), "unknown")
    return {
        "path": path,
        "kind": kind,
        "mode": stat.S_IMODE(status.st_mode),
        "uid": status.st_uid,
        "gid": status.st_gid,
        "size": status.st_size,
        "inode": status.st_ino,
        "mtime": f"{status.st_mtime_ns // 10**9}.{status.st_mtime_ns % 10**9:09}",
        "filesystem": str(status.st_dev),
        **({"target": os.readlink(path)} if kind == "link" else {}),
        **(_content(path, status.st_size) if kind == "file" else {}),
    }


def _content(path: str, size: int) -> dict[str, Any]:
    with open(path, "rb") as file:
        if size > LARGE:
            return {"whole": False, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
        return {"data": base64.b64encode(file.read()).decode()}


def _units(names: Iterable[str]) -> dict[str, Mapping[str, str]] | None:
    """None if the root has no systemctl, which knows what is enabled."""
    if shutil.which("systemctl", path=PATH) is None:
        return None
    return {name: _unit(name) for name in names}


def _unit(name: str) -> Mapping[str, str]:
    """The properties of `systemctl show` that the files of a unit decide."""
    done = subprocess.run(
        ["systemctl", "--root=/", "is-enabled", "--", name],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={"PATH": PATH, "LC_ALL": "C.UTF-8"},
    )
    state = done.stdout.decode(errors="replace").strip()
    load = "not-found" if not state else "masked" if state.startswith("masked") else "loaded"
    return {"Id": name, "LoadState": load, "UnitFileState": state}
