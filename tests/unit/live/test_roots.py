# SPDX-License-Identifier: Apache-2.0
"""Roots that `ignition apply` refuses, and bad input: each with a code, and nothing is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.live.conftest import CHECKOUT, Command, make_root, snapshot

ONE = {"files": [{"path": "/etc/a", "contents": {"source": "data:,a"}}]}
APPLY = [sys.executable, "-m", "ignition", "apply"]


# Changes nothing even if it is applied: should the check for the running system fail, so does only the test.
HARMLESS = {"directories": [{"path": "/etc"}]}


def refused(command: Command, code: str, where: str | Path, **sections: Any) -> bool:
    """Whether one file cannot be applied there, with this code."""
    config = command.config("one.ign", **{"storage": ONE, **sections})
    return command(config, root=where) == 1 and f"{code}: " in command.output


@pytest.mark.parametrize("name", ["/", "//", "/usr/..", "/proc/self/root"])
def test_the_root_of_the_running_system(command: Command, name: str) -> None:
    assert refused(command, "IGN6503", name, storage=HARMLESS)


def test_a_link_to_it_and_the_working_folder(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to("/")
    assert refused(command, "IGN6503", tmp_path / "link", storage=HARMLESS)
    monkeypatch.chdir("/")
    assert refused(command, "IGN6503", ".", storage=HARMLESS)
    assert refused(command, "IGN6503", "./", storage=HARMLESS)


class TestNoRoot:
    @pytest.mark.parametrize("name", ["", "none", "file", "empty", "long/" * 1000, "dangling"])
    def test_paths(self, command: Command, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").touch()
        (tmp_path / "empty").mkdir()
        (tmp_path / "dangling").symlink_to("none")
        assert refused(command, "IGN6504", f"{tmp_path}/{name}" if name else "")

    @pytest.mark.parametrize("name", ["etc", "usr"])
    def test_a_folder_that_is_missing_or_a_link(
        self, command: Command, root: Path, name: str
    ) -> None:
        shutil.rmtree(root / name)
        assert refused(command, "IGN6504", root)
        (root / name).symlink_to(f"/{name}")
        assert refused(command, "IGN6504", root)
        assert f"no folder {name}" in command.output

    def test_a_name_that_is_not_utf8(self, command: Command, tmp_path: Path) -> None:
        name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
        assert refused(command, "IGN6504", name)
        make_root(Path(name))
        assert command(command.config("one.ign", storage=ONE), root=name) == 0
        assert Path(name, "etc/a").read_text() == "a"


@pytest.mark.parametrize("place", [".", "etc"])
def test_a_root_of_somebody_else(command: Command, root: Path, place: str) -> None:
    os.chown(root / place, 1234, 1234)
    before = snapshot(root)
    assert refused(command, "IGN6507", root)
    assert "uid 1234" in command.output
    assert snapshot(root) == before


def in_mounts(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a script in a mount namespace of its own. $apply is the command, with a config `one.ign`."""
    (folder / "one.ign").write_text(
        '{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/etc/a","contents":{"source":"data:,a"}}]}}'
    )
    return subprocess.run(
        ["unshare", "--mount", "sh", "-ec", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "apply": " ".join(APPLY)},
        capture_output=True,
        text=True,
        check=False,
    )


