# SPDX-License-Identifier: Apache-2.0
"""Units and drop-ins."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.rule_cases import ALL, NEWEST, findings_at, findings_in

UNIT = "[Unit]\nA=b\n"
INSTALL = "[Install]\nWantedBy=x\n"
TYPES = [
    *["service", "socket", "device", "mount", "automount", "swap"],
    *["target", "path", "timer", "snapshot", "slice", "scope"],
]
EXTENSION = "error name: invalid systemd unit extension"
DROPIN_EXTENSION = "error dropins.0.name: invalid systemd drop-in extension"
CONFLICT = "path conflicts with systemd unit or dropin"
NOTHING_TO_ENABLE = (
    'warning contents: unit "a.service" is enabled, but has no install section so enable does'
    " nothing"
)


def unit(value: dict[str, Any], version: str = NEWEST) -> list[str]:
    return findings_at("systemd.units.0", {"name": "a.service", **value}, version)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        *[(f"a.{kind}", True) for kind in TYPES],
        (".service", True),
        ("a b\n/c.service", True),
        ("a@.service", True),
        ("a.conf.service", True),
        ("", False),
        ("a", False),
        ("a.conf", False),
        ("a.Service", False),
        ("a.service/", False),
        ("a.service/b", False),
        ("a.service ", False),
        ("a.", False),
    ],
)
def test_unit_names(name: str, good: bool) -> None:
    for version in ALL:
        assert unit({"name": name}, version) == ([] if good else [EXTENSION])


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("1.conf", True),
        (".conf", True),
        ("a/b.conf", True),
        ("1", False),
        ("1.CONF", False),
        ("", False),
    ],
)
def test_dropin_names(name: str, good: bool) -> None:
    for version in ALL:
        assert unit({"dropins": [{"name": name}]}, version) == ([] if good else [DROPIN_EXTENSION])


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        ("", ""),
        (UNIT, ""),
        ("no unit", ""),
        ("[Unit]\nFoo", "EOF"),
        ("[Unit]\nFoo\n", "unexpected newline encountered while parsing option name"),
        ("[Unit", "unable to find end of section"),
        ("[Unit] x", "found garbage after section name"),
        ("[Unit]\nA=" + "x" * 3000, "line too long (max 2048 bytes)"),
    ],
    ids=lambda value: value[:30],
)
def test_contents(contents: str, problem: str) -> None:
    for version in ALL:
        words = [f"error contents: invalid unit content: {problem}"] if problem else []
        assert unit({"contents": contents}, version) == words
        assert unit({"contents": contents, "enabled": False, "mask": True}, version) == words
        dropins = [{"name": "1.conf", "contents": contents}]
        assert unit({"dropins": dropins}, version) == [
            line.replace("contents", "dropins.0.contents", 1) for line in words
        ]


@pytest.mark.parametrize(
    ("contents", "warned"),
    [
        (UNIT, True),
        (INSTALL, False),
        ("[Install]\n", True),
        ("[Install]\n#WantedBy=x\n", True),
        ("[Install]\nX=\n", False),
        ("[install]\nWantedBy=x\n", True),
        ("[Install ]\nWantedBy=x\n", True),
        ("[A]\nB=c\\\n[Install]\nD=e\n", True),
        ("# nothing", True),
        ("", False),
    ],
)
def test_enabled_needs_an_install_section(contents: str, warned: bool) -> None:
    for version in ALL:
        assert (
            unit({"contents": contents, "enabled": True}, version) == [NOTHING_TO_ENABLE] * warned
        )
        assert unit({"contents": contents, "enabled": False}, version) == []
        assert unit({"contents": contents}, version) == []


def test_names_in_warnings_are_quoted_as_go_does() -> None:
    found = unit({"name": 'a"\n\u00e9.service', "contents": UNIT, "enabled": True})
    assert found[0].startswith(r'warning contents: unit "a\"\n' + '\u00e9.service" is enabled')


def test_enabled_without_contents_is_fine() -> None:
    assert unit({"enabled": True}) == []


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("a@b.service", "a@.service"),
        ("a@b@c.service", "a@.service"),
        ("@@b.service", "@@.service"),
        ("a@@.service", "a@.service"),
        ("x/a@b.service", "x/a@.service"),
    ],
)
def test_warning_for_an_instance_of_a_template_without_install(name: str, template: str) -> None:
    for version in ALL:
        units: list[dict[str, Any]] = [
            {"name": name, "enabled": True},
            {"name": template, "contents": UNIT},
        ]
        assert findings_at("systemd.units", units, version) == [
            f'warning 0.contents: template unit "{template}" for "{name}" doesn\'t have Install section'
        ]
        units[0]["enabled"] = False
        assert findings_at("systemd.units", units, version) == []
        units[0]["enabled"] = True
        for contents in INSTALL, "":
            units[1]["contents"] = contents
            assert findings_at("systemd.units", units, version) == []
        del units[1]["contents"]
        assert findings_at("systemd.units", units, version) == []


@pytest.mark.parametrize("name", ["a@.service", "@b.service", "a@b\n.service", "\na@b.service"])
def test_names_that_are_not_instances(name: str) -> None:
    units = [{"name": name, "enabled": True}, {"name": "@.service", "contents": UNIT}]
    units += [{"name": "\na@.service", "contents": UNIT}]
    if name != "a@.service":
        units += [{"name": "a@.service", "contents": UNIT}]
    assert findings_at("systemd.units", units) == []


def test_only_services_have_templates_here() -> None:
    units = [{"name": "a@b.timer", "enabled": True}, {"name": "a@.timer", "contents": UNIT}]
    assert findings_at("systemd.units", units) == []


def test_last_of_two_templates_counts() -> None:
    units = [
        {"name": "a@b.service", "enabled": True},
        {"name": "a@.service", "contents": UNIT},
        {"name": "a@.service", "contents": INSTALL},
    ]
    assert findings_at("systemd.units", units) == ["error 2: duplicate entry defined"]


def test_invalid_template_is_reported_once() -> None:
    units = [{"name": "a@b.service", "enabled": True}, {"name": "a@.service", "contents": "[U"}]
    assert findings_at("systemd.units", units) == [
        "error 1.contents: invalid unit content: unable to find end of section"
    ]


def test_enabled_template_is_checked_as_a_unit() -> None:
    found = unit({"name": "a@.service", "enabled": True, "contents": UNIT})
    assert found == [NOTHING_TO_ENABLE.replace("a.service", "a@.service")]


@pytest.mark.parametrize("kind", ["files", "directories", "links"])
def test_nodes_conflict_with_paths_of_units(kind: str) -> None:
    for version in ALL:
        folder = "/etc/systemd/system"
        paths = ["a.service", "a.service.d/1.conf", "a.service.d/2.conf", "b.service", "c.service"]
        storage = {kind: [{"path": f"{folder}/{path}", "target": "/t"} for path in paths]}
        dropins = [{"name": "1.conf", "contents": UNIT}, {"name": "2.conf"}]
        units = [{"name": "a.service", "contents": UNIT, "dropins": dropins}]
        units += [{"name": "b.service", "contents": ""}]
        assert findings_in({"storage": storage, "systemd": {"units": units}}, version) == [
            f"error storage.{kind}.0.path: {CONFLICT}",
            f"error storage.{kind}.1.path: {CONFLICT}",
        ]


def test_order_of_all() -> None:
    nodes = [{"path": "/etc/systemd/system/a@.service", "target": "/t"}]
    bad = {"name": "x", "contents": "[U", "dropins": [{"name": "y", "contents": "[U"}]}
    units = [
        bad,
        {"name": "a@.service", "contents": UNIT},
        {"name": "a@b.service", "enabled": True},
    ]
    config = {
        "ignition": {"proxy": {"httpProxy": ""}},
        "storage": {"files": nodes, "directories": nodes, "links": [*nodes, {"path": "x"}]},
        "systemd": {"units": units},
    }
    assert [line.split(": ")[0].split(" ")[1] for line in findings_in(config)] == [
        "storage.files.0.path",
        "storage.directories.0.path",
        "storage.links.0.path",
        "ignition.proxy.httpProxy",
        "storage.links.1.target",
        "storage.links.1.path",
        "systemd.units.2.contents",
        "systemd.units.0.name",
        "systemd.units.0.contents",
        "systemd.units.0.dropins.0.contents",
        "systemd.units.0.dropins.0.name",
        "storage.files.0",
        "storage.links.0",
    ]


@pytest.mark.parametrize("version", ALL)
def test_passwd_and_kernel_arguments_have_no_rules(version: str) -> None:
    users = [{"name": "", "uid": -1, "passwordHash": "x", "shell": "no path"}]
    assert findings_in({"passwd": {"users": users, "groups": [{"gid": -1}]}}, version) == []
    assert findings_in({"kernelArguments": {"shouldExist": ["", "a b"]}}, "3.3.0") == []
