# SPDX-License-Identifier: Apache-2.0
"""Lint rules for impossible values, and for accounts that the account tools reject."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.config import check
from tests.unit.lint.lint_cases import codes, config, file, linted

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0jFvZ0GqjgB7cQ5mV1uT4Y5m7Q3o0yq2Q0Jm0o2n3p x"
HASH = "$6$saltsalt$" + "a" * 86


def passwd(*users: dict[str, Any], groups: tuple[dict[str, Any], ...] = ()) -> list[str]:
    found = codes(passwd={"users": list(users), "groups": list(groups)})
    return [each.replace("/passwd/", "") for each in found]


def storage(**lists: list[dict[str, Any]]) -> list[str]:
    return [each.replace("/storage/", "") for each in codes(storage=lists)]


@pytest.mark.parametrize("character", ["\0", "\n", "\r", ":"])
@pytest.mark.parametrize(
    "member", ["passwordHash", "gecos", "homeDir", "shell", "primaryGroup", "name"]
)
def test_control_characters_in_account_fields(member: str, character: str) -> None:
    value = f"/a{character}b" if member in ("homeDir", "shell") else f"a{character}b"
    if member == "passwordHash":
        value = f"{HASH}{character}root"
    found = passwd({"name": "ada", member: value})
    code = "IGN1968" if character == "\0" else "IGN1969"
    assert f"{code} users/0/{member}" in found


def test_finding_on_a_password_hash_does_not_show_it() -> None:
    found = linted(passwd={"users": [{"name": "ada", "passwordHash": f"{HASH}\nroot:secret"}]})
    assert any(each.code == "IGN1969" for each in found)
    for each in found:
        assert "saltsalt" not in each.message + each.hint


@pytest.mark.parametrize(
    ("users", "said"),
    [
        ([{"name": "ada", "groups": ["wheel", "a:b"]}], ["IGN1969 users/0/groups/1"]),
        ([{"name": "ada", "sshAuthorizedKeys": [KEY, f"{KEY}\n"]}], []),
        ([{"name": "ada", "gecos": "Ada, +44 20, ä"}], []),
        ([{"name": "ada", "gecos": "a\tb"}], ["IGN1976 users/0/gecos"]),
        ([{"name": "a:b", "shouldExist": False}], []),
        ([{"name": "a\0b", "shouldExist": False}], ["IGN1968 users/0/name"]),
        ([{"name": "ada", "homeDir": "srv/x"}], ["IGN1974 users/0/homeDir"]),
        ([{"name": "ada", "shell": "bash"}], ["IGN1974 users/0/shell"]),
        ([{"name": "ada", "shell": "*"}], []),
        ([{"name": "ada", "homeDir": "/srv/" + "h" * 256}], ["IGN1973 users/0/homeDir"]),
    ],
)
def test_invalid_user_fields(users: list[dict[str, Any]], said: list[str]) -> None:
    assert passwd(*users) == said


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        (-1, False),
        (-3, False),
        (0, None),
        (1, True),
        (1 << 31, True),
        (0xFFFFFFFE, True),
        (0xFFFFFFFF, False),
        (1 << 32, False),
        ((1 << 63) - 1, False),
        (-(1 << 63), False),
    ],
)
def test_range_of_uids_and_gids(number: int, fits: bool | None) -> None:
    groups = ({"name": "team", "gid": number},)
    found = sorted(passwd({"name": "ada", "uid": number}, groups=groups), reverse=True)
    if fits is None:  # it is root's
        assert found == ["IGN1862 groups/0/gid", "IGN1861 users/0/uid"]
    else:
        assert found == ([] if fits else ["IGN1971 users/0/uid", "IGN1971 groups/0/gid"])
    assert passwd({"name": "ada", "uid": number, "shouldExist": False}) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (-5, "IGN1971"),
        (-1, "IGN1972"),
        (0, ""),
        (1 << 31, ""),
        (0xFFFFFFFE, ""),
        (0xFFFFFFFF, "IGN1972"),
        (1 << 32, "IGN1971"),
        ((1 << 63) - 1, "IGN1971"),
    ],
)
def test_range_of_owner_ids(number: int, said: str) -> None:
    node = {"path": "/opt/a", "group": {"id": number}}
    for kind, more in (("directories", {}), ("links", {"target": "b"})):
        assert storage(**{kind: [{**node, **more}]}) == (
            [f"{said} {kind}/0/group/id"] if said else []
        )
    found = codes(storage={"files": [{**file("/opt/a"), "user": {"id": number}}]})
    assert found == ([f"{said} /storage/files/0/user/id"] if said else [])


def test_owner_of_a_hard_link_is_ignored() -> None:
    link = {"path": "/opt/b", "target": "/opt/a", "hard": True, "user": {"id": -5}}
    assert not any("IGN1971" in each for each in storage(links=[link]))


@pytest.mark.parametrize("name", ["n" * 256, "ä" * 128])
def test_file_name_too_long(name: str) -> None:
    assert storage(files=[file(f"/opt/{name}")]) == ["IGN1973 files/0/path"]
    assert storage(directories=[{"path": f"/opt/{name}/a"}]) == ["IGN1973 directories/0/path"]


def test_longest_valid_path() -> None:
    path = "/d" * 2047 + "/"
    assert storage(files=[file(path[:-2] + "a")]) == []
    assert storage(files=[file(path + "ab")]) == ["IGN1973 files/0/path"]
    assert storage(links=[{"path": "/a", "target": "b" * 4095}]) == []
    assert storage(links=[{"path": "/a", "target": "b" * 4096}]) == ["IGN1973 links/0/target"]
    hard = {"path": "/a", "target": "/" + "b" * 256, "hard": True}
    assert storage(links=[hard]) == ["IGN1973 links/0/target"]


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {"kernelArguments": {"shouldExist": ["a", "b\nc"]}},
            ["IGN1969 /kernelArguments/shouldExist/1"],
        ),
        (
            {"kernelArguments": {"shouldNotExist": ["b\0c"]}},
            ["IGN1968 /kernelArguments/shouldNotExist/0"],
        ),
        ({"kernelArguments": {"shouldExist": ["rd.luks.key=/a:b", "-x", "a b"]}}, []),
        (
            {"systemd": {"units": [{"name": "a\nenable b.service", "mask": True}]}},
            ["IGN1969 /systemd/units/0/name"],
        ),
        (
            {
                "systemd": {
                    "units": [
                        {"name": "a.service", "dropins": [{"name": "x\r.conf", "contents": "#"}]}
                    ]
                }
            },
            ["IGN1969 /systemd/units/0/dropins/0/name"],
        ),
        (
            {"systemd": {"units": [{"name": "a" * 248 + ".service", "mask": True}]}},
            ["IGN1973 /systemd/units/0/name"],
        ),
    ],
)
def test_values_that_would_break_generated_files(sections: dict[str, Any], said: list[str]) -> None:
    assert codes(**sections) == said


@pytest.mark.parametrize("name", ["*.service", "a b.service", "a?.service", "a@[b].service"])
def test_pattern_in_a_preset_file(name: str) -> None:
    where = "/systemd/units/0/name"
    assert f"IGN1969 {where}" in codes(systemd={"units": [{"name": name, "enabled": True}]})
    assert f"IGN1969 {where}" not in codes(systemd={"units": [{"name": name, "mask": True}]})


@pytest.mark.parametrize(
    ("kind", "item", "said"),
    [
        ("disks", {"device": "/dev/a\0b"}, "IGN1968 disks/0/device"),
        (
            "disks",
            {"device": "/dev/a", "partitions": [{"label": "a\nb", "number": 1}]},
            "IGN1969 disks/0/partitions/0/label",
        ),
        (
            "raid",
            {"name": "-x", "level": "raid1", "devices": ["/dev/a", "/dev/b"]},
            "IGN1970 raid/0/name",
        ),
        (
            "raid",
            {"name": "x", "level": "raid1", "devices": ["/dev/a", "/dev/b"], "options": ["a\0b"]},
            "IGN1968 raid/0/options/0",
        ),
        ("luks", {"name": "-x", "device": "/dev/a"}, "IGN1970 luks/0/name"),
        ("luks", {"name": "a b", "device": "/dev/a"}, "IGN1969 luks/0/name"),
        (
            "filesystems",
            {"device": "/dev/a", "format": "ext4", "label": "a\nb"},
            "IGN1969 filesystems/0/label",
        ),
        ("filesystems", {"device": "/dev/a", "format": "ext4", "label": "a:b"}, ""),
        ("filesystems", {"device": "/dev/a", "format": "ext4", "label": "-x"}, ""),
        (
            "filesystems",
            {"device": "/dev/a", "format": "ext4", "options": ["-m\0"]},
            "IGN1968 filesystems/0/options/0",
        ),
        (
            "filesystems",
            {"device": "/dev/a", "format": "ext4", "mountOptions": ["ro\n"]},
            "IGN1969 filesystems/0/mountOptions/0",
        ),
    ],
)
def test_invalid_values_of_disks(kind: str, item: dict[str, Any], said: str) -> None:
    assert storage(**{kind: [item]}) == ([said] if said else [])


@pytest.mark.parametrize("name", ["", "-a", "+", "~a", "a b", "a,b", "a\tb", "n" * 256])
def test_invalid_account_names(name: str) -> None:
    assert passwd({"name": name}) == ["IGN1975 users/0/name"]
    assert passwd(groups=({"name": name},)) == ["IGN1975 groups/0/name"]
    assert passwd({"name": name, "shouldExist": False}) == []


@pytest.mark.parametrize(
    ("name", "doubtful"),
    [
        *((name, False) for name in ("ada", "_svc", "Ada", "a.b", "machine$", "a-b", "9lives")),
        *((name, True) for name in ("99", "a/b", ".", "..", "ä", "a+b", "a$b", "n" * 33)),
    ],
)
def test_unportable_account_names(name: str, doubtful: bool) -> None:
    assert passwd({"name": name}) == (["IGN1976 users/0/name"] if doubtful else [])


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({}, ["IGN1977 users/0/name"]),
        ({"noUserGroup": True}, []),
        ({"primaryGroup": "dev"}, []),
        ({"shouldExist": False}, []),
    ],
)
def test_group_with_the_name_of_a_user(user: dict[str, Any], said: list[str]) -> None:
    assert passwd({"name": "dev", **user}, groups=({"name": "dev"},)) == said


def test_ssh_keys_without_a_home_directory() -> None:
    user = {"name": "svc", "noCreateHome": True, "sshAuthorizedKeys": [KEY]}
    assert passwd(user) == ["IGN1978 users/0/sshAuthorizedKeys"]
    assert passwd({**user, "name": "core"}) == []
    assert passwd({"name": "svc", "noCreateHome": True}) == []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"primaryGroup": "builder"}, "IGN1979 users/0/primaryGroup"),
        ({"groups": ["wheel", "builder"]}, "IGN1979 users/0/groups/1"),
        ({"groups": ["builders,wheel", "docker", "elsewhere"]}, ""),
        ({"groups": ["wheel", ""]}, "IGN1979 users/0/groups/1"),
        ({"groups": [""]}, ""),
        ({"groups": ["old"]}, "IGN1979 users/0/groups/0"),
    ],
)
def test_unknown_groups(members: dict[str, Any], said: str) -> None:
    groups = ({"name": "builders"}, {"name": "old", "shouldExist": False})
    assert passwd({"name": "ada", **members}, groups=groups) == ([said] if said else [])


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (f"{KEY}\n{KEY}\n", True),
        (f"{KEY}\r\n# the other\r\n\r\n{KEY}\r\n", True),
        (f'{KEY}\nfrom="fe80::1",no-pty {KEY}', True),
        (f"{KEY}\nPermitRootLogin yes", False),
        (f"{KEY}\rroot", False),
        (f"{KEY}\n{KEY}\0", False),
    ],
)
def test_several_keys_in_one_string(text: str, *, fits: bool) -> None:
    found = passwd({"name": "ada", "sshAuthorizedKeys": [text]})
    assert any("IGN1968" in each or "IGN1969" in each for each in found) == (not fits)


def test_id_that_an_earlier_entry_may_get() -> None:
    ada, bob, eve = {"name": "ada"}, {"name": "bob"}, {"name": "eve", "uid": 1001}
    assert passwd(ada, bob, eve) == ["IGN1861 users/2/uid"]
    assert linted(passwd={"users": [ada, bob, eve]})[0].severity == "warning"
    for listed in ((ada, eve), (eve, ada, bob), ({**ada, "system": True}, bob, eve)):
        assert passwd(*listed) == []


def test_group_of_a_user_created_later() -> None:
    ada, bob = {"name": "ada", "groups": ["bob"]}, {"name": "bob"}
    assert passwd(ada, bob) == ["IGN1979 users/0/groups/0"]
    assert passwd(bob, ada) == []
    assert passwd(ada, {**bob, "primaryGroup": "bob"}, groups=(bob,)) == []


def test_lint_rules_do_not_affect_validation() -> None:
    users = [{"name": "-a", "uid": -1, "passwordHash": "a\nroot:b", "homeDir": "x", "gecos": "\0"}]
    nodes = [{"path": f"/opt/{'n' * 300}\0", "user": {"id": -5}}]
    text = config(passwd={"users": users}, storage={"directories": nodes})
    assert [
        each for each in check.check(text, "test.ign").findings if each.severity == "error"
    ] == []
