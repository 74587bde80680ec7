# SPDX-License-Identifier: Apache-2.0
"""How the apply tier's child process starts: in namespaces of its own, with or without root.

Without root it is root in a user namespace, with the ids of /etc/subuid and /etc/subgid.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed.programs import need

PACKAGE = Path(__file__).resolve().parents[3]
"""The folder that contains the package `ignition`."""
AS_ROOT = ("unshare", "--mount", "--ipc", "--pid", "--fork", "--kill-child")
AS_USER = ("unshare", "--user", "--map-auto", "--map-root-user", *AS_ROOT[1:])


def command(folder: Path) -> list[str]:
    """The command that applies the job in `folder`. Failure IGN8001 or IGN8602 naming what is missing."""
    need("unshare", "chroot")
    child = [sys.executable, "-m", "ignition.testbed.apply.inside", str(folder)]
    if os.geteuid() == 0:
        return [*AS_ROOT, *child]
    _check_user_namespace()
    return [*AS_USER, *child]


def environment() -> dict[str, str]:
    """The child's environment: the same package, the same proxies, no settings of an engine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("IGNITION_", "PYTHON"))
    }
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([str(PACKAGE), *filter(None, [_python_path()])]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin",
    }


def _python_path() -> str:
    return os.environ.get("PYTHONPATH", "")


def _check_user_namespace() -> None:
    """Failure IGN8602 if a user without root cannot have a user namespace with many ids."""
    need("newuidmap")
    user = pwd.getpwuid(os.geteuid()).pw_name
    for file in ("/etc/subuid", "/etc/subgid"):
        if not _has_range(Path(file), user):
            raise Failure(
                "IGN8602",
                f"{file} has no ids for {user}, which the apply tier needs without root",
                hint=f"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}, as root",
            )
    probe = subprocess.run(
        [*AS_USER, shutil.which("true") or "true"], stdin=subprocess.DEVNULL, capture_output=True
    )
    if probe.returncode != 0:
        why = probe.stderr.decode(errors="replace").strip()
        raise Failure(
            "IGN8602",
            f"this machine refuses user namespaces, which the apply tier needs without root: {why}",
            hint="allow them (user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns), "
            "run the command as root, or use --tier boot",
        )


def _has_range(file: Path, user: str) -> bool:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return False
    return any(line.split(":")[0] in (user, str(os.geteuid())) for line in lines)
