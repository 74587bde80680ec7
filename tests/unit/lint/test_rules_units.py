# SPDX-License-Identifier: Apache-2.0
"""Lint rules for units: what systemd ignores or refuses to load, with the line in the unit."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

from ignition.lint import unit_keys, unit_names
from ignition.lint.embedded import Embedded
from ignition.lint.run import lint
from ignition.lint.unit_text import UnitText
from tests.unit.lint.lint_cases import codes, config, file, linted, of_unit, of_units, url

RUN = "[Service]\nExecStart=/x\n"


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (RUN, []),
        ("# comment\n; comment\n\n" + RUN, []),
        ("Description=x\n" + RUN, ["IGN1911 a.service 1:1"]),
        (RUN + "[X-Mine]\nFoo=bar\n", []),
        (RUN + "X-Foo=bar\n", []),
        (RUN + "[Servce]\n", ["IGN1913 a.service 3:1"]),
        (RUN + "[service]\n", ["IGN1913 a.service 3:1"]),
        (RUN + "[Mount]\nWhat=/dev/x\n", ["IGN1913 a.service 3:1"]),
        (RUN + "After=b.service\n", ["IGN1914 a.service 3:1"]),
        ("[Unit]\nWantedBy=multi-user.target\n" + RUN, ["IGN1914 a.service 2:1"]),
        (RUN + "  Restrt=always\n", ["IGN1915 a.service 3:3"]),
        (RUN + "restart=always\n", ["IGN1915 a.service 3:1"]),
        (RUN + "SomethingNew=always\n", ["IGN1916 a.service 3:1"]),
        (RUN + "RemainAfterExit=maybe\n", ["IGN1917 a.service 3:17"]),
        (RUN + "RemainAfterExit=Yes\nNoNewPrivileges=off\nPrivateTmp=\n", []),
        (RUN + "RestartSec=soon\n", ["IGN1918 a.service 3:12"]),
        (RUN + "RestartSec=5x\n", ["IGN1918 a.service 3:12"]),
        (
            RUN + "RestartSec=5min 20s\nTimeoutStartSec=infinity\nWatchdogSec=1.5\nTimeoutSec=2h\n",
            [],
        ),
        (RUN + "TimeoutSec=100ms\nTimeoutStopSec=%i\n", []),
        (RUN + "Type=onshot\n", ["IGN1919 a.service 3:6"]),
        (RUN + "Restart=on-fail\n", ["IGN1919 a.service 3:9"]),
        (RUN + "KillMode=mixed\nType=notify-reload\nRestart=on-abnormal\n", []),
        ("[Unit]\nAfter=network-online\n" + RUN, ["IGN1920 a.service 2:7"]),
        ("[Unit]\nAfter=a.service  b\n" + RUN, ["IGN1920 a.service 2:18"]),
        ("[Unit]\nAfter=-.mount dev-disk-by\\x2dlabel-a.device b@%i.service\n" + RUN, []),
        (RUN + "[Install]\nWantedBy=multi-user\n", ["IGN1920 a.service 4:10"]),
    ],
)
def test_lines_that_systemd_ignores(contents: str, said: list[str]) -> None:
    assert of_unit("a.service", contents) == said


def test_line_without_setting_or_section() -> None:
    """The engine itself rejects lines without `=` (IGN1904); lint locates those that it accepts."""
    assert of_unit("a.service", "stray\n" + RUN) == ["IGN1912 a.service 1:1"]
    assert of_unit("a.service", RUN + "\nfoo\n") == [
        "IGN1904 /systemd/units/0/contents",
        "IGN1912 a.service 4:1",
    ]


SYSTEMD = "/lib/systemd/systemd"


@pytest.mark.skipif(not os.path.exists(SYSTEMD), reason="systemd is not here")
def test_every_setting_of_the_installed_systemd_is_known() -> None:
    def said(flag: str) -> str:
        return subprocess.run([SYSTEMD, flag], capture_output=True, text=True, check=True).stdout

    version = said("--version").split()[1]
    if int(version.partition("~")[0].partition(".")[0]) > 258:
        pytest.skip(f"systemd {version} is newer than the table")
    items = said("--dump-configuration-items")
    section, unknown = "", []
    for line in items.splitlines():
        if line.startswith("["):
            section = line[1:-1]
        elif "=" in line and line.partition("=")[0] not in unit_keys.SECTIONS[section]:
            unknown.append(f"[{section}] {line}")
    assert unknown == []


def test_dropins_are_merged_into_their_unit() -> None:
    assert of_unit("a.service", RUN, "[Service]\nRestrt=no\n") == ["IGN1915 a.service.d/0.conf 2:1"]
    assert of_unit("a.service", "", "[Service]\nRestart=no\n") == []
    assert of_unit("a.service", "", "[Mount]\n") == ["IGN1913 a.service.d/0.conf 1:1"]


def test_time_span_is_parsed_in_linear_time() -> None:
    assert of_unit("a.service", RUN + "RestartSec=" + "1" * 1500 + "x\n") == [
        "IGN1918 a.service 3:12"
    ]


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ("[Unit]\nDescription=x\n[Service]\nRestart=always\n", ["IGN1921 a.service 3:1"]),
        ("[Unit]\nDescription=x\n", ["IGN1921 a.service 1:1"]),
        ("[Service]\nType=simple\nExecStop=/x\n", ["IGN1921 a.service 1:1"]),
        ("[Service]\nType=oneshot\nExecStop=/x\n", ["IGN1921 a.service 1:1"]),
        ("[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=/x\n", []),
        ("[Service]\nRemainAfterExit=yes\nExecStop=/x\n", []),
        ("[Unit]\nSuccessAction=reboot\n[Service]\nType=oneshot\n", []),
        (RUN + "ExecStart=\n", ["IGN1921 a.service 1:1"]),
        (RUN + "ExecStart=/y\n", ["IGN1922 a.service 3:1"]),
        (RUN + "Type=oneshot\nExecStart=/y\n", []),
        (RUN + "ExecStart=\nExecStart=/y\n", []),
        ("[Service]\nExecStart=bin/x\n", ["IGN1923 a.service 2:11"]),
        ("[Service]\nExecStart=-./x\n", ["IGN1923 a.service 2:11"]),
        ("[Service]\nExecStart=~/x\n", ["IGN1923 a.service 2:11"]),
        ("[Service]\nExecStart=$PROGRAM\n", ["IGN1923 a.service 2:11"]),
        ("[Service]\nExecStart=-@!/x arg\n", []),
        ("[Service]\nExecStart=podman run x\n", []),
        (RUN + "ExecStartPre=/bin/echo a > /y\n", ["IGN1924 a.service 3:14"]),
        (RUN + "ExecStartPre=/bin/a && /bin/b\n", ["IGN1924 a.service 3:14"]),
        (RUN + "ExecStartPre=/bin/sh -c 'a && b > c | d'\n", []),
        (RUN + 'ExecStartPre=/bin/sh -c "echo \\"a\\" | b"\n', []),
        (RUN + "Type=oneshot\nRestart=always\n", ["IGN1925 a.service 4:9"]),
        (RUN + "Type=oneshot\nRestart=on-failure\n", []),
        (RUN + "Type=dbus\n", ["IGN1930 a.service 1:1"]),
        (RUN + "Type=dbus\nBusName=org.example.A\n", []),
    ],
)
def test_commands_of_a_service(contents: str, said: list[str]) -> None:
    assert of_unit("a.service", contents) == said


def test_dropin_may_set_the_command_and_must_reset_it_to_replace_it() -> None:
    assert of_unit("a.service", "[Service]\nRestart=no\n", RUN) == []
    assert of_unit("a.service", RUN, "[Service]\nExecStart=/y\n") == [
        "IGN1922 a.service.d/0.conf 2:1"
    ]
    assert of_unit("a.service", RUN, "[Service]\nExecStart=\nExecStart=/y\n") == []


def test_command_may_come_from_another_config() -> None:
    more = config(
        systemd={"units": [{"name": "a.service", "dropins": [{"name": "x.conf", "contents": RUN}]}]}
    )
    unit = {"name": "a.service", "contents": "[Service]\nRestart=no\n"}
    assert (
        codes(ignition={"config": {"merge": [{"source": url(more)}]}}, systemd={"units": [unit]})
        == []
    )


@pytest.mark.parametrize(
    ("name", "contents", "said"),
    [
        ("var-lib-x.mount", "[Mount]\nWhat=/dev/vdb\nWhere=/var/lib/x\n", []),
        ("var-lib-x.mount", "[Mount]\nWhat=/dev/vdb\nWhere=/var/lib/x/\n", []),
        (r"var-my\x2ddata.mount", "[Mount]\nWhat=/dev/vdb\nWhere=/var/my-data\n", []),
        ("-.mount", "[Mount]\nWhat=/dev/vdb\nWhere=/\n", []),
        ("data.mount", "[Mount]\nWhat=/dev/vdb\nWhere=/var/data\n", ["IGN1926 data.mount 3:7"]),
        ("data.automount", "[Automount]\nWhere=/var/data\n", ["IGN1926 data.automount 2:7"]),
        ("dev-vdb.swap", "[Swap]\nWhat=/dev/vdb\n", []),
        ("swap.swap", "[Swap]\nWhat=/dev/vdb\n", ["IGN1926 swap.swap 2:6"]),
        ("dev-vdb.swap", "[Swap]\nPriority=1\n", ["IGN1929 dev-vdb.swap 1:1"]),
        ("data.mount", "[Unit]\nDescription=x\n[Mount]\nWhere=/data\n", ["IGN1927 data.mount 3:1"]),
        ("data.mount", "[Mount]\nWhat=/dev/vdb\n", ["IGN1929 data.mount 1:1"]),
        ("a.socket", "[Socket]\nListenStream=80\n", []),
        ("a.socket", "[Socket]\nAccept=no\n", ["IGN1928 a.socket 1:1"]),
        ("a.timer", "[Timer]\nOnCalendar=daily\n", []),
        ("a.timer", "[Timer]\nPersistent=true\n", ["IGN1928 a.timer 1:1"]),
        ("a.path", "[Path]\nPathExists=/x\n", []),
        ("a.path", "[Path]\nUnit=b.service\n", ["IGN1928 a.path 1:1"]),
        ("a.target", "[Unit]\nDescription=x\n", []),
        ("a.slice", "[Slice]\nMemoryMax=1G\n", []),
    ],
)
def test_requirements_of_other_unit_types(name: str, contents: str, said: list[str]) -> None:
    assert of_unit(name, contents) == said


def test_unit_files_in_storage_are_checked() -> None:
    files = [
        file("/etc/systemd/system/a.service", "[Service]\nExecStart=./x\n"),
        file("/etc/systemd/system/b.service.d/x.conf", "[Service]\nRestrt=no\n"),
        file("/etc/systemd/other/c.service", "[Service]\nRestrt=no\n"),
    ]
    found = linted(storage={"files": files})
    assert [(each.code, each.inner.name if each.inner else "") for each in found] == [
        ("IGN1923", "/etc/systemd/system/a.service"),
        ("IGN1915", "/etc/systemd/system/b.service.d/x.conf"),
    ]


def test_file_shadowed_by_a_unit() -> None:
    unit = {"name": "a.service", "contents": RUN, "dropins": [{"name": "x.conf", "contents": RUN}]}
    for path, said in (
        ("/usr/local/lib/systemd/system/a.service", ["IGN1931 /storage/files/0/path"]),
        ("/usr/local/lib/systemd/system/a.service.d/x.conf", ["IGN1931 /storage/files/0/path"]),
        ("/usr/local/lib/systemd/system/b.service", []),
    ):
        units = {"units": [{**unit, "dropins": []} if path.endswith("a.service") else unit]}
        found = codes(systemd=units, storage={"files": [file(path, "x=y")]})
        assert [each for each in found if "IGN1931" in each] == said


def test_file_at_the_path_of_a_masked_unit() -> None:
    units = {"units": [{"name": "a.service", "mask": True}]}
    files = [file("/etc/systemd/system/a.service", RUN)]
    assert codes(systemd=units, storage={"files": files}) == ["IGN1932 /storage/files/0/path"]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"mask": True}, []),
        ({"mask": True, "enabled": False}, []),
        ({"mask": True, "enabled": True}, ["IGN1935 0/mask"]),
        ({"mask": True, "contents": RUN}, ["IGN1935 0/mask"]),
        ({"mask": False, "contents": RUN}, []),
        ({"dropins": [{"name": "x.conf"}]}, ["IGN1936 0/dropins/0"]),
        ({"dropins": [{"name": "x.conf", "contents": ""}]}, []),
    ],
)
def test_unit_with_discarded_settings(members: dict[str, Any], said: list[str]) -> None:
    assert of_units({"name": "a.service", **members}) == said


ENABLED = "[Service]\nExecStart=/x\n[Install]\nWantedBy=multi-user.target\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("docker.service", []),
        ("helo.service", ["IGN1933 1/name"]),
        ("hello.socket", []),
        ("hello2.service", []),
    ],
)
def test_enabled_unit_without_contents(name: str, said: list[str]) -> None:
    hello = {"name": "hello.service", "enabled": True, "contents": ENABLED}
    assert of_units(hello, {"name": name, "enabled": True}) == said


def test_generated_unit_cannot_be_enabled() -> None:
    quadlet = file("/etc/containers/systemd/web.container", "[Container]\nImage=x\n")
    unit = {"name": "web.service", "enabled": True}
    assert of_units(unit, storage={"files": [quadlet]}) == ["IGN1934 0/name"]
    assert of_units({**unit, "enabled": False}, storage={"files": [quadlet]}) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "-"),
        ("/var/lib/data", "var-lib-data"),
        ("//var//lib/", "var-lib"),
        ("/my-data", r"my\x2ddata"),
        ("/.hidden", r"\x2ehidden"),
        ("/a/.b", "a-.b"),
        ("/ä b", r"\xc3\xa4\x20b"),
    ],
)
def test_path_escaping_in_unit_names(path: str, name: str) -> None:
    """The names are the output of systemd-escape --path."""
    assert unit_names.escape_path(path) == name


def test_unit_text_is_parsed_like_systemd() -> None:
    text = "[A]\nx = 1 \\\n# between\n   2\\\n3\n;no\ny=\n"
    read = UnitText(Embedded("a", (), text))
    assert [(each.section, each.name, each.value) for each in read.settings] == [
        ("A", "x", "1  2 3"),
        ("A", "y", ""),
    ]
    start, end = read.settings[0].value_span
    assert text[start:end] == "1 \\\n# between\n   2\\\n3"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_verify_runs_on_request() -> None:
    unit = {
        "name": "ignition-lint-a.service",
        "contents": "[Service]\nExecStart=/bin/true\nCPUWeight=what\n",
    }
    text = config(systemd={"units": [unit]})
    assert lint(text, "test.ign") == []
    found = lint(text, "test.ign", systemd_verify=True)
    assert [each.code for each in found] == ["IGN1938"]
    assert found[0].inner is not None
    assert (found[0].inner.name, found[0].inner.line) == ("ignition-lint-a.service", 3)


def test_missing_systemd_analyze_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    text = config(systemd={"units": [{"name": "a.service", "contents": RUN}]})
    assert [each.code for each in lint(text, "test.ign", systemd_verify=True)] == ["IGN1939"]
