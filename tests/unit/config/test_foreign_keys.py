# SPDX-License-Identifier: Apache-2.0
"""Hints for keys, values and documents of other config formats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ignition.config.check import check
from ignition.lint.run import lint

START = '{"ignition":{"version":"3.4.0"},'


def hints(text: str) -> list[str]:
    found = [each.hint for each in check(text.encode(), "c").findings]
    failure = check(text.encode(), "c").failure
    return found or [failure.hint if failure else ""]


def hint_of_key(path: str) -> str:
    """The hint for a key at a path; components in brackets are lists."""
    *above, key = path.split(".")
    inner: Any = {key: {}}
    for step in reversed(above):
        inner = {step.removesuffix("[]"): [inner] if step.endswith("[]") else inner}
    value = {"ignition": {"version": "3.4.0", **inner.pop("ignition", {})}, **inner}
    found = check(json.dumps(value).encode(), "c").findings
    (hint,) = [each.hint for each in found if each.message == f"unused key {key}"]
    return hint


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0644", "write 420 for 0644"),
        ("01777", "write 1023 for 01777"),
        ("0o755", "write 493 for 0o755"),
        ("0x1a4", "write 420 for 0x1a4"),
        ("0689", "no leading zero: 0689"),
        ("1 2", "a comma is missing"),
        ("0 6", "a comma is missing"),
    ],
)
@pytest.mark.parametrize("ending", ["}]}}", ',"path":"/a"}]}}'])
def test_hint_for_number_literals_of_other_languages(
    number: str, expected: str, ending: str
) -> None:
    (hint,) = hints(f'{START}"storage":{{"files":[{{"mode":{number}{ending}')
    assert expected in hint


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("networkd", "/etc/systemd/network"),
        ("ignition.config.append", "merge"),
        ("storage.files[].filesystem", "root of the machine"),
        ("storage.filesystems[].name", "spec 2"),
        ("storage.filesystems[].mount", "the filesystem itself"),
        ("storage.disks[].partitions[].size", "sizeMiB"),
        ("storage.arrays", "raid"),
        ("passwd.users[].create", "the user itself"),
        ("passwd.users[].password", "passwordHash"),
        ("systemd.units[].enable", "enabled"),
        ("variant", "Butane"),
        ("boot_device", "Butane"),
        ("storage.trees", "Butane"),
        ("storage.files[].contents.inline", "data:,TEXT"),
        ("storage.files[].contents.local", "Butane"),
        ("storage.files[].append[].inline", "data:,TEXT"),
        ("storage.filesystems[].with_mount_unit", "systemd.units"),
        ("systemd.units[].contents_local", "Butane"),
        ("systemd.units[].dropins[].contents_local", "Butane"),
        ("passwd.users[].ssh_authorized_keys_local", "sshAuthorizedKeys"),
        ("passwd.users[].ssh_authorized_keys", "write sshAuthorizedKeys"),
        ("files", "belongs in storage"),
        ("units", "belongs in systemd"),
    ],
)
def test_hint_for_keys_of_other_formats(path: str, expected: str) -> None:
    assert expected in hint_of_key(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"apiVersion":"v1","kind":"MachineConfig","spec":{}}', "spec.config"),
        ('{"apiVersion":"v1","kind":"Secret"}', "Kubernetes"),
        ("apiVersion: v1\nkind: MachineConfig\nmetadata:\n", "spec.config"),
        ("---\napiVersion: v1\nkind: Pod\n", "Kubernetes"),
        ("---\nvariant: fcos\nversion: 1.5.0\n", "Butane"),
        ("variant: fcos\nversion: 1.5.0\n", "Butane"),
        ('{"variant":"fcos","version":"1.5.0"}', "Butane"),
    ],
)
def test_hint_for_documents_of_other_formats(text: str, expected: str) -> None:
    (hint,) = hints(text)
    assert expected in hint


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ('"storage":{"files":[{"path":"/a","append":true}]}', "in spec 3 it is a list"),
        ('"storage":{"files":[{"path":"/a","contents":"x"}]}', "data:,TEXT"),
        ('"systemd":{"units":{"name":"a.service"}}', "put it in brackets"),
    ],
)
def test_hint_for_values_of_other_formats(members: str, expected: str) -> None:
    (hint,) = hints(f"{START}{members}}}")
    assert expected in hint


@pytest.mark.parametrize(
    ("mode", "version", "code", "hint"),
    [
        (755, "3.4.0", "IGN1851", "write 493 for mode 0755"),
        (755, "3.6.0", "IGN1851", "write 493 for mode 0755"),
        (4755, "3.4.0", "IGN1402", "write 2541 for mode 04755"),
        (1023, "3.4.0", "IGN1403", "use spec 3.6.0 or newer if you need them; this spec drops the bits"),
    ],
)  # fmt: skip
def test_octal_mode_is_one_finding(mode: int, version: str, code: str, hint: str) -> None:
    folder = {"path": "/a", "mode": mode}
    value = {"ignition": {"version": version}, "storage": {"directories": [folder]}}
    found = lint(json.dumps(value).encode(), "c")
    assert [(each.code, each.hint) for each in found] == [(code, hint)]
