# SPDX-License-Identifier: Apache-2.0
"""A write that did not reach the disk is never reported as success."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from tests.support.target import Target

RESULT = "/etc/.ignition-result.json"
ALL = ("prepare", "users", "files", "units", "finish")
SIZE = 6_000_000


def call(*args: str) -> str:
    return subprocess.run(args, check=True, capture_output=True, text=True).stdout.strip()


class SecondFilesystem:
    """/data of the target: an ext4 image on a tmpfs with less space than the ext4 assumes."""

    def __init__(self, folder: Path) -> None:
        self.target = Target(folder)
        self.target.settings.selinux_relabel = False
        self.store = folder / "store"
        self.store.mkdir()
        call("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(self.store))
        image = self.store / "image"
        with image.open("wb") as file:
            file.truncate(64 << 20)
        call("mkfs.ext4", "-q", "-O", "^has_journal", str(image))
        self.disk = call("losetup", "--find", "--show", str(image))
        self.data = self.target.folder("/data")
        call("mount", self.disk, str(self.data))

    def fill(self, left: int) -> None:
        """Fills the tmpfs except for some bytes."""
        free = int(call("stat", "-f", "-c", "%a", str(self.store))) * 4096
        (self.store / "filler").write_bytes(bytes(free - left))

    def end(self) -> None:
        for args in (
            ["umount", str(self.data)],
            ["losetup", "--detach", self.disk],
            ["umount", str(self.store)],
        ):
            subprocess.run(args, check=False)


@pytest.fixture
def second(tmp_path: Path) -> Iterator[SecondFilesystem]:
    filesystem = SecondFilesystem(tmp_path)
    yield filesystem
    filesystem.end()


def write(second: SecondFilesystem) -> None:
    body = "data:," + "x" * SIZE
    second.target.run(
        {"storage": {"files": [{"path": "/data/big", "contents": {"source": body}}]}}, *ALL
    )


def test_success_if_everything_reaches_the_disk(second: SecondFilesystem) -> None:
    write(second)
    assert second.target.at(RESULT).exists()


def test_lost_write_below_a_filesystem_is_a_failure(second: SecondFilesystem) -> None:
    second.fill(1 << 20)
    with pytest.raises(Failure) as caught:
        write(second)
    assert caught.value.code == "IGN3407"
    assert str(second.data) in caught.value.text
    assert not second.target.at(RESULT).exists()


def test_write_lost_before_the_end_is_a_failure(second: SecondFilesystem) -> None:
    """The kernel may write back long before the sync, and reports a lost write once per descriptor."""
    second.fill(1 << 20)
    program = second.target.folder("/").parent / "early"
    program.write_text("#!/bin/sh\nsync\nexit 1\n")
    program.chmod(0o755)
    # Triggered by the units stage, after the files.
    second.target.settings.programs["systemctl"] = str(program)
    body = "data:," + "x" * SIZE
    config = {
        "storage": {"files": [{"path": "/data/big", "contents": {"source": body}}]},
        "systemd": {"units": [{"name": "a.service", "enabled": False}]},
    }
    with pytest.raises(Failure) as caught:
        second.target.run(config, *ALL)
    assert caught.value.code == "IGN3407"
    assert not second.target.at(RESULT).exists()
