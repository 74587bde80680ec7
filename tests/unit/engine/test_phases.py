# SPDX-License-Identifier: Apache-2.0
"""Phases from start to end on a directory as target root: the files they write and the exit status."""

from __future__ import annotations

import functools
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ignition.base import journal
from ignition.testbed.httpserver import HttpServer
from tests.support.special_files import KINDS, put
from tests.unit.engine.target import HELLO, Target, V


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    if os.geteuid() != 0:
        pytest.skip("files get their owners from root only")
    old = os.umask(0o022)
    yield Target(tmp_path)
    os.umask(old)


def test_a_complete_run_provisions_and_writes_its_reports(
    target: Target, capfd: pytest.CaptureFixture[str]
) -> None:
    target.config({"storage": {"files": [HELLO]}})
    assert target.run("fetch-offline", "disks", "mount", "files", "umount") == 0
    assert (target.root / "etc/hello").read_text() == "hi"
    result = json.loads((target.root / "etc/.ignition-result.json").read_text())
    assert result["userConfigProvided"] is True
    assert target.run_file("ignition.json").stat().st_mode & 0o7777 == 0o640
    phases = [entry["phase"] for entry in json.loads(target.run_file("report.json").read_text())]
    assert phases == ["fetch-offline", "disks", "mount", "files", "umount"]
    output = capfd.readouterr().out
    assert "INFO     : files: files passed\nINFO     : Ignition finished successfully\n" in output
    assert "CRITICAL" not in output


def test_only_idle_phases_are_marked(target: Target) -> None:
    target.config({"storage": {"filesystems": [{"device": "/dev/none", "format": "swap"}]}})
    target.run_file("idle-disks").parent.mkdir()
    target.run_file("idle-disks").touch()
    assert target.run("fetch-offline") == 0
    marks = sorted(path.name for path in target.run_file("").glob("idle-*"))
    assert marks == ["idle-kargs", "idle-mount"]


def test_a_remote_reference_requests_the_network_and_writes_no_cache(
    target: Target, capfd: pytest.CaptureFixture[str]
) -> None:
    target.config(
        '{"ignition": {"version": "3.6.0", "config": {"merge": [{"source": "http://h/x"}]}}}'
    )
    assert target.run("fetch-offline") == 0
    assert target.run_file("neednet").read_bytes() == b""
    assert not target.run_file("ignition.json").exists()
    assert "asking for the network" in capfd.readouterr().out


def test_a_remote_file_requests_the_network_and_writes_the_cache(target: Target) -> None:
    remote = {"path": "/x", "contents": {"source": "http://h/x"}}
    target.config({"storage": {"files": [remote]}})
    assert target.run("fetch-offline") == 0
    assert target.run_file("neednet").exists()
    assert target.run_file("ignition.json").exists()


def test_a_network_platform_requests_the_network(target: Target) -> None:
    target.settings.platform = "aws"
    assert target.run("fetch-offline") == 0
    assert target.run_file("neednet").read_bytes() == b""
    assert not target.run_file("ignition.json").exists()
    state = json.loads(target.run_file("state").read_text())
    assert [entry["kind"] for entry in state["fetchedConfigs"]] == ["base"]


def test_the_phase_fails_if_the_network_cannot_be_requested(
    target: Target, capfd: pytest.CaptureFixture[str]
) -> None:
    target.settings.platform = "aws"
    target.run_file("neednet").mkdir(parents=True)
    assert target.run("fetch-offline") == 1
    assert "failed to signal neednet: " in capfd.readouterr().out


def test_an_existing_cache_is_replaced_with_a_new_mode(target: Target) -> None:
    target.run_file("").mkdir()
    target.run_file("ignition.json").write_text("old")
    target.run_file("ignition.json").chmod(0o604)
    target.config({"storage": {"files": [HELLO]}})
    assert target.run("fetch") == 0
    assert '"path":"/etc/hello"' in target.run_file("ignition.json").read_text()
    assert target.run_file("ignition.json").stat().st_mode & 0o7777 == 0o640


def test_the_provider_cache_stays_until_the_config_cache_is_written(target: Target) -> None:
    """Some platforms hand out their config once: a phase that fails late must be able to start again."""
    with HttpServer({"/c": json.dumps({"ignition": V}).encode()}) as server:
        merge = [{"source": server.url("/c")}]
        target.config(json.dumps({"ignition": {**V, "config": {"merge": merge}}}))
        assert target.run("fetch-offline") == 0
        (target.folder / "config.ign").unlink()
        target.run_file("ignition.json").mkdir()
        assert target.run("fetch") == 1
        assert target.run_file("provider-config").stat().st_mode & 0o7777 == 0o600
        target.run_file("ignition.json").rmdir()
        assert target.run("fetch") == 0
    assert target.run_file("ignition.json").is_file()
    assert not target.run_file("provider-config").exists()
    assert "provider" not in json.loads(target.run_file("state").read_text())["engine"]


