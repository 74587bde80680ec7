# SPDX-License-Identifier: Apache-2.0
"""Runs programs on the developer's machine. Their output is kept for the failure message."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ignition.base.errors import CommandFailed, Failure

PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "grub-mkrescue": "grub-common grub-pc-bin xorriso mtools",
    "xorriso": "xorriso",
    "mformat": "mtools",
    "mcopy": "mtools",
    "sfdisk": "fdisk",
    "blkid": "util-linux",
    "mkfs.vfat": "dosfstools",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "linux.uml": "user-mode-linux",
    "unshare": "util-linux",
    "make": "make",
}
"""Program -> the Debian packages that contain it."""

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
GRACE_SECONDS = 10
"""How long an interrupted program may take to clean up."""


def need(*programs: str) -> None:
    """Failure (IGN8001) if a program is not installed; the hint names the packages."""
    missing = [name for name in programs if shutil.which(name, path=_path()) is None]
    if missing:
        packages = sorted({one for name in missing for one in PACKAGES.get(name, name).split()})
        raise Failure(
            "IGN8001",
            f"cannot find {', '.join(missing)}",
            hint=f"apt-get install {' '.join(packages)}",
        )


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> str:
    """The standard output of a program. CommandFailed (IGN8002) if it fails.

    An exception while it runs, such as KeyboardInterrupt, ends it and all that it started.
    """
    args = [str(arg) for arg in argv]
    pipe = subprocess.PIPE
    with started(args, pipe, pipe, cwd=cwd, environ=environ) as process:
        stdout, stderr = (text.decode(errors="replace") for text in process.communicate())
    if process.returncode != 0:
        raise _failed(args, process.returncode, stdout, stderr)
    return stdout


def run_logged(
    argv: Sequence[str | Path],
    log: Path,
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Runs a program that takes long. Its output is appended to `log` as it comes; otherwise like `run`."""
    args = [str(arg) for arg in argv]
    with log.open("ab") as output:
        start = output.tell()
        with started(args, output, subprocess.STDOUT, cwd=cwd, environ=environ) as process:
            process.wait()
    if process.returncode != 0:
        text = log.read_bytes()[start:].decode(errors="replace")
        raise _failed(args, process.returncode, "", text)


def _failed(args: Sequence[str], status: int, stdout: str, stderr: str) -> CommandFailed:
    tail = "\n".join((stdout + stderr).splitlines()[-25:])
    return CommandFailed(
        "IGN8002",
        f"{args[0]} failed with status {status}:\n{tail}",
        status=status,
        stdout=stdout,
        stderr=stderr,
    )


_running: set[subprocess.Popen[bytes]] = set()


@contextmanager
def started(
    args: Sequence[str],
    stdout: int | IO[Any],
    stderr: int | None,
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """The program in a process group of its own, so that Ctrl-C reaches it through this process only.

    It ends with all that it started if the block raises an exception, or another thread calls `end_all`.
    """
    process = subprocess.Popen(
        args,
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(environ or {}), "PATH": _path()},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        process_group=0,
    )
    _running.add(process)
    try:
        yield process
    except BaseException:
        end_group(process)
        raise
    finally:
        _running.discard(process)


def end_all() -> None:
    """Ends all programs that run now, in other threads: what waits for them fails with IGN8002."""
    for process in list(_running):
        end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and all that it started, by force after GRACE_SECONDS."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    process.wait()


def _path() -> str:
    """PATH with the sbin folders, which an ordinary user's PATH on Debian lacks."""
    return os.environ.get("PATH", "/usr/bin:/bin") + ":" + SBIN
