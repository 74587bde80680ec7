# SPDX-License-Identifier: Apache-2.0
"""Runs phases on a directory as target root, in this process or in a child with resource limits."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from ignition.base import entrypoint
from ignition.engine.main import run
from tests.support.settings import settings_below

V = {"version": "3.6.0"}
HELLO = {"path": "/etc/hello", "contents": {"source": "data:,hi"}}


class Target:
    """A target root and all files of the engine, below one temporary directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.root.mkdir(exist_ok=True)
        self.settings = settings = settings_below(folder)
        settings.kernel_cmdline_path = str(folder / "cmdline")
        settings.system_config_dirs = (f"{folder}/r", f"{folder}/l", f"{folder}/v")
        settings.selinux_relabel = False
        (folder / "cmdline").write_text("")

    def config(self, value: dict[str, Any] | str) -> None:
        text = value if isinstance(value, str) else json.dumps({"ignition": V, **value})
        (self.folder / "config.ign").write_text(text)

    def run(self, *phases: str) -> int:
        return run(list(phases), self.settings)

    def run_file(self, name: str) -> Path:
        return self.folder / "run" / name

    def codes(self) -> list[str]:
        """The codes of the failures of the last phase."""
        phase = json.loads(self.run_file("report.json").read_text())[-1]
        return [failure["code"] for failure in phase["failures"]]

    def temporary_files(self) -> list[str]:
        """Temporary files that the engine left behind."""
        return [str(path) for path in self.folder.rglob(".*") if _is_temporary(path.name)]

    def child(self, *phases: str, limit: str = "") -> subprocess.Popen[str]:
        """Runs phases in a child process. `limit` is `NAME=VALUE` of setrlimit; a value that begins
        with + counts from what the process has when it is about to begin."""
        args = [sys.executable, "-m", "tests.unit.engine.target", str(self.folder), limit, *phases]
        return subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _is_temporary(name: str) -> bool:
    return name.startswith(".ignition-tmp-") or (name.startswith(".") and name[-1:].isdigit())


def _set_limit(text: str) -> None:
    name, _, value = text.partition("=")
    number = int(value)
    if value.startswith("+"):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        number += pages * resource.getpagesize()
    resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (number, number))


if __name__ == "__main__":
    target = Target(Path(sys.argv[1]))
    if sys.argv[2]:
        _set_limit(sys.argv[2])
    sys.exit(entrypoint.run("ignition", lambda: target.run(*sys.argv[3:])))
