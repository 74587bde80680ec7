# SPDX-License-Identifier: Apache-2.0
"""systemd units, with the real systemctl."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest

from ignition.base.errors import CommandFailed, Failure
from tests.support.target import Target

SERVICE = (
    "[Unit]\nDescription=f\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
)
UNITS = "/etc/systemd/system"
PRESET = "/etc/systemd/system-preset/20-ignition.preset"


@pytest.fixture
def system(target: Target) -> Target:
    if shutil.which("systemctl") is None:
        pytest.skip("no systemctl here")
    return target


def units(system: Target, *wanted: dict[str, Any]) -> list[str]:
    return system.run({"systemd": {"units": list(wanted)}}, "units")


def preset(system: Target) -> str:
    path = system.at(PRESET)
    return path.read_text() if path.exists() else ""


def test_contents_and_enabled(system: Target) -> None:
    steps = units(system, {"name": "example.service", "contents": SERVICE, "enabled": True})
    assert steps == ["write unit example.service", "set presets of unit example.service"]
    assert system.at(f"{UNITS}/example.service").read_text() == SERVICE
    assert preset(system) == "enable example.service\n"
    for path in (f"{UNITS}/example.service", PRESET):
        assert (system.mode(path), system.owner(path)) == (0o644, (0, 0))
    assert system.mode("/etc/systemd/system-preset") == 0o755
    assert not system.critical


@pytest.mark.parametrize("text", ["[Service]\nEnvironment=A=b", ""])
def test_dropin_only(system: Target, text: str) -> None:
    units(system, {"name": "x.service", "dropins": [{"name": "a.conf", "contents": text}]})
    assert system.at(f"{UNITS}/x.service.d/a.conf").read_text() == text
    assert [path.name for path in system.at(UNITS).iterdir()] == ["x.service.d"]


@pytest.mark.parametrize(
    "unit",
    [
        {"name": "x.service", "dropins": [{"name": "a.conf"}]},
        {"name": "x.service", "contents": ""},
        {"name": "x.service", "mask": False},
        {"name": "x.service"},
    ],
)
def test_nothing_to_write(system: Target, unit: dict[str, Any]) -> None:
    units(system, unit)
    assert system.tree() == {}


def test_template_and_instances(system: Target) -> None:
    template = {"name": "echo@.service", "contents": SERVICE}
    instances = [{"name": f"echo@{name}.service", "enabled": True} for name in ("bar", "foo")]
    units(system, template, *instances)
    assert preset(system) == "enable echo@.service bar foo\n"
    assert [path.name for path in system.at(UNITS).iterdir()] == ["echo@.service"]


def test_instance_with_contents_and_dropin(system: Target) -> None:
    dropins = [{"name": "a.conf", "contents": "x"}]
    units(system, {"name": "echo@foo.service", "contents": SERVICE, "dropins": dropins})
    assert system.at(f"{UNITS}/echo@foo.service").is_file()
    assert system.at(f"{UNITS}/echo@foo.service.d/a.conf").is_file()


def test_unmasking(system: Target) -> None:
    system.link(f"{UNITS}/foo.service", "/dev/null")
    units(
        system,
        {"name": "foo.service", "mask": False},
        {"name": "bar.service", "mask": False, "enabled": True},
    )
    assert list(system.at(UNITS).iterdir()) == []
    assert preset(system) == "enable bar.service\n"


def test_masking(system: Target) -> None:
    system.put("/usr/lib/systemd/system/foo.service", SERVICE)
    units(system, {"name": "foo.service", "mask": True}, {"name": "bar.service", "mask": True})
    for name in ("foo", "bar"):
        assert str(system.at(f"{UNITS}/{name}.service").readlink()) == "/dev/null"
    assert system.at("/usr/lib/systemd/system/foo.service").is_file()


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_masking_an_existing_unit(system: Target, kind: str) -> None:
    path = f"{UNITS}/foo.service"
    if kind == "link":
        system.link(path, "/dev/zero")
    else:
        system.put(path if kind == "file" else f"{path}/child", "x")
    units(system, {"name": "foo.service", "mask": True})
    assert str(system.at(path).readlink()) == "/dev/null"


@pytest.mark.parametrize("text", [None, "/usr/lib/foo.service", "../../../dev/null"])
def test_unmasking_a_link_that_is_no_mask(system: Target, text: str | None) -> None:
    path = f"{UNITS}/foo.service"
    if text is None:
        system.put(path, "x")
    else:
        system.link(path, text)
    before = system.tree()
    units(system, {"name": "foo.service", "mask": False})
    assert system.tree() == before
    # Kept like in Ignition, with a warning.
    assert any("stays masked" in line for line in system.log) == (text == "../../../dev/null")


def test_contents_replace_a_mask(system: Target) -> None:
    system.link(f"{UNITS}/foo.service", "/dev/null")
    units(system, {"name": "foo.service", "contents": SERVICE})
    assert not system.at(f"{UNITS}/foo.service").is_symlink()
    assert system.at(f"{UNITS}/foo.service").read_text() == SERVICE


def test_contents_and_mask(system: Target) -> None:
    units(system, {"name": "foo.service", "contents": SERVICE, "mask": True})
    assert str(system.at(f"{UNITS}/foo.service").readlink()) == "/dev/null"


def test_disabling(system: Target) -> None:
    system.put("/usr/lib/systemd/system/foo.service", SERVICE)
    system.put("/usr/lib/systemd/system/static.service", "[Service]\nExecStart=/bin/true\n")
    wants = system.link(
        f"{UNITS}/multi-user.target.wants/foo.service", "/usr/lib/systemd/system/foo.service"
    )
    wanted = [{"name": f"{name}.service", "enabled": False} for name in ("foo", "none", "static")]
    units(system, *wanted)
    assert not wants.is_symlink()
    assert preset(system) == "disable foo.service\ndisable static.service\n"
    first = system.tree()
    units(system, *wanted)
    assert system.tree() == first


def test_interrupted_between_preset_and_disable(system: Target) -> None:
    system.put("/usr/lib/systemd/system/foo.service", SERVICE)
    link = f"{UNITS}/multi-user.target.wants/foo.service"
    unit = {"name": "foo.service", "enabled": False}
    system.link(link, "/usr/lib/systemd/system/foo.service")
    units(system, unit)
    complete = system.tree()
    system.link(link, "/usr/lib/systemd/system/foo.service")
    units(system, unit)
    assert system.tree() == complete


def test_disabling_an_instance_does_nothing_with_a_warning(system: Target) -> None:
    # Like Ignition, but with a warning.
    system.put("/usr/lib/systemd/system/echo@.service", SERVICE)
    link = system.link(
        f"{UNITS}/multi-user.target.wants/echo@foo.service", "/usr/lib/systemd/system/echo@.service"
    )
    units(system, {"name": "echo@foo.service", "enabled": False})
    assert link.is_symlink()
    assert preset(system) == ""
    assert any("echo@foo.service is left as it is" in line for line in system.log)


def test_lines_are_sorted(system: Target) -> None:
    names = ["b.service", "a.timer", "Z.service", "a@y.service", "a.service"]
    units(system, *({"name": name, "enabled": True} for name in names))
    assert preset(system).splitlines() == [
        "enable Z.service",
        "enable a.service",
        "enable a.timer",
        "enable a@.service y",
        "enable b.service",
    ]


@pytest.mark.parametrize("there", ["# vendor\nenable other.service\n", "# no newline at the end"])
def test_existing_preset_file(system: Target, there: str) -> None:
    system.put(PRESET, there, 0o600)
    for _ in range(3):
        units(system, {"name": "x.service", "enabled": True})
        assert preset(system) == there.rstrip("\n") + "\nenable x.service\n"
        assert system.mode(PRESET) == 0o600


@pytest.mark.parametrize(
    ("names", "line"),
    [
        pytest.param(["echo@.service"], "enable echo@.service", id="template"),
        pytest.param(["echo@.service", "echo@a.service"], "enable echo@.service a", id="both"),
        pytest.param(["a@b@c.service"], "enable a@.service b@c", id="instance with an at sign"),
        pytest.param(["pg@9.3-main.service"], "enable pg@.service 9.3-main", id="dots"),
    ],
)
def test_instances(system: Target, names: list[str], line: str) -> None:
    units(system, *({"name": name, "enabled": True} for name in names))
    assert preset(system) == line + "\n"


def test_directory_at_the_path_of_a_unit(system: Target) -> None:
    system.folder(f"{UNITS}/x.service")
    with pytest.raises(Failure, match="is a directory") as caught:
        units(
            system, {"name": "y.service", "contents": "x"}, {"name": "x.service", "contents": "x"}
        )
    assert str(caught.value.origin) == "config.ign: /systemd/units/1"


def test_name_with_a_leading_hyphen_is_no_option(system: Target) -> None:
    name = "--now.service"
    system.put(f"{UNITS}/{name}", f"{SERVICE}\n[Install]\nWantedBy=multi-user.target\n")
    wants = system.link(f"{UNITS}/multi-user.target.wants/{name}", f"../{name}")
    units(system, {"name": name, "enabled": False})
    assert not wants.is_symlink()
    assert preset(system) == f"disable {name}\n"


def test_no_systemctl(system: Target) -> None:
    system.settings.programs["systemctl"] = "no-such-program"
    units(system, {"name": "x.service", "enabled": False}, {"name": "y.service", "enabled": True})
    assert preset(system) == "enable y.service\n"
    assert any("cannot tell whether x.service is enabled" in line for line in system.log)


def test_systemctl_that_fails(system: Target, tmp_path: Any) -> None:
    program = tmp_path / "systemctl"
    program.write_text('#!/bin/sh\n[ "$3" = is-enabled ] || { echo why >&2; exit 1; }\n')
    program.chmod(0o755)
    system.settings.programs["systemctl"] = str(program)
    with pytest.raises(CommandFailed, match="cannot remove symlink") as caught:
        units(system, {"name": "x.service", "enabled": False})
    assert (caught.value.code, caught.value.hint) == ("IGN3301", "why")


def test_name_with_a_slash(system: Target) -> None:
    dropins = [{"name": "sub/d.conf", "contents": "x"}]
    units(system, {"name": "a/../b/x.service", "contents": SERVICE, "dropins": dropins})
    assert system.at(f"{UNITS}/b/x.service").read_text() == SERVICE
    assert system.at(f"{UNITS}/b/x.service.d/sub/d.conf").read_text() == "x"
    assert not system.at(f"{UNITS}/a").exists()


def test_failure_of_the_only_unit(system: Target) -> None:
    system.put("/etc/systemd/system", "a file")
    with pytest.raises(Failure, match="not a directory") as caught:
        units(system, {"name": "x.service", "contents": "x"})
    assert str(caught.value.origin) == "config.ign: /systemd/units/0"


def test_unit_folder_behind_a_link(system: Target) -> None:
    system.folder("/usr/etc/systemd")
    system.link("/etc", "/usr/etc")
    units(system, {"name": "x.service", "contents": SERVICE, "enabled": True})
    assert system.at("/usr/etc/systemd/system/x.service").read_text() == SERVICE
    assert system.at("/usr/etc/systemd/system-preset/20-ignition.preset").is_file()


@pytest.mark.parametrize("there", [True, False], ids=["there", "dangling"])
def test_dropin_folder_behind_a_link(system: Target, there: bool) -> None:
    if there:
        system.folder("/usr/lib/more")
    system.link(f"{UNITS}/x.service.d", "/usr/lib/more")
    units(system, {"name": "x.service", "dropins": [{"name": "d.conf", "contents": "x"}]})
    assert system.at("/usr/lib/more/d.conf").read_text() == "x"


def test_again_changes_nothing(system: Target) -> None:
    wanted = [
        {
            "name": "a.service",
            "contents": SERVICE,
            "enabled": True,
            "dropins": [{"name": "d.conf", "contents": "x"}],
        },
        {"name": "b.service", "contents": SERVICE, "mask": True},
        {"name": "c@1.service", "enabled": True},
        {"name": "d.service", "mask": False},
    ]
    units(system, *wanted)
    before = {path: system.at(path).lstat() for path in system.tree()}
    units(system, *wanted)
    assert {path: system.at(path).lstat() for path in system.tree()} == before


def test_unit_replaces_a_file_of_the_config(system: Target) -> None:
    system.run(
        {
            "storage": {
                "files": [{"path": f"{UNITS}/x.service", "contents": {"source": "data:,x"}}]
            },
            "systemd": {"units": [{"name": "x.service", "enabled": True}]},
        },
        "units",
        "files",
    )
    assert system.at(f"{UNITS}/x.service").read_text() == "x"


def test_many_drop_ins_of_one_unit(system: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[int] = []
    listdir = os.listdir

    def watched(folder: int) -> list[str]:
        listed.append(folder)
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", watched)
    names = [f"{number}.conf" for number in range(100)]
    dropins = [{"name": name, "contents": f"# {name}\n"} for name in names]
    units(system, {"name": "a.service", "dropins": dropins})
    assert {path.name for path in system.at(f"{UNITS}/a.service.d").iterdir()} == set(names)
    assert len(listed) < 10
