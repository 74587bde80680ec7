# SPDX-License-Identifier: Apache-2.0
"""Users and groups that useradd, groupadd and usermod would reject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.finding import ERROR
from ignition.base.log import quote
from ignition.config import account_names
from ignition.lint.inventory import IMAGE_USERS
from ignition.lint.rule import LintRule
from ignition.lint.typos import KnownNames

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

INVALID_ACCOUNT_NAME = LintRule(
    "IGN1975",
    "invalid user or group name",
    hint="start with a letter or an underscore, followed by letters, digits, underscores or hyphens",
    severity=ERROR,
)
"""The account tools of every distribution reject a name that is empty, starts with a hyphen, plus sign or
tilde, contains a colon, comma or whitespace, or is longer than 255 bytes."""

UNPORTABLE_ACCOUNT_NAME = LintRule(
    "IGN1976",
    "some distributions reject this name or value",
    hint="use at most 32 lowercase letters, digits, hyphens and underscores in a name, and no control "
    "characters in any field",
)
"""Debian's `useradd` accepts almost any name. On Fedora, SUSE and others a name is limited to 32 letters,
digits, `_`, `.` and `-`, and must not be all digits, because many programs would read it as a number.
Versions since 2023 also reject control characters in every field."""

USER_GROUP_EXISTS = LintRule(
    "IGN1977",
    "a group with the user's name already exists, so useradd cannot create the user's own group",
    hint="set primaryGroup to that group, or set noUserGroup to true",
    severity=ERROR,
)
"""`useradd` creates a group with the name of the new user, and fails if the group exists. Groups are created
before users, so a group of that name in `passwd.groups` makes it fail, except on distributions that turn user
groups off (`USERGROUPS_ENAB` in `/etc/login.defs`). `primaryGroup` works everywhere."""

SSH_KEYS_WITHOUT_HOME = LintRule(
    "IGN1978",
    "sshAuthorizedKeys is set, but the user has no home directory",
    hint="remove noCreateHome or sshAuthorizedKeys",
    severity=ERROR,
)
"""The keys are written to the home directory with the user's privileges. The user cannot create that
directory in a parent owned by root."""

UNKNOWN_GROUP = LintRule(
    "IGN1979",
    "unknown group",
    hint="add the group to passwd.groups, or fix its name",
)
"""`useradd` and `usermod` fail if a group does not exist. A group that the config does not mention may come
from the image, so it is only reported if its name is empty, is one typo away from a group in the config, or
is the name of a user listed later, whose own group does not exist yet."""

_IMAGE_GROUPS_WORDS = """
adm audio cdrom dialout disk docker input kvm libvirt lp mail render root sudo systemd-journal tty users
video wheel
"""
_IMAGE_GROUPS = frozenset(_IMAGE_GROUPS_WORDS.split())
_MAX_NAME = 32
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_CONTROLS = frozenset(map(chr, (*range(1, 32), 127))) - {
    "\n",
    "\r",
}  # the engine's own rules report line breaks
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
    problem = account_names.check_name(name)
    # The engine's own rules report colons and line breaks.
    if problem and ":" not in name and "\n" not in name and "\r" not in name:
        yield INVALID_ACCOUNT_NAME.at(
            (*path, "name"), f"{quote(name)} is not a valid account name: {problem}"
        )
    elif not problem and (len(name) > _MAX_NAME or name.isdecimal() or not _is_plain(name)):
        yield UNPORTABLE_ACCOUNT_NAME.at(
            (*path, "name"), f"some distributions reject the name {quote(name)}"
        )
    for member in _FIELDS:
        if not _CONTROLS.isdisjoint(item.get(member, "")):
            yield UNPORTABLE_ACCOUNT_NAME.at(
                (*path, member), f"{member} contains a control character"
            )


def _is_plain(name: str) -> bool:
    return name not in (".", "..") and _PLAIN.issuperset(name[:-1] + name[-1].replace("$", "_"))


def _user(
    item: dict[str, Any], path: Path, groups: _Groups, subject: Subject
) -> Iterator[Violation]:
    name = item.get("name", "")
    if subject.inventory.defines_whole_user(name) and name not in IMAGE_USERS:
        own = not item.get("noUserGroup") and not item.get("primaryGroup")
        if own and name in groups.created:
            yield USER_GROUP_EXISTS.at((*path, "name"))
        if item.get("noCreateHome") and item.get("sshAuthorizedKeys") and item.get("uid") != 0:
            yield SSH_KEYS_WITHOUT_HOME.at((*path, "sshAuthorizedKeys"))
    if item.get("primaryGroup"):
        yield from groups.unknown(item["primaryGroup"], (*path, "primaryGroup"))
    wanted = item.get("groups", ())
    for index, text in enumerate(wanted):
        # An item may be a comma-separated list; a single empty item means no groups at all.
        for group in text.split(",") if ",".join(wanted) else ():
            yield from groups.unknown(group, (*path, "groups", index))


class _Groups:
    """The groups that exist when useradd runs."""

    def __init__(self, subject: Subject) -> None:
        self.created: set[str] = set()
        self._deleted: set[str] = set()
        for item, _ in subject.items("passwd", "groups"):
            exists = item.get("shouldExist") is not False
            (self.created if exists else self._deleted).add(item.get("name", ""))
        # useradd creates a group named after each user: name -> index of that user.
        users = subject.value["passwd"].get("users", ())
        self._own = {user.get("name", ""): index for index, user in enumerate(users)}
        self._known = self.created | self._own.keys()
        self._names = KnownNames(self._known)

    def unknown(self, name: str, path: Path) -> Iterator[Violation]:
        own = self._own.get(name, -1) if name not in self.created else -1
        if own > int(path[2]):
            message = (
                f"group {quote(name)} is created with the user of that name, which is listed later"
            )
            yield UNKNOWN_GROUP.at(
                path, message, f"list user {name} first, or add the group to passwd.groups"
            )
        if name in self._known or name in _IMAGE_GROUPS - self._deleted:
            return
        if not name:
            yield UNKNOWN_GROUP.at(path, "the group name is empty")
        elif name in self._deleted:
            yield UNKNOWN_GROUP.at(path, f"the config deletes group {quote(name)}")
        elif len(name) > 3 and (near := self._names.closest(name)):
            hint = f"did you mean {near}?"
            yield UNKNOWN_GROUP.at(path, f"unknown group {quote(name)}", hint)
