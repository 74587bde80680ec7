# SPDX-License-Identifier: Apache-2.0
"""A fake machine in a temporary directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.resource.context import FetchContext


class Machine:
    """Settings with paths below a directory, and the recorded output. Sleeps only advance the clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.progress: list[str] = []
        self.now = 0.0
        self.settings = Settings()
        self.settings.kernel_cmdline_path = str(folder / "cmdline")
        self.settings.fw_cfg_dir = str(folder / "fw_cfg")
        self.settings.disk_by_label_dir = str(folder / "by-label")
        self.settings.run_dir = str(folder / "run")
        self.settings.config_file = str(folder / "config.ign")
        run, etc, usr = (str(folder / name) for name in ("run", "etc", "usr"))
        self.settings.system_config_dirs = (run, etc, usr)
        self.cmdline("")

    def cmdline(self, text: str) -> None:
        (self.folder / "cmdline").write_text(text + "\n")

    def write(self, path: str, data: bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def context(self, *, offline: bool = False) -> FetchContext:
        log = Log(lambda _, text: self.lines.append(text))
        ctx = FetchContext(self.settings, log, offline=offline, progress=self.progress.append)
        ctx.clock = lambda: self.now
        ctx.sleep = self._sleep
        return ctx

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def attach(self, label: str, files: dict[str, bytes]) -> None:
        """Attaches a drive: a directory whose files the fake `mount` copies to the mount point."""
        drives = self.folder / "drives"
        (drives / label).mkdir(parents=True)
        for path, data in files.items():
            self.write(f"drives/{label}{path}", data)
        self.write(f"by-label/{label}", b"")
        self.program("mount", f'cp -r {drives}/"$(basename "$5")"/. "$6"')
        self.program("umount", 'rm -rf "$1"/*')

    def program(self, name: str, script: str) -> None:
        """Replaces a program by a shell script."""
        path = self.folder / f"bin-{name}"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        self.settings.programs[name] = str(path)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)
