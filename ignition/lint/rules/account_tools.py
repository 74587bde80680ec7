# SPDX-License-Identifier: Apache-2.0
"""Users and groups as useradd and its kin take them, or do not."""

from __future__ import annotations

from ignition.base.finding import ERROR
from ignition.base.log import quote
from ignition.config import account_names
from ignition.lint.rule import LintRule
from ignition.lint.typos import KnownNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

INVALID_ACCOUNT_NAME = LintRule(
    "IGN1975",
    "no user or group can have this name",
    hint="begin it with a letter or an underscore; go on with letters, digits, hyphens",
    severity=ERROR,
)
"""What the tools of all distributions refuse: no name at all; a hyphen, plus sign or tilde at its begin; a
colon, a comma or a blank in it; more than 255 bytes."""

UNPORTABLE_ACCOUNT_NAME = LintRule(
    "IGN1976",
    "some distributions refuse this text for an account",
    hint="use at most 32 lower-case letters, digits, hyphens and underscores for a name, and no control "
    "character anywhere",
)
"""Debian's `useradd` takes nearly all names. That of Fedora, SUSE and others takes letters, digits, `_`, `.`
and `-`, at most 32 of them and not digits alone: many programs take such a name for a number. Since 2023
control characters are refused in all fields."""

USER_GROUP_EXISTS = LintRule(
    "IGN1977",
    "the config makes a group of the same name, so that the user cannot get one of its own",
    hint="set primaryGroup to the group, or noUserGroup to true",
    severity=ERROR,
)
"""A new user gets a group of the same name, and `useradd` refuses to make one that is there already: groups
come before users. Only distributions that have switched this off (`USERGROUPS_ENAB` in `/etc/login.defs`)
take it; `primaryGroup` says the same on all of them."""

SSH_KEYS_WITHOUT_HOME = LintRule(
    "IGN1978",
    "keys for ssh, and no home to put them in",
    hint="leave out noCreateHome, or the keys",
    severity=ERROR,
)
"""Keys are written to the home with the rights of the user, who can make no folder in one of root's."""

UNKNOWN_GROUP = LintRule(
    "IGN1979",
    "there is no such group",
    hint="add it to passwd.groups, or correct its name",
)
"""`useradd` and `usermod` refuse groups that are not there. A group that the config neither makes nor deletes
may come from the image; it is reported only if its name is one slip away from a group that the config makes,
empty, or that of a user who is listed later."""

# Users that images have, for whom nothing is made.
_OF_IMAGES = ("root", "core")
_GROUPS_OF_IMAGES_WORDS = """
adm audio cdrom dialout disk docker input kvm libvirt lp mail render root sudo systemd-journal tty users
video wheel
"""
_GROUPS_OF_IMAGES = frozenset(_GROUPS_OF_IMAGES_WORDS.split())
_MAX = 32
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_CONTROLS = frozenset(map(chr, (*range(1, 32), 127))) - {
    "\n",
    "\r",
}  # those have a rule of their own
_FIELDS = ("gecos", "homeDir", "shell", "passwordHash")


def check(subject: Subject) -> Iterator[Violation]:
    groups = _Groups(subject)
    for kind in ("users", "groups"):
        for item, path in subject.items("passwd", kind):
            if item.get("shouldExist") is not False:
                yield from _names(item, path)
                if kind == "users":
                    yield from _user(item, path, groups, subject)


def _names(item: dict[str, Any], path: Path) -> Iterator[Violation]:
    name = item.get("name", "")
    why = account_names.check_name(name)
    if why and ":" not in name and "\n" not in name and "\r" not in name:  # a rule of its own
        yield INVALID_ACCOUNT_NAME.at(
            (*path, "name"), f"no account can have the name {quote(name)}: {why}"
        )
    elif not why and (len(name) > _MAX or name.isdecimal() or not _is_plain(name)):
        yield UNPORTABLE_ACCOUNT_NAME.at(
            (*path, "name"), f"some distributions refuse the name {quote(name)}"
        )
    for member in _FIELDS:
        if not _CONTROLS.isdisjoint(item.get(member, "")):
            yield UNPORTABLE_ACCOUNT_NAME.at((*path, member), f"a control character in {member}")


def _is_plain(name: str) -> bool:
    return name not in (".", "..") and _PLAIN.issuperset(name[:-1] + name[-1].replace("$", "_"))


def _user(
    item: dict[str, Any], path: Path, groups: _Groups, subject: Subject
) -> Iterator[Violation]:
    name = item.get("name", "")
    if subject.inventory.defines_whole_user(name) and name not in _OF_IMAGES:
        own = not item.get("noUserGroup") and not item.get("primaryGroup")
        if own and name in groups.made:
            yield USER_GROUP_EXISTS.at((*path, "name"))
        if item.get("noCreateHome") and item.get("sshAuthorizedKeys") and item.get("uid") != 0:
            yield SSH_KEYS_WITHOUT_HOME.at((*path, "sshAuthorizedKeys"))
    if item.get("primaryGroup"):
        yield from groups.unknown(item["primaryGroup"], (*path, "primaryGroup"))
    wanted = item.get("groups", ())
    for index, text in enumerate(wanted):
        # An item may hold several names; a lone empty one says nothing.
        for group in text.split(",") if ",".join(wanted) else ():
            yield from groups.unknown(group, (*path, "groups", index))


class _Groups:
    """Which groups there are when the users are made."""

    def __init__(self, subject: Subject) -> None:
        self.made: set[str] = set()
        self._gone: set[str] = set()
        for item, _ in subject.items("passwd", "groups"):
            kept = item.get("shouldExist") is not False
            (self.made if kept else self._gone).add(item.get("name", ""))
        # With whom a group comes: a new user's own bears the name of the user.
        users = subject.value["passwd"].get("users", ())
        self._own = {user.get("name", ""): index for index, user in enumerate(users)}
        self._known = self.made | self._own.keys()
        self._words = KnownNames(self._known)

    def unknown(self, name: str, path: Path) -> Iterator[Violation]:
        own = self._own.get(name, -1) if name not in self.made else -1
        if own > int(path[2]):
            message = f"the group {quote(name)} comes with the user of that name, who is made later"
            yield UNKNOWN_GROUP.at(path, message, f"list {name} before, or under passwd.groups")
        if name in self._known or name in _GROUPS_OF_IMAGES - self._gone:
            return
        if not name:
            yield UNKNOWN_GROUP.at(path, "an empty text is the name of no group")
        elif name in self._gone:
            yield UNKNOWN_GROUP.at(path, f"this config deletes the group {quote(name)}")
        elif len(name) > 3 and (near := self._words.closest(name)):
            hint = f"perhaps {near} is meant"
            yield UNKNOWN_GROUP.at(path, f"no group {quote(name)} is made here", hint)
