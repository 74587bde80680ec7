# SPDX-License-Identifier: Apache-2.0
"""Users and groups against the guest's tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ignition.testbed.expectations.model import Expectation, Group, User, hide_password_hash
from ignition.testbed.facts import Account, GroupEntry, GuestFile
from ignition.testbed.report import Report
from tests.support.judging import HERE, NOT_DECIDED, PASSED, checks_of, failed, statuses

HASH = "$6$salt$secretsecret"
ADA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rv3kV7uVsmvWfMxBmF6gPZL5nTq2yDxgkQk1bTbCi"
BOB = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDKqSE bob@example"
FOLDER = "/home/core/.ssh/authorized_keys.d"


def body(path: str, data: bytes) -> GuestFile:
    return GuestFile(path, "file", 0o600, 1000, 1000, len(data), 1, "1", data=data)


REPORT = Report(
    state="running",
    passwd={
        "core": Account("core", 1000, 1000, "CoreOS Admin", "/home/core", "/bin/bash"),
        "web": Account("web", 990, 33, "", "/srv", "/sbin/nologin"),
    },
    groups={
        "core": GroupEntry("core", 1000),
        "sudo": GroupEntry("sudo", 27, ("core",)),
        "www": GroupEntry("www", 33),
    },
    shadow={"core": HASH, "web": "!*"},
    files={
        FOLDER: GuestFile(FOLDER, "directory", 0o700, 1000, 1000, 60, 2, "1"),
        f"{FOLDER}/ignition": body(f"{FOLDER}/ignition", f"{ADA} ada@laptop\n".encode()),
    },
    missing=frozenset(["/home/core/.ssh/authorized_keys"]),
)


def user(name: str = "core", **wanted: Any) -> User:
    return User(place=HERE, name=name, **wanted)


TRUE: list[Expectation] = [
    user(),
    user("ghost", exists=False),
    user(
        uid=1000, primary_group="core", home="/home/core", shell="/bin/bash", gecos="CoreOS Admin"
    ),
    user(password_hash=hide_password_hash(HASH)),
    user(groups=("sudo", "27"), keys=(ADA, f"{ADA} another comment"), password_hash=HASH),
    user("web", primary_group="33", groups=("www",)),
    Group(place=HERE, name="sudo", gid=27, members=("core",)),
    Group(place=HERE, name="www", members=("web",)),
    Group(place=HERE, name="ghosts", exists=False),
]
FALSE: list[tuple[Expectation, str, str, str]] = [
    (user("ghost"), "exists", "present", "absent"),
    (user(exists=False), "exists", "absent", "present"),
    (user(uid=1), "uid", "1", "1000"),
    (user(primary_group="sudo"), "primary group", "sudo", "core (1000)"),
    (user(groups=("www",)), "groups", "www", "core, sudo"),
    (user(home="/root"), "home", "/root", "/home/core"),
    (user(shell="/bin/sh"), "shell", "/bin/sh", "/bin/bash"),
    (user(gecos=""), "gecos", "", "CoreOS Admin"),
    (user(keys=(ADA, BOB)), "keys", "2 authorized", "1 authorized, the others not"),
    (
        user(keys=(f"no-pty {ADA}",)),
        "keys",
        "1 authorized",
        "0 authorized, the others not",
    ),
    (user(password_hash="$6$other"), "password hash", "the given hash", "another hash"),
    (
        user(password_hash=hide_password_hash("x")),
        "password hash",
        "the given hash",
        "another hash",
    ),
    (user("web", password_hash=HASH), "password hash", "the given hash", "locked"),
    (Group(place=HERE, name="ghosts"), "exists", "present", "absent"),
    (Group(place=HERE, name="sudo", gid=1), "gid", "1", "27"),
    (Group(place=HERE, name="sudo", members=("web",)), "members", "web", "core"),
]


@pytest.mark.parametrize("item", TRUE, ids=str)
def test_what_is_so_passes(item: Expectation) -> None:
    assert set(statuses(item, REPORT).values()) == {PASSED}


@pytest.mark.parametrize(("item", "prop", "expected", "found"), FALSE, ids=str)
def test_what_is_not_so_fails(item: Expectation, prop: str, expected: str, found: str) -> None:
    check = failed(item, REPORT)
    assert (check.prop, check.expected, check.found) == (prop, expected, found)


def test_hashes_and_whole_keys_are_never_shown() -> None:
    item = user(password_hash="$6$salt$othersecret", keys=(BOB,))
    checks = checks_of(item, REPORT)
    assert "secret" not in repr(checks)
    detail = next(check.detail for check in checks if check.prop == "keys")
    assert detail == "not authorized: ssh-rsa …BAAABgQDKqSE bob@example"


@pytest.mark.parametrize(
    ("fact", "undecided"),
    [
        ("passwd", {"exists"}),
        ("groups", {"groups"}),
        ("shadow", {"password hash"}),
        ("files", {"keys"}),
    ],
)
def test_a_fact_that_is_missing_is_not_decided(fact: str, undecided: set[str]) -> None:
    item = user(uid=1000, groups=("sudo",), keys=(ADA,), password_hash=HASH)
    report = replace(REPORT, **{fact: None})  # type: ignore[arg-type]
    found = statuses(item, report)
    assert {prop for prop, status in found.items() if status is NOT_DECIDED} == undecided


def test_groups_without_tables_are_not_decided() -> None:
    item = Group(place=HERE, name="sudo", gid=27)
    assert statuses(item, replace(REPORT, groups=None)) == {"exists": NOT_DECIDED}


def test_a_user_without_any_key_has_none() -> None:
    places = [FOLDER, "/home/core/.ssh/authorized_keys"]
    report = replace(REPORT, files={}, missing=frozenset(places))
    assert failed(user(keys=(ADA,)), report).found == "0 authorized, the others not"
