# SPDX-License-Identifier: Apache-2.0
"""Runs a module of the testbed as root of a user namespace, for what an ordinary user may not do.

Root in there is the user outside; other accounts are the user's subordinate ids (/etc/subuid). Files in a
root folder that was built so belong to these ids, so the folder is of use in the same namespace only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ignition.base.errors import Failure
from ignition.live import namespace
from ignition.testbed.programs import SBIN, run_logged, started

ENTER = (
    *namespace.AS_ROOT,
    *("--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
)
OWN_MOUNTS = ("unshare", "--mount", "--fork", "--kill-child")
PROBE = (
    "mount -t tmpfs tmpfs /mnt && mkdir /mnt/a /mnt/b /mnt/c /mnt/d && touch /mnt/a/x"
    " && mount -t overlay -o lowerdir=/mnt/a,upperdir=/mnt/b,workdir=/mnt/c overlay /mnt/d"
    " && chown 1:65534 /mnt/d/x"
)
"""What builds do besides running programs."""


def outer_uid() -> int:
    """The id that this process has outside of its user namespace."""
    uid = os.geteuid()
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        inner, outer, count = map(int, line.split())
        if inner <= uid < inner + count:
            return outer + uid - inner
    return uid


def run_with_mounts(argv: Sequence[str | Path], log: Path, **environ: str) -> None:
    """Runs a program, as root, whose mounts only it sees. Failure (IGN8003) if this root may not mount."""
    probe = namespace.refusal(OWN_MOUNTS, _environ())
    if probe is not None:
        raise Failure(
            "IGN8003",
            f"building the image takes a root that may mount: {probe}",
            hint="run the container with --privileged, or run this as an ordinary user",
        )
    run_logged([*OWN_MOUNTS, *argv], log, environ=environ)


def run_module(module: str, *args: str) -> None:
    """Runs `python -m module args…` as root of a new namespace; its failure is raised here.

    Failure (IGN8003) lists what is missing on this machine if there can be no such namespace.
    """
    probe = namespace.refusal([*ENTER, "sh", "-ec", PROBE], _environ())
    if probe is not None:
        raise namespace.unavailable("IGN8003", "building the image", probe, "or run this as root")
    _run([module, *args])


def _run(module: list[str]) -> None:
    argv = [*ENTER, sys.executable, "-m", *module]
    with started(argv, subprocess.PIPE, None, environ=_environ()) as child:
        answer = child.communicate()[0].decode()
    if child.returncode != 0:
        raise _failure(answer, child.returncode)


def print_failure(failure: Failure) -> None:
    """Passes a failure to the process outside, which called run_module."""
    print(json.dumps([failure.code, failure.text, failure.hint]), flush=True)


def _failure(answer: str, status: int) -> Failure:
    try:
        code, text, hint = json.loads(answer.splitlines()[-1])
    except (ValueError, IndexError):
        return Failure("IGN8002", f"the build in a user namespace ended with status {status}")
    return Failure(code, text, hint=hint)


def _environ() -> dict[str, str]:
    package = str(Path(__file__).parents[2])
    former = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":" + SBIN,
        "PYTHONPATH": f"{package}:{former}" if former else package,
    }
