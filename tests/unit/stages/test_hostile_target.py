# SPDX-License-Identifier: Apache-2.0
"""Hostile targets: a failure with a code, never a hang, and no loss of foreign files."""

from __future__ import annotations

import json
import os
import stat
from typing import Any

import pytest

from ignition.base.errors import Failure
from tests.support.skeleton import furnish
from tests.support.special_files import KINDS, put
from tests.support.target import Target

JOURNAL = "/etc/.ignition-journal"
RESULT = "/etc/.ignition-result.json"
ALL = ("prepare", "users", "files", "units", "finish")
CONFIG: dict[str, Any] = {
    "passwd": {
        "users": [{"name": "core", "shell": "/bin/sh"}, {"name": "new", "homeDir": "/home/new"}]
    },
    "storage": {"files": [{"path": "/f", "append": [{"source": "data:,x"}]}]},
    "systemd": {
        "units": [{"name": "a.service", "enabled": True}, {"name": "b.service", "enabled": False}]
    },
}
PLACES = (
    JOURNAL,
    RESULT,
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/subuid",
    "/etc/passwd-",
    "/etc/group+",
    "/etc/.pwd.lock",
    "/etc/login.defs",
    "/etc/default/useradd",
    "/etc/nsswitch.conf",
    "/etc/selinux/config",
    "/etc/selinux/targeted/contexts/files/file_contexts",
    "/etc/selinux/targeted/contexts/files/file_contexts.local",
    "/etc/systemd/system-preset/20-ignition.preset",
    "/etc/systemd/system/b.service",
    "/usr/lib/systemd/system/b.service",
)


@pytest.fixture
def system(target: Target) -> Target:
    furnish(target)
    target.settings.selinux_relabel = True
    target.settings.programs["setfiles"] = "true"
    target.put("/etc/selinux/config", "SELINUXTYPE=targeted\n")
    target.put("/etc/selinux/targeted/contexts/files/file_contexts")
    target.settings.programs["is-live-image"] = "false"
    return target


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "link"])
@pytest.mark.parametrize("place", PLACES)
def test_special_file_is_refused_before_anything_is_changed(
    system: Target, place: str, kind: str
) -> None:
    path = system.at(place)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    put(path, kind)
    before = system.at("/etc").stat().st_mtime_ns, sorted(system.at("/etc").iterdir())
    with pytest.raises(Failure) as caught:
        system.run(CONFIG, *ALL)
    assert caught.value.code == ("IGN3403" if kind == "sparse" else "IGN3402")
    assert (system.at("/etc").stat().st_mtime_ns, sorted(system.at("/etc").iterdir())) == before
    assert not system.at("/f").exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a":' * 700 + "1" + "}" * 700, ""),
        ("[" * 700 + "]" * 700, ""),
        ('["\\ud800", "\\udc00x"]', ""),
        ('{"\\ud800": 1, "\\u0000": "\\u0000"}', ""),
        ("[1e400]", "IGN3503"),
        ("[-1e400]", "IGN3503"),
        ("[NaN]", "IGN3503"),
        ('["\0"]', "IGN3503"),
        ("9" * 5000, "IGN3503"),
        ("[" * 9000, "IGN3503"),
        ("[" * 9000 + "]" * 9000, "IGN3503"),
        ("[" * 900 + "1," * 1_000_000 + "1" + "]" * 900, "IGN3503"),
        ("[" + "[]," * 5_000_000 + "[]]", "IGN3503"),
        ('{"engine": {"configDigest": 1, "journal": 3}}', ""),
        ('"text"', ""),
        ("null", ""),
    ],
    ids=range(16),
)
def test_earlier_result_with_odd_contents(system: Target, text: str, code: str) -> None:
    system.put(RESULT, text)
    if code:
        with pytest.raises(Failure) as caught:
            system.run({}, *ALL)
        assert caught.value.code == code
        assert system.at(RESULT).read_text() == text
        return
    for _ in range(2):
        system.run({}, *ALL)
        json.loads(system.at(RESULT).read_bytes().decode())


def notes_of(system: Target) -> list[dict[str, Any]]:
    """The journal of a run of the config that was interrupted right before its end."""
    system.run(CONFIG, "prepare", "users", "files", "units")
    return [json.loads(line) for line in system.at(JOURNAL).read_text().splitlines() if line]


def forge(system: Target, *notes: dict[str, Any]) -> None:
    system.at(JOURNAL).write_text("".join(json.dumps(note) + "\n" for note in notes))


def digest(system: Target) -> str:
    """The digest in the notes of this config."""
    config = str(notes_of(system)[0]["config"])
    system.at(JOURNAL).unlink()
    return config


@pytest.mark.parametrize(
    "home", ["/etc", "/", "/home/core", "/home", "/usr", "/etc/skel", "/../../etc"]
)
@pytest.mark.parametrize("before", [None, "0" * 64])
@pytest.mark.parametrize("user", ["core", "new"])
def test_forged_note_deletes_nothing(
    system: Target, home: str, before: str | None, user: str
) -> None:
    system.put("/home/core/precious", "keep", owner=(500, 500))
    system.put("/usr/bin/tool", "keep")
    config = digest(system)
    tree = system.tree()
    note = {"config": config, "kind": "account", "key": f"user:{user}", "state": "begun"}
    for facts in (
        {"home": home, "had_home": False, "before": before},
        {"moved_from": home, "before": before},
        {"home": home, "had_home": False, "moved_from": home},
    ):
        forge(system, {**note, **facts})
        system.run(CONFIG, "prepare", "users")
        system.at(JOURNAL).unlink()
        after = system.tree()
        lost = {path for path in tree if path not in after and not path.endswith("-")}
        assert lost == set()
        for table in ("etc/passwd", "etc/group", "etc/shadow"):
            assert after[table] == tree[table]


