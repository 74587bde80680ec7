# SPDX-License-Identifier: Apache-2.0
"""Users with their keys, and groups. Password hashes are compared, but never shown."""

from __future__ import annotations

from collections.abc import Iterator

from ignition.testbed.checks.files import lookup
from ignition.testbed.checks.subject import Subject
from ignition.testbed.expectations.model import Group, User, same_password_hash
from ignition.testbed.facts import Account
from ignition.testbed.report import Report
from ignition.testbed.results import Check

NO_ACCOUNTS = "the guest did not report its accounts"
_KEY_TYPES = ("ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-")


def user(item: User, report: Report) -> Iterator[Check]:
    subject = Subject(f"user {item.name}", item.place)
    if report.passwd is None:
        yield subject.undecided("exists", NO_ACCOUNTS, "present" if item.exists else "absent")
        return
    account = report.passwd.get(item.name)
    yield _exists(subject, item.exists, account is not None)
    if account is None or not item.exists:
        return
    if item.uid is not None:
        yield subject.equal("uid", item.uid, account.uid)
    for prop in ("home", "shell", "gecos"):
        wanted = getattr(item, prop)
        if wanted is not None:
            yield subject.equal(prop, wanted, getattr(account, prop))
    yield from _groups(subject, item, account, report)
    if item.keys:
        yield _keys(subject, item, account, report)
    if item.password_hash is not None:
        yield _password(subject, item, report)


def group(item: Group, report: Report) -> Iterator[Check]:
    subject = Subject(f"group {item.name}", item.place)
    if report.groups is None:
        yield subject.undecided("exists", NO_ACCOUNTS, "present" if item.exists else "absent")
        return
    found = report.groups.get(item.name)
    yield _exists(subject, item.exists, found is not None)
    if found is None or not item.exists:
        return
    if item.gid is not None:
        yield subject.equal("gid", item.gid, found.gid)
    for member in item.members:
        there = member in _members(item.name, report)
        shown = ", ".join(found.members) or "no members"
        yield subject.check("members", there, member, member if there else shown)


def _exists(subject: Subject, wanted: bool, found: bool) -> Check:
    words = {True: "present", False: "absent"}
    return subject.check("exists", wanted == found, words[wanted], words[found])


def _members(group: str, report: Report) -> set[str]:
    """The members of a group, also those whose primary group it is."""
    entry = (report.groups or {})[group]
    primary = {one.name for one in (report.passwd or {}).values() if one.gid == entry.gid}
    return {*entry.members, *primary}


def _groups(subject: Subject, item: User, account: Account, report: Report) -> Iterator[Check]:
    if item.primary_group is None and not item.groups:
        return
    groups = report.groups
    if groups is None:
        yield subject.undecided("groups", NO_ACCOUNTS, ", ".join(item.groups))
        return
    if item.primary_group is not None:
        names = [name for name, entry in groups.items() if entry.gid == account.gid]
        shown = f"{', '.join(names)} ({account.gid})" if names else str(account.gid)
        same = item.primary_group in (*names, str(account.gid))
        yield subject.check("primary group", same, item.primary_group, shown)
    inside = sorted(name for name in groups if item.name in _members(name, report))
    for wanted in item.groups:
        names = [name for name, entry in groups.items() if wanted in (name, str(entry.gid))]
        yield subject.check(
            "groups", bool(set(names) & set(inside)), wanted, ", ".join(inside) or "none"
        )


def _keys(subject: Subject, item: User, account: Account, report: Report) -> Check:
    wanted = f"{len(item.keys)} authorized"
    home = account.home.rstrip("/")
    folder = f"{home}/.ssh/authorized_keys.d"
    places = [f"{home}/.ssh/authorized_keys", folder]
    places += [path for path in report.files or () if path.startswith(f"{folder}/")]
    try:
        files = [lookup(report, place) for place in places]
    except LookupError:
        return subject.undecided("keys", "the guest did not report the user's keys", wanted)
    lines = {
        _key(line)
        for file in files
        if file is not None
        for line in file.data.decode(errors="replace").splitlines()
    }
    absent = [key for key in item.keys if _key(key) not in lines]
    found = f"{len(item.keys) - len(absent)} authorized" + (", the others not" if absent else "")
    detail = "\n".join(f"not authorized: {_named(key)}" for key in absent)
    return subject.check("keys", not absent, wanted, found, detail)


def _key(line: str) -> tuple[str, ...]:
    """What must be equal: options, type and key. The comment at the end does not matter."""
    words = line.split()
    at = next((at for at, word in enumerate(words) if word.startswith(_KEY_TYPES)), None)
    return tuple(words if at is None else words[: at + 2])


def _named(key: str) -> str:
    """A key as people tell it from others: its type, its last characters, its comment."""
    words = key.split()
    return " ".join([words[0], f"…{words[1][-12:]}", *words[2:]]) if len(words) > 1 else "a key"


def _password(subject: Subject, item: User, report: Report) -> Check:
    wanted = "the given hash"
    if report.shadow is None:
        return subject.undecided("password hash", "the guest did not report /etc/shadow", wanted)
    found = report.shadow.get(item.name)
    if found is not None and same_password_hash(item.password_hash or "", found):
        return subject.check("password hash", True, wanted, wanted)
    if found is None:
        shown = "no line in /etc/shadow"
    elif found.startswith(("!", "*")):
        shown = "locked"
    else:
        shown = "another hash" if found else "an empty password"
    return subject.check("password hash", False, wanted, shown)
