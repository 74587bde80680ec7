# SPDX-License-Identifier: Apache-2.0
"""A target root in a temporary folder, and a runner for the files phase."""

from __future__ import annotations

import os
import stat
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ignition.base import gojson
from ignition.base.log import CRITICAL, Log
from ignition.base.settings import FILES, Settings
from ignition.base.state import State
from ignition.config.model import Config
from ignition.engine import executor, plan, soundness
from ignition.engine.context import PhaseContext
from ignition.engine.phases import PHASES, has_work
from ignition.engine.view import View

STAGES = ("prepare", "users", "files", "units", "luks.records", "finish")


def data_url(text: str) -> str:
    return "data:," + quote(text)


class Target:
    """A machine: its root, its settings, and the log of the last run."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.settings = Settings()
        self.settings.root = str(self.root)
        self.settings.config_cache = str(folder / "run" / "ignition.json")
        self.settings.run_dir = str(folder / "run")
        Path(self.settings.run_dir).mkdir()
        self.state = State()
        self.log: list[str] = []
        self.critical: list[str] = []
        self.plan: list[str] = []
        self.view = View(-1, colour=False)

    def run(self, config: dict[str, Any], *stages: str) -> list[str]:
        """Runs stages of the files phase, by default `files`. Returns the summaries of their steps."""
        names = stages or ("files",)
        Path(self.settings.config_cache).write_text(gojson.dumps(config))
        self.log, self.critical = [], []
        log = Log(self._log)
        context = PhaseContext(
            self.settings,
            log,
            self.state,
            {"": ["config.ign", ""]},
        )
        planners = [
            (prefix, getattr(import_module(f"ignition.stages.{name}"), function))
            for prefix, name, function in PHASES[FILES]
            if name in names and has_work(name, config)
            # A step after the result file.
            if function != "plan_ready" or "finish" in names
        ]
        soundness.check(Config(config), context)
        nodes = plan.build(planners, Config(config), context)
        self.plan = [node.step.summary for node in nodes]
        executor.run(nodes, context, self.view).check()
        return self.plan

    def _log(self, level: int, text: str) -> None:
        self.log.append(text)
        if level <= CRITICAL:
            self.critical.append(text)

    def storage(self, **lists: list[dict[str, Any]]) -> list[str]:
        """Applies files, directories and links, as written in a config."""
        return self.run({"storage": lists})

    def file(self, path: str, text: str | None = None, **more: Any) -> list[str]:
        """Applies one file; `text` becomes a data URL."""
        contents = {} if text is None else {"contents": {"source": data_url(text)}}
        return self.storage(files=[{"path": path, **contents, **more}])

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def put(
        self, path: str, text: str = "", mode: int = 0o644, owner: tuple[int, int] = (0, 0)
    ) -> Path:
        """Creates a file in the root."""
        file = self.at(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.chown(file, *owner)
        file.chmod(mode)
        return file

    def folder(self, path: str, mode: int = 0o755, owner: tuple[int, int] = (0, 0)) -> Path:
        folder = self.at(path)
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, *owner)
        folder.chmod(mode)
        return folder

    def link(self, path: str, text: str, owner: tuple[int, int] = (0, 0)) -> Path:
        link = self.at(path)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(text)
        os.chown(link, *owner, follow_symlinks=False)
        return link

    def mode(self, path: str) -> int:
        return stat.S_IMODE(self.at(path).lstat().st_mode)

    def owner(self, path: str) -> tuple[int, int]:
        found = self.at(path).lstat()
        return found.st_uid, found.st_gid

    def tree(self) -> dict[str, tuple[int, int, int, str]]:
        """Everything in the root but the notes of the run: mode with type, owner, contents or link text."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                path = Path(folder) / name
                if name == ".ignition-journal":
                    continue
                info = path.lstat()
                body = ""
                if path.is_symlink():
                    body = str(path.readlink())
                elif path.is_file():
                    body = path.read_bytes().decode("latin-1")
                found[str(path.relative_to(self.root))] = (
                    info.st_mode,
                    info.st_uid,
                    info.st_gid,
                    body,
                )
        return found


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """An empty target root; the test is skipped unless it runs as root."""
    if os.geteuid() != 0:
        pytest.skip("provisioning sets owners, which takes root")
    return Target(tmp_path)