def test_forged_note_deletes_no_group(system: Target) -> None:
    groups = {"passwd": {"groups": [{"name": "docker"}]}}
    system.run({"passwd": {"groups": [{"name": "docker", "gid": 233}]}}, "prepare", "users")
    config = "sha512-" + "0" * 128
    before = system.at("/etc/group").read_text()
    system.at(JOURNAL).unlink(missing_ok=True)
    system.state.config_sha512, system.state.origins = "0" * 128, {}
    note = {
        "config": config,
        "kind": "account",
        "key": "group:docker",
        "state": "begun",
        "new": True,
    }
    for facts in ({}, {"before": "0" * 64}):
        forge(system, {**note, **facts})
        system.run(groups, "prepare", "users")
        assert system.at("/etc/group").read_text() == before


ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    1 << 70,
    "",
    "x",
    "/..",
    "/\0",
    [],
    [1],
    {},
    {"a": 1},
    [None],
    ["x"],
)


@pytest.mark.parametrize("odd", ODD, ids=[repr(odd) for odd in ODD])
def test_notes_of_odd_types_are_skipped(system: Target, odd: Any) -> None:
    notes = notes_of(system)
    names = {name for note in notes for name in note}
    forged = [{**note, name: odd} for note in notes for name in names if name != "config"]
    forged += [
        {name: note[name] for name in note if name != left} for note in notes for left in note
    ]
    forge(system, *forged)
    system.run(CONFIG, *ALL)
    assert not system.at(JOURNAL).exists()


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 700 + "1" + "}" * 700, "\0" * 100, "1e400", '"\\ud800"', "9" * 5000],
    ids=range(6),
)
def test_invalid_lines(system: Target, text: str) -> None:
    system.put(JOURNAL, f"{text}\n{text}")
    system.run(CONFIG, *ALL)
    assert not system.at(JOURNAL).exists()


@pytest.mark.parametrize("how", ["owner", "second name", "link"])
def test_foreign_journal(system: Target, how: str) -> None:
    precious = system.put("/etc/precious", "keep")
    if how == "owner":
        system.put(JOURNAL, "", owner=(1000, 1000))
    elif how == "second name":
        system.at(JOURNAL).hardlink_to(precious)
    else:
        system.link(JOURNAL, "precious")
    with pytest.raises(Failure) as caught:
        system.run(CONFIG, *ALL)
    assert caught.value.code == ("IGN3402" if how == "link" else "IGN3405")
    assert precious.read_text() == "keep"


def test_temporary_files_of_another_config_are_removed(system: Target) -> None:
    config = {
        "passwd": {"users": [{"name": "core", "sshAuthorizedKeys": ["k"]}]},
        "storage": {
            "files": [
                {"path": "/var/lib/a/f", "overwrite": True, "contents": {"source": "data:,x"}}
            ]
        },
        "systemd": {
            "units": [{"name": "a.service", "dropins": [{"name": "d.conf", "contents": "[Unit]"}]}]
        },
    }
    system.run(config, "prepare", "users", "files", "units")
    folders = (
        "/var/lib/a",
        "/etc",
        "/etc/systemd/system",
        "/etc/systemd/system/a.service.d",
        "/home/core/.ssh/authorized_keys.d",
    )
    for folder in folders:
        system.put(f"{folder}/.ignition-tmp-0badc0de-7", "half")
        system.put(f"{folder}/.ignition-tmp-notes", "keep")
        system.put(f"{folder}/.ignition-tmp-0badc0de-8/precious", "keep")
    system.run({}, *ALL)
    for folder in folders:
        names = {path.name for path in system.at(folder).glob(".ignition-tmp-*")}
        assert names == {".ignition-tmp-notes", ".ignition-tmp-0badc0de-8"}
    assert not system.at(JOURNAL).exists()


@pytest.mark.parametrize("name", ["../../../x", "..", "a/b"])
def test_a_policy_is_a_name(system: Target, name: str) -> None:
    system.put("/etc/selinux/config", f"SELINUXTYPE={name}\n")
    with pytest.raises(Failure) as caught:
        system.run(CONFIG, *ALL)
    assert caught.value.code == "IGN3404"


def test_temporary_files_are_removed_without_a_readable_passwd(system: Target) -> None:
    files = {"storage": {"files": [{"path": "/f", "contents": {"source": "data:,x"}}]}}
    system.at("/etc/passwd").unlink()
    os.mknod(system.at("/etc/passwd"), stat.S_IFCHR | 0o600, os.makedev(1, 5))
    system.put(JOURNAL, "")
    system.put("/etc/.ignition-tmp-0badc0de-7", "half")
    system.run(files, "prepare", "users", "files")
    assert not system.at("/etc/.ignition-tmp-0badc0de-7").exists()
    assert system.at("/f").read_text() == "x"
