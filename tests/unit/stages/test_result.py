# SPDX-License-Identifier: Apache-2.0
"""Result file, provider files and labels."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import CommandFailed, Failure
from tests.support.skeleton import furnish
from tests.support.target import Target

RESULT = "/etc/.ignition-result.json"
JOURNAL = "/etc/.ignition-journal"
ALL = ("prepare", "users", "files", "units", "finish")


def program(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def system(target: Target, tmp_path: Path) -> Target:
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("0a1b2c3d-0000-0000-0000-000000000000\n")
    target.settings.boot_id_path = str(boot_id)
    target.settings.programs["is-live-image"] = "no-such-program"
    return target


def result(system: Target) -> dict[str, Any]:
    report = json.loads(system.at(RESULT).read_text())
    assert isinstance(report, dict)
    return report


@pytest.mark.parametrize("kinds", [["base"], ["base", "user"], []])
def test_first_run(system: Target, kinds: list[str]) -> None:
    system.state.fetched_configs = [{"kind": kind} for kind in kinds]
    system.run({}, *ALL)
    report = result(system)
    assert list(report) == [
        "provisioningBootID",
        "provisioningDate",
        "userConfigProvided",
        "engine",
    ]
    assert report["provisioningBootID"] == "0a1b2c3d-0000-0000-0000-000000000000"
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", report["provisioningDate"]
    )
    assert report["userConfigProvided"] is ("user" in kinds)
    assert (system.mode(RESULT), system.owner(RESULT)) == (0o600, (0, 0))
    text = system.at(RESULT).read_text()
    assert text.startswith('{\n  "provisioningBootID": ') and text.endswith("}\n")
    assert sorted(system.tree()) == ["etc", "etc/.ignition-result.json"]
    assert not system.critical


def test_digest_and_sources(system: Target) -> None:
    sources = [
        {"kind": "user", "source": "user config from qemu", "sha512": "00", "size": 2, "by": ""}
    ]
    phases = [{"phase": "disks", "started": "2026-01-01T00:00:00Z", "seconds": 1.5, "steps": 3}]
    system.state.sources, system.state.phases = sources, phases
    system.run({}, *ALL)
    ours = result(system)["engine"]
    assert (ours["sources"], ours["phases"], ours["journal"]) == (sources, phases, [])
    assert ours["version"]
    assert re.fullmatch("sha512-[0-9a-f]{128}", ours["configDigest"])


def test_earlier_result(system: Target) -> None:
    system.put(
        RESULT, '{"provisioningBootID": "old", "b": {"z": 1, "y": [{"d": "<", "c": null}]}, "a": 2}'
    )
    system.run({}, *ALL)
    previous = result(system)["previousReport"]
    assert list(previous) == ["a", "b", "provisioningBootID"]
    assert list(previous["b"]) == ["y", "z"]
    assert list(result(system)) == [
        "provisioningBootID",
        "provisioningDate",
        "userConfigProvided",
        "previousReport",
        "engine",
    ]
    assert "\\u003c" in system.at(RESULT).read_text()
    assert any("Ignition has already run on this system" in line for line in system.log)
    assert any("failed to run is-live-image hook" in line for line in system.log)


@pytest.mark.parametrize("status", [0, 1])
def test_earlier_result_on_a_live_system(system: Target, tmp_path: Path, status: int) -> None:
    system.settings.programs["is-live-image"] = program(tmp_path, "live", f"exit {status}\n")
    system.put(RESULT, "{}")
    system.run({}, *ALL)
    assert ("previousReport" in result(system)) == bool(status)
    assert any("already run" in line for line in system.log) == bool(status)


@pytest.mark.parametrize("text", ["", "{", "not json", "\x00"])
def test_earlier_result_that_is_not_json(system: Target, text: str) -> None:
    system.put(RESULT, text)
    with pytest.raises(Failure, match="couldn't unmarshal previous report output") as caught:
        system.run({}, *ALL)
    assert caught.value.code == "IGN3503"
    assert system.at(RESULT).read_text() == text


def test_no_result_after_a_failure(system: Target) -> None:
    contents = {"source": "data:,x", "verification": {"hash": "sha256-" + "0" * 64}}
    with pytest.raises(Failure):
        system.run({"storage": {"files": [{"path": "/f", "contents": contents}]}}, *ALL)
    assert not system.at(RESULT).exists()


def test_no_boot_id(system: Target) -> None:
    system.settings.boot_id_path = "/no/such/file"
    with pytest.raises(Failure, match="reading boot ID") as caught:
        system.run({}, *ALL)
    assert caught.value.code == "IGN3502"


def test_result_file_disabled(system: Target) -> None:
    system.settings.result_file = ""
    system.run({}, *ALL)
    assert system.tree() == {}


def test_link_at_its_path_is_replaced(system: Target) -> None:
    system.put("/elsewhere", "{}")
    system.link(RESULT, "/elsewhere")
    system.run({}, *ALL)
    assert system.at("/elsewhere").read_text() == "{}"
    assert not system.at(RESULT).is_symlink()


def test_folder_behind_a_link(system: Target) -> None:
    system.link("/etc", "/usr/etc")
    system.run({}, *ALL)
    assert system.at("/usr/etc/.ignition-result.json").is_file()


def test_append_is_done_once_over_complete_runs_too(system: Target) -> None:
    system.put("/f", "one")
    config = {"storage": {"files": [{"path": "/f", "append": [{"source": "data:,two"}]}]}}
    for _ in range(3):
        system.run(config, *ALL)
        assert system.at("/f").read_text() == "onetwo"
        assert not system.at(JOURNAL).exists()
        assert [note["key"] for note in result(system)["engine"]["journal"]] == ["/f"]


def test_second_run_changes_only_the_result_file(system: Target) -> None:
    config = {
        "storage": {
            "directories": [{"path": "/d", "overwrite": True}],
            "files": [{"path": "/d/f", "contents": {"source": "data:,x"}}],
        },
        "systemd": {"units": [{"name": "a.service", "contents": "[Unit]\n", "enabled": True}]},
    }
    system.run(config, *ALL)
    before = system.tree()
    system.run(config, *ALL)
    after = system.tree()
    assert before.pop("etc/.ignition-result.json") != after.pop("etc/.ignition-result.json")
    assert after == before


def test_provider_files(system: Target) -> None:
    system.put("/var/lib/hyperv/.kvp_pool_0", "old", 0o644)
    system.state.provider_output_files = [
        {
            "path": f"/var/lib/hyperv/.kvp_pool_{number}",
            "overwrite": True,
            "mode": 0o600,
            "contents": {"source": f"data:,{number}"},
        }
        for number in (1, 0)
    ]
    steps = system.run({}, *ALL)
    assert "write 2 files from the platform" in steps
    for number in (0, 1):
        path = f"/var/lib/hyperv/.kvp_pool_{number}"
        assert (system.at(path).read_text(), system.mode(path)) == (str(number), 0o600)


class TestLabels:
    """The arguments of setfiles. Boot tests run the real one with a policy."""

    @pytest.fixture
    def labelled(self, system: Target, tmp_path: Path) -> Target:
        # A setfiles that appends its arguments to one file and its paths to another.
        record = f'echo "$@" >>{tmp_path}/arguments\ntr "\\0" "\\n" >>{tmp_path}/paths\n'
        system.settings.programs["setfiles"] = program(tmp_path, "setfiles", record)
        system.put(
            "/etc/selinux/config",
            'SELINUX=enforcing\n# SELINUXTYPE=mls\nSELINUXTYPE="targeted" # x\n',
        )
        return system

    def paths(self, system: Target) -> list[str]:
        text = (system.root.parent / "paths").read_text()
        return [path.removeprefix(str(system.root)) for path in text.splitlines()]

    def test_topmost_new_folder(self, labelled: Target) -> None:
        labelled.folder("/old")
        files = [{"path": path} for path in ("/a/b/c", "/a/d", "/old/e/f", "/old/g")]
        labelled.run({"storage": {"files": files}}, *ALL)
        assert self.paths(labelled) == [
            "/a", "/old/e", "/old/g", RESULT,
        ]  # fmt: skip
        root = labelled.root
        contexts = f"{root}/etc/selinux/targeted/contexts/files/file_contexts"
        arguments = (root.parent / "arguments").read_text().splitlines()
        assert arguments == [f"-vF0 -r {root} {contexts} -f -"] * 2

    def test_nothing_without_a_policy(self, labelled: Target) -> None:
        labelled.put("/etc/selinux/config", "SELINUX=disabled\n")
        labelled.run({"storage": {"files": [{"path": "/f"}]}}, *ALL)
        assert not (labelled.root.parent / "paths").exists()
        assert any("names no policy, skipping relabeling" in line for line in labelled.log)

    def test_disabled(self, labelled: Target) -> None:
        labelled.settings.selinux_relabel = False
        labelled.run({"storage": {"files": [{"path": "/f"}]}}, *ALL)
        assert not (labelled.root.parent / "paths").exists()

    def test_link_to_nowhere(self, labelled: Target) -> None:
        links = [{"path": "/l", "target": "/nowhere"}, {"path": "/loop", "target": "loop"}]
        labelled.run({"storage": {"links": links}}, *ALL)
        assert self.paths(labelled)[:2] == ["/l", "/loop"]

    def test_units(self, labelled: Target) -> None:
        labelled.folder("/etc/systemd/system")
        units = [
            {"name": "a.service", "contents": "x", "enabled": True},
            {"name": "b.service", "mask": True},
            {"name": "c.service", "dropins": [{"name": "d.conf", "contents": ""}]},
        ]
        labelled.run({"systemd": {"units": units}}, *ALL)
        assert self.paths(labelled)[:-1] == [
            "/etc/systemd/system-preset",
            "/etc/systemd/system/a.service",
            "/etc/systemd/system/b.service",
            "/etc/systemd/system/c.service.d",
        ]

    def test_preset_alone(self, labelled: Target) -> None:
        labelled.run({"systemd": {"units": [{"name": "a.service", "enabled": True}]}}, *ALL)
        assert self.paths(labelled) == ["/etc/systemd", RESULT]

    def test_provider_files(self, labelled: Target) -> None:
        labelled.state.provider_output_files = [
            {"path": "/var/x", "contents": {"source": "data:,x"}}
        ]
        labelled.run({}, *ALL)
        assert self.paths(labelled) == ["/var", RESULT]

    def test_accounts(self, labelled: Target) -> None:
        furnish(labelled)
        for name in ("passwd-", "subuid", ".pwd.lock", "passwords", "hosts"):
            labelled.put(f"/etc/{name}")
        labelled.folder("/var/roothome")
        labelled.link("/root", "var/roothome")
        users: list[dict[str, Any]] = [{"name": "core"}, {"name": "root"}]
        users.append({"name": "gone", "shouldExist": False})
        labelled.run({"passwd": {"users": users}}, *ALL)
        assert self.paths(labelled)[:-1] == [
            "/etc/.pwd.lock", "/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/passwd-",
            "/etc/shadow", "/etc/subuid", "/home/core", "/var/roothome",
        ]  # fmt: skip

    def test_accounts_not_in_the_config(self, labelled: Target) -> None:
        furnish(labelled)
        labelled.run({"storage": {"files": [{"path": "/f"}]}}, *ALL)
        assert self.paths(labelled) == ["/f", RESULT]

    def test_after_an_interruption(self, labelled: Target) -> None:
        config = {"storage": {"files": [{"path": "/a/b/c"}]}}
        labelled.run(config, "prepare", "users", "files")
        labelled.run(config, *ALL)
        assert "/a" in self.paths(labelled)

    def test_failure(self, labelled: Target, tmp_path: Path) -> None:
        labelled.settings.programs["setfiles"] = program(tmp_path, "bad", "echo why >&2; exit 1\n")
        with pytest.raises(CommandFailed, match="failed to handle relabeling") as caught:
            labelled.run({"storage": {"files": [{"path": "/f"}]}}, *ALL)
        assert (caught.value.code, caught.value.hint) == ("IGN3401", "why")
        assert not labelled.at(RESULT).exists()
