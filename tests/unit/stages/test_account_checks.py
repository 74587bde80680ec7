# SPDX-License-Identifier: Apache-2.0
"""Accounts that the tools would reject are refused before the first tool runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import CommandFailed, Failure, Refused, flatten
from ignition.stages.users import checks
from tests.support.skeleton import HASH, furnish, line
from tests.support.target import Target

NEW = {"name": "ada", "noCreateHome": True}


@pytest.fixture
def system(target: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if shutil.which("useradd") is None:
        pytest.skip("no useradd here")
    return furnish(target)


def refused(system: Target, passwd: dict[str, Any]) -> list[str]:
    """Codes and origins of the refusals. Nothing has changed, and no tool has run."""
    before = system.tree()
    with pytest.raises(Refused) as caught:
        system.run({"passwd": passwd}, "prepare", "users")
    assert system.tree() == before
    assert not any("executing:" in text for text in system.log)
    assert all(one.hint for one in flatten(caught.value))
    return [
        f"{one.code} {(one.origin and one.origin.pointer) or ''}" for one in flatten(caught.value)
    ]


def tool(system: Target, *command: str) -> int:
    program, *rest = command
    argv = [program, "--root", str(system.root), *rest]
    return subprocess.run(argv, capture_output=True, check=False).returncode


@pytest.mark.parametrize("name", ["", "-a", "+a", "~a", "a b", "a,b", "a\tb", "n" * 256])
def test_invalid_name(system: Target, name: str) -> None:
    assert refused(system, {"users": [{"name": name}]}) == ["IGN3203 /passwd/users/0/name"]
    assert refused(system, {"groups": [{"name": name}]}) == ["IGN3203 /passwd/groups/0/name"]
    assert tool(system, "useradd", "--no-create-home", "--", name) != 0
    assert tool(system, "groupadd", "--", name) != 0


@pytest.mark.parametrize("name", ["-a", "", "a b", "a:b"])
def test_deleting_an_invalid_name_is_satisfied(system: Target, name: str) -> None:
    passwd = {
        "users": [{"name": name, "shouldExist": False}],
        "groups": [{"name": name, "shouldExist": False}],
    }
    assert system.run({"passwd": passwd}, "prepare", "users") == []


def test_existing_user_with_an_invalid_name_is_changed(system: Target) -> None:
    passwd = system.at("/etc/passwd")
    passwd.write_text(passwd.read_text() + "odd one:x:700:500::/home/odd:/bin/sh\n")
    system.run(
        {"passwd": {"users": [{"name": "odd one", "shell": "/bin/zsh"}]}}, "prepare", "users"
    )
    assert (line(system, "passwd", "odd one") or [])[6] == "/bin/zsh"


@pytest.mark.parametrize(
    ("passwd", "refusal"),
    [
        ({"users": [{**NEW, "uid": 500}]}, "IGN3210 /passwd/users/0/uid"),
        ({"users": [{**NEW, "uid": 0}]}, "IGN3210 /passwd/users/0/uid"),
        ({"users": [{"name": "core", "uid": 0}]}, "IGN3210 /passwd/users/0/uid"),
        ({"users": [{**NEW, "uid": 7}, {"name": "bob", "uid": 7}]}, "IGN3210 /passwd/users/1/uid"),
        (
            {"users": [{**NEW, "uid": 500}, {"name": "core", "shouldExist": False}]},
            "IGN3210 /passwd/users/0/uid",
        ),
        ({"groups": [{"name": "team", "gid": 10}]}, "IGN3210 /passwd/groups/0/gid"),
        ({"groups": [{"name": "docker", "gid": 10}]}, "IGN3210 /passwd/groups/0/gid"),
        ({"users": [{**NEW, "primaryGroup": "none"}]}, "IGN3211 /passwd/users/0/primaryGroup"),
        ({"users": [{**NEW, "primaryGroup": "999"}]}, "IGN3211 /passwd/users/0/primaryGroup"),
        ({"users": [{**NEW, "groups": ["wheel", "none"]}]}, "IGN3211 /passwd/users/0/groups"),
        ({"users": [{**NEW, "groups": ["wheel", ""]}]}, "IGN3211 /passwd/users/0/groups"),
        (
            {"users": [{**NEW, "groups": ["bob"]}, {"name": "bob"}]},
            "IGN3211 /passwd/users/0/groups",
        ),
        ({"users": [{"name": "core", "groups": ["none"]}]}, "IGN3211 /passwd/users/0/groups"),
        ({"users": [{"name": "wheel"}]}, "IGN3212 /passwd/users/0"),
        ({"users": [{"name": "dev"}], "groups": [{"name": "dev"}]}, "IGN3212 /passwd/users/0"),
        (
            {"users": [{**NEW, "sshAuthorizedKeys": ["key"]}]},
            "IGN3213 /passwd/users/0/sshAuthorizedKeys",
        ),
        ({"groups": [{"name": "core", "shouldExist": False}]}, "IGN3214 /passwd/groups/0"),
    ],
)
def test_refused_before_the_tool_runs(
    system: Target, passwd: dict[str, Any], refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(system, passwd) == [refusal]
    # Without the check, the tool or the step for the keys fails.
    monkeypatch.setattr(checks, "check", lambda *_: None)
    with pytest.raises(Failure, match=r"failed to configure|failed to set SSH key"):
        system.run({"passwd": passwd}, "prepare", "users")


@pytest.mark.parametrize(
    "passwd",
    [
        {"users": [{"name": "core", "uid": 500}], "groups": [{"name": "core", "gid": 500}]},
        {"users": [{"name": "core", "shouldExist": False}, {**NEW, "uid": 500}]},
        {"users": [{"name": "core", "uid": 501}, {**NEW, "uid": 500}]},
        {"groups": [{"name": "docker", "shouldExist": False}, {"name": "team", "gid": 233}]},
        {"groups": [{"name": "docker", "gid": 234}, {"name": "team", "gid": 233}]},
        {"groups": [{"name": "team", "gid": 4294967294}], "users": [{**NEW, "uid": 4294967294}]},
        {"users": [{**NEW, "primaryGroup": "10", "groups": ["wheel,docker", "233"]}]},
        {"users": [{**NEW, "groups": [""]}]},
        {"users": [{"name": "bob", "noCreateHome": True}, {**NEW, "groups": ["bob"]}]},
        {"users": [{"name": "wheel", "noUserGroup": True, "noCreateHome": True}]},
        {"users": [{"name": "wheel", "primaryGroup": "wheel", "noCreateHome": True}]},
        {"users": [{**NEW, "name": name} for name in ("9", "a/b", ".a", "ä", "a+b", "A", "x$")]},
    ],
)
def test_accepted(system: Target, passwd: dict[str, Any]) -> None:
    system.run({"passwd": passwd}, "prepare", "users")
    for user in passwd.get("users", ()):
        there = line(system, "passwd", user["name"]) is not None
        assert there == (user.get("shouldExist") is not False)


def test_shared_id_may_be_repeated(system: Target) -> None:
    for table, text in (("passwd", "toor:x:0:0::/root:/bin/sh\n"), ("group", "toor:x:0:\n")):
        path = system.at(f"/etc/{table}")
        path.write_text(path.read_text() + text)
    passwd = {
        "users": [{"name": "toor", "uid": 0, "shell": "/bin/bash"}],
        "groups": [{"name": "toor", "gid": 0}],
    }
    system.run({"passwd": passwd}, "prepare", "users")
    assert (line(system, "passwd", "toor") or [])[6] == "/bin/bash"


def test_target_without_user_private_groups(system: Target) -> None:
    system.put("/etc/login.defs", "USERGROUPS_ENAB no\nUID_MIN 1000\n")
    system.put("/etc/default/useradd", "GROUP=500\n")
    passwd = {"users": [{"name": "dev", "noCreateHome": True}], "groups": [{"name": "dev"}]}
    system.run({"passwd": passwd}, "prepare", "users")
    assert (line(system, "passwd", "dev") or [])[3] == "500"


@pytest.mark.parametrize("source", ["db", "systemd"])
def test_group_of_another_name_service_is_left_to_the_tool(system: Target, source: str) -> None:
    system.put("/etc/nsswitch.conf", f"passwd: files\ngroup: files {source}\n")
    system.folder("/etc/userdb")
    with pytest.raises(CommandFailed, match="failed to configure users"):
        system.run({"passwd": {"users": [{**NEW, "groups": ["team"]}]}}, "prepare", "users")


@pytest.mark.parametrize(
    ("mode", "owner", "allowed"), [(0o777, 0, True), (0o755, 0, False), (0o755, 1500, True)]
)
def test_home_that_the_user_can_create(
    system: Target, mode: int, owner: int, *, allowed: bool
) -> None:
    system.folder("/srv/homes", mode, (owner, 0))
    user = {
        "name": "ada",
        "uid": 1500,
        "homeDir": "/srv/homes/ada",
        "noCreateHome": True,
        "sshAuthorizedKeys": ["key"],
    }
    if allowed:
        system.run({"passwd": {"users": [user]}}, "prepare", "users")
        assert system.at("/srv/homes/ada/.ssh/authorized_keys.d/ignition").exists()
    else:
        assert refused(system, {"users": [user]}) == ["IGN3213 /passwd/users/0/sshAuthorizedKeys"]


def test_keys_for_a_user_whose_home_is_missing(system: Target) -> None:
    shutil.rmtree(system.at("/home/core"))
    user = {"name": "core", "sshAuthorizedKeys": ["key"]}
    assert refused(system, {"users": [user]}) == ["IGN3213 /passwd/users/0/sshAuthorizedKeys"]


def test_group_hash_is_not_on_a_command_line(system: Target) -> None:
    seen = system.at("/argv")
    for program in ("groupadd", "groupmod", "chgpasswd"):
        spy = system.settings.run_dir + "/" + program
        real = shutil.which(program)
        with open(spy, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\necho "$0 $*" >> {seen}\nexec {real} "$@"\n')
        os.chmod(spy, 0o755)
        system.settings.programs[program] = spy
    wanted = [{"name": "team", "passwordHash": HASH}, {"name": "docker", "passwordHash": HASH}]
    system.run({"passwd": {"groups": wanted}}, "prepare", "users")
    assert "chgpasswd" in seen.read_text()
    assert "saltsalt" not in seen.read_text()
    for name in ("team", "docker"):
        assert (line(system, "gshadow", name) or [])[1] == HASH
        assert (line(system, "group", name) or [])[1] == "x"
    before = system.at("/etc/gshadow").read_text()
    seen.unlink()
    system.run({"passwd": {"groups": wanted}}, "prepare", "users")
    assert not seen.exists()
    assert system.at("/etc/gshadow").read_text() == before


def test_hashes_end_as_if_passed_as_arguments(system: Target, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = furnish(Target(folder))
    system.run(
        {
            "passwd": {
                "groups": [{"name": name, "passwordHash": HASH} for name in ("team", "wheel")],
                "users": [{**NEW, "passwordHash": HASH}, {"name": "core", "passwordHash": HASH}],
            }
        },
        "prepare",
        "users",
    )
    for command in (
        ("groupadd", "--password", HASH, "team"),
        ("groupmod", "--password", HASH, "wheel"),
        ("useradd", "--no-create-home", "--password", HASH, "ada"),
        ("usermod", "--password", HASH, "core"),
    ):
        assert tool(other, *command) == 0
    for table in ("passwd", "shadow", "group", "gshadow"):
        assert system.at(f"/etc/{table}").read_text() == other.at(f"/etc/{table}").read_text()