class TestMounts:
    def test_a_bind_mount_of_the_running_system(self, command: Command, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        config = command.config("harmless.ign", storage=HARMLESS)
        done = in_mounts(f"mount --bind / there; $apply --root there {config}", tmp_path)
        assert (done.returncode, "IGN6503" in done.stderr) == (1, True), done.stderr

    def test_a_read_only_root(self, command: Command, root: Path, tmp_path: Path) -> None:
        script = "mount --bind root root; mount -o remount,bind,ro root; $apply --root root one.ign"
        before = snapshot(root)
        done = in_mounts(script, tmp_path)
        assert (done.returncode, "IGN6505" in done.stderr) == (1, True), done.stderr
        assert snapshot(root) == before

    def test_a_full_root(self, command: Command, tmp_path: Path) -> None:
        script = (
            "mkdir full; mount -t tmpfs -o size=1m tmpfs full; mkdir full/etc full/usr;"
            "head -c 2m /dev/zero > full/usr/filler || true; $apply --root full one.ign || ls full/etc"
        )
        done = in_mounts(script.replace("|| true", "2> /dev/null || true"), tmp_path)
        assert (done.stdout, "IGN6506" in done.stderr) == ("", True), done.stderr

    def test_a_root_without_inodes(self, command: Command, tmp_path: Path) -> None:
        script = (
            "mkdir full; mount -t tmpfs -o nr_inodes=4 tmpfs full; mkdir full/etc full/usr;"
            "touch full/x 2> /dev/null || true; $apply --root full one.ign || ls full/etc"
        )
        done = in_mounts(script, tmp_path)
        assert (done.stdout, "IGN6506" in done.stderr) == ("", True), done.stderr


def test_a_config_that_does_not_fit(command: Command, tmp_path: Path) -> None:
    config = command.config(
        "big.ign",
        storage={"files": [{"path": "/etc/b", "contents": {"source": "data:," + "b" * 200_000}}]},
    )
    script = "mkdir full; mount -t tmpfs -o size=64k tmpfs full; mkdir full/etc full/usr;"
    done = in_mounts(f"{script} $apply --root full {config} || ls full/etc", tmp_path)
    assert (done.stdout, "IGN6506" in done.stderr) == ("", True), done.stderr


class TestInput:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            (b"", "IGN1001"),
            (b'{"ignition": {"ver', "IGN1002"),
            (b"[]", "IGN1"),
            (b'\xff\xfe{"ignition"', "IGN1"),
            (b'{"ignition": {"version": "2.3.0"}}', "IGN1"),
            (b'{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":7}]}}', "IGN1"),
        ],
    )
    def test_configs(self, command: Command, root: Path, text: bytes, code: str) -> None:
        path = command.folder / "bad.ign"
        path.write_bytes(text)
        before = snapshot(root)
        assert command(command.config("good.ign", storage=ONE), path) == 1
        assert f"error {code}" in command.output
        assert "bad.ign" in command.output
        assert snapshot(root) == before

    @pytest.mark.parametrize("name", ["none.ign", ".", "x" * 300])
    def test_files_that_cannot_be_read(self, command: Command, name: str) -> None:
        assert command(command.folder / name) == 2
        assert "IGN6311" in command.output

    def test_a_path_of_4096_bytes(self, command: Command, root: Path) -> None:
        before = snapshot(root)
        assert command.files({"path": "/a" * 2048, "contents": {"source": "data:,a"}}) == 1
        assert "at /storage/files/0/path" in command.output
        assert snapshot(root) == before

    def test_a_file_in_place_of_a_folder(self, command: Command, root: Path) -> None:
        before = snapshot(root)
        assert command.files({"path": "/etc/skel", "contents": {"source": "data:,a"}}) == 1
        assert "IGN3104" in command.output
        assert snapshot(root) == before

    def test_a_user_id_that_another_has(self, command: Command, root: Path) -> None:
        before = snapshot(root)
        assert (
            command(command.config("u.ign", passwd={"users": [{"name": "joe", "uid": 500}]})) == 1
        )
        assert "IGN3210" in command.output
        assert snapshot(root) == before

    def test_no_programs_for_accounts(
        self, command: Command, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ignition.live.tools.SBIN", "")
        monkeypatch.setenv("PATH", str(root / "usr/bin"))
        before = snapshot(root)
        assert command(command.config("u.ign", passwd={"users": [{"name": "joe"}]})) == 1
        assert "IGN6509" in command.output
        assert snapshot(root) == before
