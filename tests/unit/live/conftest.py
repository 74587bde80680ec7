# SPDX-License-Identifier: Apache-2.0
"""Roots of systems without programs: the host's make the accounts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ignition.base import entrypoint
from ignition.cli import apply
from tests.support.skeleton import TABLES

CHECKOUT = Path(__file__).parents[3]
SETTINGS = {"ignition": {"version": "3.4.0"}}


def make_root(path: Path) -> Path:
    """A root with account tables and /etc/hosts."""
    (path / "usr/bin").mkdir(parents=True)
    (path / "home").mkdir()
    for name, text in TABLES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    (path / "etc/hosts").write_text("127.0.0.1 localhost\n")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root")


class Command:
    """`ignition apply` in this process, on one root. `output` is what it printed, `status` how it ended."""

    def __init__(self, folder: Path, root: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.root = root
        self._capfd = capfd
        self.status = -1
        self.output = ""

    def config(self, name: str, **sections: Any) -> Path:
        path = self.folder / name
        path.write_text(json.dumps({**SETTINGS, **sections}))
        return path

    def __call__(self, *words: str | Path, root: str | Path | None = None) -> int:
        args = ["--root", str(self.root if root is None else root), *map(str, words)]
        self._capfd.readouterr()
        self.status = entrypoint.run("ignition", lambda: apply.main(args))
        self.output = "".join(self._capfd.readouterr())
        return self.status

    def files(self, *files: dict[str, Any], flags: tuple[str, ...] = ()) -> int:
        """Applies a config with these files."""
        return self(*flags, self.config("files.ign", storage={"files": list(files)}))


@pytest.fixture
def command(
    tmp_path: Path, root: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    if os.geteuid() != 0:
        pytest.skip("takes root, so that this process is the one that applies")
    monkeypatch.setenv("PATH", os.environ["PATH"])  # restored afterwards
    return Command(tmp_path, root, capfd)


def snapshot(root: Path) -> dict[str, tuple[object, ...]]:
    """Path -> everything about it that a change would show, times and inode too."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [root, *root.rglob("*")]:
        status = path.lstat()
        data: object = None
        if path.is_symlink():
            data = os.readlink(path)
        elif path.is_file():
            data = path.read_bytes()
        facts = (status.st_mode, status.st_uid, status.st_gid, status.st_ino, status.st_mtime_ns)
        found[str(path.relative_to(root))] = (
            *facts,
            data,
            tuple(os.listxattr(path, follow_symlinks=False)),
        )
    return found
