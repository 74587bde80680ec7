# SPDX-License-Identifier: Apache-2.0
"""How the apply tier's child process starts: in namespaces of its own, with or without root.

Without root it is root in a user namespace, with the ids of /etc/subuid and /etc/subgid.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ignition.base.errors import Failure
from ignition.live import namespace
from ignition.testbed.programs import SBIN, need

PACKAGE = Path(__file__).resolve().parents[3]
"""The folder that contains the package `ignition`."""
AS_ROOT = ("unshare", "--mount", "--ipc", "--pid", "--fork", "--kill-child")
AS_USER = (*namespace.AS_ROOT, *AS_ROOT[1:])


def command(folder: Path) -> list[str]:
    """The command that applies the job in `folder`. Failure IGN8001 or IGN8602 naming what is missing."""
    need("unshare", "chroot")
    child = [sys.executable, "-m", "ignition.testbed.apply.inside", str(folder)]
    enter = AS_ROOT if os.geteuid() == 0 else AS_USER
    _check(enter)
    return [*enter, *child]


def environment() -> dict[str, str]:
    """The child's environment: the same package, the same proxies, no settings of an engine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("IGNITION_", "PYTHON"))
    }
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([str(PACKAGE), *_python_path()]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": f"{os.environ.get('PATH', os.defpath)}:{SBIN}",
    }


def _python_path() -> list[str]:
    """The parent's own, as absolute paths: the child has another working directory."""
    return [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(":") if path]


def _check(enter: Sequence[str]) -> None:
    """Failure IGN8602, with all that is missing, if there can be no such namespaces."""
    message = namespace.refusal(enter, environment())
    if message is None:
        return
    if os.geteuid() == 0:
        raise Failure(
            "IGN8602",
            f"the apply tier takes a root that may mount: {message}",
            hint="run the container with --privileged, or use --tier boot, which needs no rights",
        )
    raise namespace.unavailable(
        "IGN8602", "the apply tier", message, "or run it as root, or use --tier boot"
    )
