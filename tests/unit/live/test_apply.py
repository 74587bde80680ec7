# SPDX-License-Identifier: Apache-2.0
"""`ignition apply --root DIR`: what it writes, that it may be repeated, that a refusal changes nothing."""

from __future__ import annotations

import gzip
import os
import stat
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.support.skeleton import HASH
from tests.unit.live.conftest import Command, snapshot

UNIT = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
EVERYTHING: dict[str, Any] = {
    "passwd": {
        "groups": [{"name": "web", "gid": 1800}],
        "users": [
            {
                "name": "joe",
                "uid": 1500,
                "gecos": "Joe",
                "groups": ["web", "wheel"],
                "shell": "/bin/sh",
                "passwordHash": HASH,
                "sshAuthorizedKeys": ["ssh-ed25519 AAAA joe"],
            },
            {"name": "core", "homeDir": "/home/core", "primaryGroup": "wheel"},
        ],
    },
    "storage": {
        "directories": [{"path": "/srv/www", "mode": 0o750, "user": {"name": "joe"}}],
        "files": [
            {
                "path": "/srv/www/index",
                "contents": {"source": "data:,hi"},
                "group": {"name": "web"},
            },
            {"path": "/etc/hosts", "append": [{"source": "data:,10.0.0.1%20db%0A"}]},
            {"path": "/etc/motd", "overwrite": True, "contents": {"source": "data:,hello"}},
            {"path": "/etc/new", "mode": 0o600, "append": [{"source": "data:,one"}]},
        ],
        "links": [
            {"path": "/srv/link", "target": "www"},
            {"path": "/etc/motd2", "target": "/etc/motd", "hard": True},
        ],
    },
    "systemd": {
        "units": [
            {"name": "a.service", "enabled": True, "contents": UNIT},
            {"name": "b.service", "mask": True},
            {
                "name": "c.service",
                "enabled": False,
                "dropins": [{"name": "x.conf", "contents": UNIT}],
            },
            {"name": "t@one.service", "enabled": True},
        ]
    },
}
UNSUPPORTED: dict[str, dict[str, Any]] = {
    "kernelArguments": {"shouldExist": ["a", "b"], "shouldNotExist": ["c"]},
    "storage": {
        "disks": [{"device": "/dev/vda", "wipeTable": True}],
        "raid": [{"name": "r", "level": "raid1", "devices": ["/dev/vdb", "/dev/vdc"]}],
        "luks": [{"name": "l", "device": "/dev/vdd"}],
        "filesystems": [{"device": "/dev/md/r", "format": "ext4", "path": "/var"}],
        "files": [{"path": "/etc/a", "contents": {"source": "data:,a"}}],
    },
}


def compressed(text: bytes) -> dict[str, str]:
    body = b64encode(gzip.compress(text)).decode()
    return {"source": f"data:;base64,{body}", "compression": "gzip"}


def test_files_accounts_and_units(command: Command, root: Path) -> None:
    config = command.config("all.ign", **EVERYTHING)
    assert command(config) == 0
    assert command.output == f"applied {config} to {root}\n"
    assert (root / "srv/www").stat().st_uid == 1500
    assert (root / "srv/www/index").stat().st_gid == 1800
    assert (root / "etc/hosts").read_text().endswith("localhost\n10.0.0.1 db\n")
    assert stat.S_IMODE((root / "etc/new").stat().st_mode) == 0o600
    assert (root / "etc/motd").samefile(root / "etc/motd2")
    assert (root / "home/joe/.ssh/authorized_keys.d/ignition").stat().st_uid == 1500
    assert "joe:x:1500:1500:Joe:/home/joe:/bin/sh" in (root / "etc/passwd").read_text()
    assert f"joe:{HASH}:" in (root / "etc/shadow").read_text()
    assert os.readlink(root / "etc/systemd/system/b.service") == "/dev/null"
    presets = (root / "etc/systemd/system-preset/20-ignition.preset").read_text()
    assert presets == "enable a.service\nenable t@.service one\n"


def test_it_leaves_nothing_of_its_own(command: Command, root: Path) -> None:
    assert command(command.config("all.ign", **EVERYTHING)) == 0
    assert not [path for path in root.rglob("*") if "ignition" in path.name and path.name[0] == "."]


def test_applied_twice_it_changes_nothing(command: Command, root: Path) -> None:
    config = command.config("all.ign", **EVERYTHING)
    assert command(config) == 0
    before = snapshot(root)
    assert command(config) == 0
    assert snapshot(root) == before


def test_later_configs_are_merged_over_earlier_ones(command: Command, root: Path) -> None:
    names = ("/etc/a", "/etc/b")
    first = [{"path": name, "contents": {"source": "data:,first"}} for name in names]
    one = command.config("one.ign", storage={"files": first})
    two = command.config(
        "two.ign", storage={"files": [{"path": "/etc/b", "contents": {"source": "data:,second"}}]}
    )
    assert command(one, two) == 0
    assert [(root / name[1:]).read_text() for name in names] == ["first", "second"]


def test_the_merged_config_is_validated(command: Command, root: Path) -> None:
    one = command.config("one.ign", storage={"links": [{"path": "/srv", "target": "/x"}]})
    two = command.config("two.ign", storage={"directories": [{"path": "/srv/a"}]})
    before = snapshot(root)
    assert command(one, two) == 1
    assert "two.ign" in command.output or "one.ign" in command.output
    assert "error IGN1" in command.output
    assert snapshot(root) == before