def test_fetched_configs_are_in_the_journal_and_in_the_state(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket_path = str(target.folder / "journal")
    base = target.folder / "v/base.d/10.ign"
    base.parent.mkdir(parents=True)
    base.write_text(json.dumps({"ignition": V}))
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald,
        HttpServer({"/c": json.dumps({"ignition": V}).encode()}) as server,
    ):
        journald.bind(socket_path)
        journald.settimeout(5)
        monkeypatch.setattr(journal, "send", functools.partial(journal.send, socket=socket_path))
        url = server.url("/c")
        target.config(
            json.dumps({"ignition": {**V, "config": {"merge": [{"source": f"{url}?hush"}]}}})
        )
        assert target.run("fetch-offline") == 0
        assert target.run("fetch", "files") == 0
        entries = [
            dict(line.split("=", 1) for line in journald.recv(4096).decode().splitlines())
            for _ in range(3)
        ]
    sent = [
        [entry[f"IGNITION_CONFIG_{name}"] for name in ("TYPE", "SRC", "REFERENCED")]
        for entry in entries
    ]
    assert sent == [
        ["base", "system", "false"],
        ["user", "file", "false"],
        ["user", "/c", "true"],
    ]
    assert entries[2]["MESSAGE"] == 'fetched referenced user config from "/c"'
    result = json.loads((target.root / "etc/.ignition-result.json").read_text())
    assert result["userConfigProvided"] is True
    sources = result["engine"]["sources"]
    assert [(each["kind"], each["source"], each["by"]) for each in sources] == [
        ("base", str(base), ""),
        ("user", "user config from file", ""),
        ("user", url, "user config from file"),
    ]
    assert all(len(each["sha512"]) == 128 and each["size"] for each in sources)


def test_an_empty_config_provisions_nothing_and_succeeds(target: Target) -> None:
    target.config("")
    assert target.run("fetch-offline", "files") == 0
    result = json.loads((target.root / "etc/.ignition-result.json").read_text())
    assert result["userConfigProvided"] is False


def test_a_refused_config_writes_its_cause_and_no_cache(
    target: Target, capfd: pytest.CaptureFixture[str]
) -> None:
    target.config('{"ignition": {"version": "3.6.0"},\n "storage": {"files": [{"path": "x"}]}}')
    assert target.run("fetch-offline") == 1
    cause = target.run_file("failure")
    assert cause.stat().st_mode & 0o7777 == 0o600
    assert "IGN1102" in cause.read_text()
    assert "user config from file:2:33: /storage/files/0/path" in cause.read_text()
    assert not target.run_file("ignition.json").exists()
    assert not target.run_file("state").exists()
    failures = json.loads(target.run_file("report.json").read_text())[0]["failures"]
    assert failures[0]["code"] == "IGN1000"
    assert "CRITICAL : Ignition failed: " in capfd.readouterr().out


def test_without_a_cache_a_phase_fails_with_the_message_of_ignition(
    target: Target, capfd: pytest.CaptureFixture[str]
) -> None:
    assert target.run("disks") == 1
    assert "no such file or directory" in capfd.readouterr().out.lower()


def test_a_malformed_state_file_gives_exit_status_3(target: Target) -> None:
    target.run_file("").mkdir()
    target.run_file("state").write_text("{")
    target.config({})
    assert target.run("fetch-offline") == 3


def test_a_hand_written_cache_is_enough(target: Target) -> None:
    target.run_file("").mkdir()
    cache = {"ignition": {"version": "3.7.0-experimental"}, "storage": {"files": [HELLO]}}
    target.run_file("ignition.json").write_text(json.dumps(cache))
    assert target.run("files") == 0
    assert (target.root / "etc/hello").read_text() == "hi"


def test_new_directories_are_labelled(target: Target) -> None:
    """Parent directories of files too. A fake setfiles records its arguments."""
    recorder = target.folder / "setfiles"
    recorder.write_text(f'#!/bin/sh\ntr "\\0" "\\n" >>{target.folder}/labelled\n')
    recorder.chmod(0o755)
    (target.root / "etc/selinux").mkdir(parents=True)
    (target.root / "etc/selinux/config").write_text("SELINUXTYPE=targeted\n")
    target.settings.selinux_relabel = True
    target.settings.programs["setfiles"] = str(recorder)
    target.config({"storage": {"files": [{"path": "/srv/new/file"}]}})
    assert target.run("fetch-offline", "files") == 0
    labelled = (target.folder / "labelled").read_text().splitlines()
    assert f"{target.root}/srv" in labelled


def test_a_second_run_changes_nothing(target: Target) -> None:
    target.config({"storage": {"files": [{**HELLO, "append": [{"source": "data:,%20there"}]}]}})
    assert target.run("fetch-offline", "files") == 0
    before = (target.root / "etc/hello").stat()
    assert target.run("files") == 0
    assert (target.root / "etc/hello").read_text() == "hi there"
    assert (target.root / "etc/hello").stat().st_ino == before.st_ino


