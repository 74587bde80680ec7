# SPDX-License-Identifier: Apache-2.0
"""Users and groups of a config. As for the engine, an empty string means "not given"."""

from __future__ import annotations

from collections.abc import Iterator

from ignition.config.model import PasswdGroup, PasswdUser
from ignition.lint.inventory import home_directory
from ignition.review.subject import Subject
from ignition.review.things.contents import HIDDEN
from ignition.review.things.thing import Fact, Path, Thing

KEY_FILES = (".ssh/authorized_keys.d/ignition", ".ssh/authorized_keys")
"""The distribution chooses one of them."""
_FLAGS = (
    ("noCreateHome", "no_create_home"),
    ("noUserGroup", "no_user_group"),
    ("noLogInit", "no_log_init"),
    ("system", "system"),
)


def collect(subject: Subject) -> Iterator[Thing]:
    """Users, then groups."""
    passwd = subject.config.passwd
    for index, user in enumerate(passwd.users):
        yield _user(user, ("passwd", "users", index))
    for index, group in enumerate(passwd.groups):
        yield _group(group, ("passwd", "groups", index))


def collect_made(subject: Subject) -> Iterator[Thing]:
    """The paths that accounts bring with them: homes, key files, lines of the account tables."""
    passwd = subject.config.passwd
    for index, user in enumerate(passwd.users):
        if user.should_exist is not False:
            yield from _paths(user, ("passwd", "users", index))
    yield from _members(subject)
    users = [("passwd", "users", index) for index in range(len(passwd.users))]
    groups = [("passwd", "groups", index) for index in range(len(passwd.groups))]
    for name, entries in (
        ("passwd", users),
        ("shadow", users),
        ("group", [*users, *groups]),
        ("gshadow", [*users, *groups]),
    ):
        facts = tuple(Fact("line of", _name(subject, entry), (*entry, "name")) for entry in entries)
        if facts:
            yield Thing("account table", f"/etc/{name}", facts[0].path or (), facts, made=True)


def _members(subject: Subject) -> Iterator[Thing]:
    """The groups that users are put into."""
    members: dict[str, list[Fact]] = {}
    for index, user in enumerate(subject.config.passwd.users):
        if user.should_exist is not False:
            for number, group in enumerate(user.groups):
                path: Path = ("passwd", "users", index, "groups", number)
                members.setdefault(group, []).append(Fact("member", user.name, path))
    for group, facts in members.items():
        yield Thing("members of group", group, facts[0].path or (), tuple(facts), made=True)


def _name(subject: Subject, entry: tuple[str, str, int]) -> str:
    _, kind, index = entry
    name: str = subject.value["passwd"][kind][index].get("name", "")
    return f"{kind[:-1]} {name}"


def _user(user: PasswdUser, path: Path) -> Thing:
    facts = [_exists(user.should_exist, path)]
    if user.should_exist is not False:
        for name, member, value in (
            ("uid", "uid", user.uid),
            ("gecos", "gecos", user.gecos or None),
            ("home", "homeDir", user.home_dir or None),
            ("shell", "shell", user.shell or None),
            ("primary group", "primaryGroup", user.primary_group or None),
        ):
            if value is not None:
                facts.append(Fact(name, str(value), (*path, member), value))
        facts += _password(user.password_hash, path)
        facts += [
            Fact("supplementary group", name, (*path, "groups", index), name)
            for index, name in enumerate(user.groups)
            if name
        ]
        facts += [
            Fact("ssh key", _key(key), (*path, "sshAuthorizedKeys", index), key.strip())
            for index, key in enumerate(user.ssh_authorized_keys)
            if key.strip()
        ]
        facts += [
            Fact(name, "true", (*path, name), True)
            for name, attribute in _FLAGS
            if getattr(user, attribute)
        ]
    return Thing("user", user.name, path, tuple(facts))


def _group(group: PasswdGroup, path: Path) -> Thing:
    facts = [_exists(group.should_exist, path)]
    if group.should_exist is not False:
        if group.gid is not None:
            facts.append(Fact("gid", str(group.gid), (*path, "gid"), group.gid))
        facts += _password(group.password_hash, path)
        if group.system:
            facts.append(Fact("system", "true", (*path, "system"), True))
    return Thing("group", group.name, path, tuple(facts))


def _exists(should_exist: bool | None, path: Path) -> Fact:
    if should_exist is False:
        return Fact("exists", "no", (*path, "shouldExist"), False)
    return Fact("exists", "yes", path, True)


def _password(value: str | None, path: Path) -> list[Fact]:
    if value is None:
        return []
    return [
        Fact("password hash", HIDDEN if value else "(no password)", (*path, "passwordHash"), value)
    ]


def _key(text: str) -> str:
    """A key in one short line: its type, the end of it and the comment. Public keys are no secrets."""
    words = text.split()
    at = next((n for n, word in enumerate(words) if word.startswith("AAAA")), -1)
    if at < 1:
        return text if len(text) <= 60 else f"{text[:57]}..."
    words[at] = words[at] if len(words[at]) <= 20 else f"...{words[at][-12:]}"
    return " ".join(words[at - 1 :])


def _paths(user: PasswdUser, path: Path) -> Iterator[Thing]:
    home = home_directory(user.raw) or "/"
    where = (*path, "homeDir") if user.home_dir else (*path, "name")
    if not user.no_create_home:
        yield Thing("home directory", home, path, (Fact("home of", user.name, where),), made=True)
    keys = tuple(
        Fact("ssh key", _key(key), (*path, "sshAuthorizedKeys", index))
        for index, key in enumerate(user.ssh_authorized_keys)
        if key.strip()
    )
    if keys:
        for name in KEY_FILES:
            yield Thing(
                "file of ssh keys",
                f"{home.rstrip('/')}/{name}",
                path,
                (Fact("keys of", user.name, (*path, "name")), *keys),
                made=True,
                notes=(f"the distribution chooses between {' and '.join(KEY_FILES)}",),
            )