class TestRepeated:
    """What exists is judged by its contents."""

    def test_a_file_of_somebody_else(self, command: Command, root: Path) -> None:
        assert command.files({"path": "/etc/hosts", "contents": {"source": "data:,x"}}) == 1
        assert "IGN3103" in command.output

    def test_mode_and_owner_are_corrected(self, command: Command, root: Path) -> None:
        node = {"path": "/etc/a", "mode": 0o600, "contents": {"source": "data:,a"}}
        command.files(node)
        (root / "etc/a").chmod(0o777)
        os.chown(root / "etc/a", 5, 5)
        assert command.files(node) == 0
        found = (root / "etc/a").stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o600, 0, 0)

    @pytest.mark.parametrize("mode", [0o644, 0o600])
    def test_compressed_contents_are_compared(
        self, command: Command, root: Path, mode: int
    ) -> None:
        node = {"path": "/etc/a", "mode": mode, "contents": compressed(b"text")}
        assert command.files(node) == 0
        before = snapshot(root)
        assert command.files(node) == 0
        assert snapshot(root) == before
        (root / "etc/a").write_text("tex.")
        assert command.files(node) == 1
        assert "IGN3103" in command.output

    @pytest.mark.parametrize(
        ("there", "appended", "after"),
        [
            ("a\n", "b\n", "a\nb\n"),
            ("a", "b\n", "ab\n"),
            ("b\nc\n", "b\n", "b\nc\n"),
            ("xb\nc\n", "b\n", "xb\nc\nb\n"),
            ("bc", "b", "bcb"),
            ("a\nb", "b", "a\nb"),
            ("", "b", "b"),
        ],
    )
    def test_lines_are_appended_once(
        self, command: Command, root: Path, there: str, appended: str, after: str
    ) -> None:
        (root / "etc/a").write_text(there)
        node = {"path": "/etc/a", "append": [{"source": "data:," + appended.replace("\n", "%0A")}]}
        for _ in range(2):
            assert command.files(node) == 0
            assert (root / "etc/a").read_text() == after

    @pytest.mark.parametrize(
        "change",
        [
            {"uid": 1501},
            {"gecos": "Joseph"},
            {"shell": "/bin/bash"},
            {"groups": ["docker"]},
            {"primaryGroup": "wheel"},
            {"homeDir": "/home/joseph"},
            {"passwordHash": HASH[:-1] + "u"},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_an_account_that_differs_is_changed(
        self, command: Command, root: Path, change: dict[str, Any]
    ) -> None:
        joe = EVERYTHING["passwd"]["users"][0]
        groups = EVERYTHING["passwd"]["groups"]
        assert command(command.config("a.ign", passwd={"users": [joe], "groups": groups})) == 0
        tables = [root / "etc" / name for name in ("passwd", "shadow", "group")]
        before = [table.read_text() for table in tables]
        changed = {"groups": groups, "users": [{**joe, **change}]}
        assert command(command.config("a.ign", passwd=changed)) == 0
        assert [table.read_text() for table in tables] != before


class TestUnsupported:
    def test_every_part_is_refused_by_name(self, command: Command, root: Path) -> None:
        before = snapshot(root)
        assert command(command.config("a.ign", **UNSUPPORTED)) == 1
        assert command.output.count("error IGN6501") == 6
        for name in ("shouldExist", "shouldNotExist", "disks", "raid", "luks", "filesystems"):
            assert name in command.output
        assert "cannot apply disk modifications live" in command.output
        assert snapshot(root) == before

    def test_every_part_that_is_skipped_is_named(self, command: Command, root: Path) -> None:
        assert command("--ignore-unsupported", command.config("a.ign", **UNSUPPORTED)) == 0
        assert "skipped kernelArguments.shouldExist (2 entries): this needs" in command.output
        assert "skipped storage.luks (1 entry): this needs" in command.output
        assert command.output.count("skipped ") == 6
        assert (root / "etc/a").read_text() == "a"
        assert not (root / "etc/crypttab").exists()


class TestFetching:
    """Everything is fetched before the first change."""

    def test_a_dead_server(self, command: Command, root: Path) -> None:
        before = snapshot(root)
        dead = {"path": "/etc/b", "contents": {"source": "http://127.0.0.1:9/b"}}
        good = {"path": "/etc/a", "contents": {"source": "data:,a"}}
        assert command.files(good, dead, flags=("--timeout", "1")) == 1
        assert "IGN4006" in command.output
        assert "at /storage/files/1" in command.output
        assert snapshot(root) == before

    def test_a_wrong_checksum(self, command: Command, root: Path) -> None:
        before = snapshot(root)
        wrong = {"source": "data:,b", "verification": {"hash": "sha256-" + "0" * 64}}
        good = {"path": "/etc/a", "contents": {"source": "data:,a"}}
        assert command.files(good, {"path": "/etc/b", "contents": wrong}) == 1
        assert snapshot(root) == before

    def test_offline(self, command: Command) -> None:
        far = {"path": "/etc/b", "contents": {"source": "http://127.0.0.1:9/b"}}
        assert command.files(far, flags=("--offline",)) == 1
        assert "IGN4003" in command.output

    def test_offline_a_referenced_config(self, command: Command) -> None:
        section = {"version": "3.4.0", "config": {"merge": [{"source": "http://127.0.0.1:9/b"}]}}
        assert command("--offline", command.config("a.ign", ignition=section)) == 1
        assert "IGN4003" in command.output
