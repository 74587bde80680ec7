# SPDX-License-Identifier: Apache-2.0
"""Files, directories and links against what the guest reported."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from ignition.testbed.expectations.model import Directory, Expectation, File, Link
from ignition.testbed.facts import Account, GroupEntry, GuestFile
from ignition.testbed.report import Report
from tests.support.judging import FAILED, HERE, NOT_DECIDED, PASSED, checks_of, failed, statuses

MOTD = b"Welcome\nto the machine\n"
BIG = hashlib.sha256(b"big").hexdigest()


def guest(path: str, kind: str = "file", **facts: Any) -> GuestFile:
    known = {"mode": 0o644, "uid": 0, "gid": 0, "size": 3, "inode": 7, "mtime": "1.5", **facts}
    return GuestFile(path, kind, **known)


FILES = (
    guest("/etc/motd", data=MOTD, size=len(MOTD)),
    guest("/etc/app", uid=1000, gid=33, mode=0o2755, data=b"\0\1\2"),
    guest("/etc/token", mode=0o600, data=b"old value\n"),
    guest("/srv/big", size=3, whole=False, sha256=BIG, inode=8),
    guest("/srv/data", "directory", mode=0o1777),
    guest("/etc/link", "link", target="../run/x", mode=0o777),
    guest("/etc/again", inode=7),
    guest("/etc/fifo", "fifo"),
)
REPORT = Report(
    state="running",
    files={one.path: one for one in FILES},
    missing=frozenset(["/nope"]),
    passwd={"core": Account("core", 1000, 1000)},
    groups={"www": GroupEntry("www", 33)},
)


def file(path: str, **wanted: Any) -> File:
    return File(place=HERE, path=path, **wanted)


TRUE: list[Expectation] = [
    file("/etc/motd"),
    file("/nope", exists=False),
    file(
        "/etc/motd",
        content=MOTD,
        contains=b"machine",
        matches="^to the machine$",
        mode=0o644,
        user=0,
    ),
    file("/etc/motd", sha256=hashlib.sha256(MOTD).hexdigest().upper()),
    file("/etc/app", user="core", group="www", mode=0o2755),
    file("/etc/app", user=1000, group=33),
    file("/srv/big", sha256=BIG, content=b"big"),
    Directory(place=HERE, path="/srv/data", mode=0o1777),
    Directory(place=HERE, path="/srv/data/"),
    Link(place=HERE, path="/etc/link", target="../run/x"),
    Link(place=HERE, path="/etc/again", target="/etc/motd", hard=True),
]
FALSE: list[tuple[Expectation, str, str, str]] = [
    (file("/nope"), "exists", "file", "absent"),
    (file("/etc/motd", exists=False), "exists", "absent", "file"),
    (file("/srv/data"), "exists", "file", "directory"),
    (file("/etc/link"), "exists", "file", "link to ../run/x"),
    (file("/etc/fifo"), "exists", "file", "fifo"),
    (file("/etc/motd", mode=0o600), "mode", "0600", "0644"),
    (file("/etc/app", mode=0o755), "mode", "0755", "2755"),
    (file("/etc/motd", user="core"), "user", "core (1000)", "0"),
    (file("/etc/app", user=0), "user", "0", "core (1000)"),
    (file("/etc/motd", user="ghost"), "user", "ghost, which does not exist", "0"),
    (file("/etc/app", group=0), "group", "0", "www (33)"),
    (file("/etc/motd", content=b"other\n"), "content", "6 bytes", "23 bytes that differ"),
    (file("/etc/motd", contains=b"x\ny"), "contains", "x\\ny", "not found"),
    (file("/etc/motd", matches="^the machine"), "matches", "^the machine", "no match"),
    (file("/srv/big", content=b"bag"), "content", hashlib.sha256(b"bag").hexdigest(), BIG),
    (file("/srv/big", content=b"long one"), "content", "8 bytes", "3 bytes that differ"),
    (Directory(place=HERE, path="/etc/motd"), "exists", "directory", "file"),
    (Link(place=HERE, path="/etc/link", target="/run/x"), "target", "/run/x", "../run/x"),
    (
        Link(place=HERE, path="/etc/again", target="/srv/big", hard=True),
        "target",
        "the same file as /srv/big",
        "another file",
    ),
    (
        Link(place=HERE, path="/etc/again", target="/nope", hard=True),
        "target",
        "the same file as /nope",
        "/nope does not exist",
    ),
]


@pytest.mark.parametrize("item", TRUE, ids=str)
def test_what_is_so_passes(item: Expectation) -> None:
    assert set(statuses(item, REPORT).values()) == {PASSED}


@pytest.mark.parametrize(("item", "prop", "expected", "found"), FALSE, ids=str)
def test_what_is_not_so_fails(item: Expectation, prop: str, expected: str, found: str) -> None:
    check = failed(item, REPORT)
    assert (check.prop, check.expected, check.found) == (prop, expected, found)
    assert check.place == HERE


@pytest.mark.parametrize("item", [*TRUE, *(row[0] for row in FALSE)], ids=str)
def test_nothing_is_decided_without_a_report(item: Expectation) -> None:
    checks = checks_of(item, Report())
    assert {check.status for check in checks} == {NOT_DECIDED}
    assert {check.reason for check in checks} == {"the guest sent no report"}


def test_a_path_that_was_not_asked_for_is_not_decided() -> None:
    assert statuses(file("/etc/other"), REPORT) == {"exists": NOT_DECIDED}
    assert statuses(file("/etc/other", exists=False), REPORT) == {"exists": NOT_DECIDED}


def test_names_of_owners_need_the_accounts() -> None:
    report = Report(state="running", files=REPORT.files)
    found = statuses(file("/etc/app", user="core", group=33), report)
    assert found == {"exists": PASSED, "user": NOT_DECIDED, "group": PASSED}


def test_text_in_a_file_that_is_too_large_is_not_decided() -> None:
    found = statuses(file("/srv/big", contains=b"b", matches="b"), REPORT)
    assert found == {"exists": PASSED, "contains": NOT_DECIDED, "matches": NOT_DECIDED}


def test_an_initramfs_says_nothing_about_the_machine() -> None:
    report = Report(state="emergency", in_initramfs=True, files=REPORT.files)
    (check,) = checks_of(file("/etc/motd"), report)
    assert check.reason == "the machine did not get past its initramfs"


def test_text_that_differs_is_shown_as_a_diff() -> None:
    check = failed(file("/etc/motd", content=b"Welcome\nto the fair\n"), REPORT)
    assert "-to the fair\n+to the machine" in check.detail


def test_a_missing_line_break_is_named() -> None:
    check = failed(file("/etc/motd", content=MOTD[:-1]), REPORT)
    assert "no line break at the end" in check.detail


def test_of_binary_content_the_first_difference_is_named() -> None:
    check = failed(file("/etc/app", content=b"\0\1\3"), REPORT)
    assert check.detail == "3 bytes expected, 3 found; the first difference is at byte 2, line 1"


@pytest.mark.parametrize(
    ("path", "wanted", "found", "mode"),
    [
        ("/etc/token", b"new value\n", b"old value\n", 0o600),
        ("/etc/open", b"new value\n", b"old value\n", 0o644),
        ("/etc/shared", b"new value\n", b"old value\n", 0o640),
        ("/etc/ssl/web.key", b"new value\n", b"old value\n", 0o644),
        ("/etc/x", b"-----BEGIN PRIVATE KEY-----\nnew value", b"old value", 0o644),
        ("/etc/x", b"root:$6$saltsalt$new value", b"old value", 0o644),
    ],
)
def test_private_content_is_not_shown(path: str, wanted: bytes, found: bytes, mode: int) -> None:
    report = Report(state="running", files={path: guest(path, mode=mode, data=found)})
    wanted_mode = 0o600 if path == "/etc/open" else None  # found more open than it should be
    for check in checks_of(file(path, content=wanted, mode=wanted_mode), report):
        assert b"value" not in repr(check).encode()
    detail = next(one for one in checks_of(file(path, content=wanted), report) if one.detail).detail
    assert path == "/etc/open" or "not shown" in detail


def test_control_characters_do_not_reach_the_terminal() -> None:
    report = Report(state="running", files={"/x": guest("/x", data=b"\x1b[2Jnew\n")})
    check = failed(file("/x", content=b"old\n"), report)
    assert "\x1b" not in check.detail
    assert "new" in check.detail


def test_an_expression_that_explodes_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ignition.testbed.checks.search.LIMIT", 0.5)
    report = Report(state="running", files={"/x": guest("/x", data=b"a" * 60)})
    (_, check) = checks_of(file("/x", matches="(a+)+b"), report)
    assert (check.status, check.prop) == (NOT_DECIDED, "matches")
    assert "longer than" in check.reason


def test_what_is_no_expression_is_not_decided() -> None:
    (_, check) = checks_of(file("/etc/motd", matches="("), REPORT)
    assert check.status is NOT_DECIDED
    assert FAILED not in statuses(file("/etc/motd", matches="("), REPORT).values()