def test_a_failed_files_phase_writes_no_result_file(target: Target) -> None:
    (target.root / "etc/hello").mkdir(parents=True)
    target.config({"storage": {"files": [HELLO]}})
    assert target.run("fetch-offline", "files") == 1
    assert not (target.root / "etc/.ignition-result.json").exists()
    assert "/storage/files/0" in target.run_file("failure").read_text()


def test_a_full_run_directory_does_not_stop_a_boot(target: Target) -> None:
    target.config({"storage": {"files": [HELLO]}})
    target.run_file("report.json").mkdir(parents=True)
    assert target.run("fetch-offline", "files") == 0


def test_a_failed_phase_reports_the_steps_that_ran(target: Target) -> None:
    bad = {"source": "data:,x", "verification": {"hash": "sha256-" + "0" * 64}}
    files = [
        {"path": "/a/one", "contents": {"source": "data:,1"}},
        {"path": "/a/b/two", "contents": bad},
    ]
    folders = [{"path": "/a"}, {"path": "/a/b"}]
    target.config({"storage": {"files": files, "directories": folders}})
    assert target.run("fetch-offline", "files") == 1
    phase = json.loads(target.run_file("report.json").read_text())[-1]
    assert phase["phase"] == "files"
    steps = {entry["summary"]: entry["result"] for entry in phase["steps"]}
    assert steps["make /a"] == "done"
    assert steps["write /a/b/two"] == "failed"
    assert [failure["code"] for failure in phase["failures"]] == ["IGN4011"]


@pytest.mark.parametrize("phase", ["kargs", "disks", "mount", "files"])
def test_impossible_values_are_refused_by_the_first_phase_that_applies_a_config(
    target: Target, capfd: pytest.CaptureFixture[str], phase: str
) -> None:
    user = {"name": "ada", "passwordHash": "$6$a$b\nroot:$6$c$d"}
    device = {"device": "/dev/none", "format": "ext4", "path": "/var", "wipeFilesystem": True}
    target.config(
        {
            "passwd": {"users": [user]},
            "storage": {"filesystems": [device], "files": [HELLO]},
            "kernelArguments": {"shouldExist": ["quiet"]},
        }
    )
    assert target.run("fetch-offline") == 0
    capfd.readouterr()
    assert target.run(phase) == 1
    output = capfd.readouterr().out
    assert "IGN1969" in output
    assert "/passwd/users/0/passwordHash" in output
    assert "executing:" not in output
    assert "$6$c" not in output
    assert list(target.root.iterdir()) == []


def test_umount_runs_even_with_an_impossible_config(target: Target) -> None:
    target.config({"passwd": {"users": [{"name": "ada", "uid": -1}]}})
    assert target.run("fetch-offline", "umount") == 0


def test_a_phase_that_cannot_start_is_reported(target: Target) -> None:
    target.run_file("").mkdir()
    target.run_file("state").write_text("{")
    target.config({})
    assert target.run("fetch-offline") == 3
    (phase,) = json.loads(target.run_file("report.json").read_text())
    assert [failure["code"] for failure in phase["failures"]] == ["IGN6102"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_cache_that_is_not_a_regular_file_fails_with_a_code(target: Target, kind: str) -> None:
    target.run_file("").mkdir()
    put(target.run_file("ignition.json"), kind)
    assert target.run("files") == 1
    assert target.codes() == (["IGN4122"] if kind == "link" else ["IGN4121"])


@pytest.mark.parametrize("name", ["ignition.json", "state", "neednet", "idle-disks", "report.json"])
def test_symlinks_and_special_files_at_our_paths_are_replaced_and_not_followed(
    target: Target, name: str
) -> None:
    target.run_file("").mkdir()
    precious = target.folder / "precious"
    precious.write_text("{}")
    precious.chmod(0o604)
    target.run_file(name).symlink_to(precious)
    remote = {"path": "/x", "contents": {"source": "http://h/x"}}
    target.config({"storage": {"files": [remote]}})
    assert target.run("fetch-offline") == 0
    assert precious.read_bytes() == b"{}" and precious.stat().st_mode & 0o7777 == 0o604
    assert not target.run_file(name).is_symlink()
    assert target.temporary_files() == []


@pytest.mark.parametrize("text", ["", "{}", "nonsense", "[" * 5000, '["\\ud800"]', "[1e400]"])
def test_a_malformed_report_is_replaced(target: Target, text: str) -> None:
    target.run_file("").mkdir()
    target.run_file("report.json").write_text(text)
    target.config({})
    assert target.run("fetch-offline") == 0
    assert [phase["phase"] for phase in json.loads(target.run_file("report.json").read_text())] == [
        "fetch-offline"
    ]


@pytest.mark.parametrize("kind", ["fifo", "zero", "sparse"])
@pytest.mark.parametrize("place", ["base.d/10.ign", "user.ign"])
def test_a_system_config_that_is_not_a_regular_file(target: Target, kind: str, place: str) -> None:
    path = target.folder / "v" / place
    path.parent.mkdir(parents=True)
    put(path, kind)
    target.config({})
    assert target.run("fetch-offline") == 1
    assert target.codes() in (["IGN5401"], ["IGN5302"])
