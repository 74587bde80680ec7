# SPDX-License-Identifier: Apache-2.0
"""What follows from users and groups. An empty string means "not given", as for the engine."""

from __future__ import annotations

from ignition.config.model import PasswdUser
from ignition.lint.inventory import home_directory
from ignition.testbed.expectations import model
from ignition.testbed.expectations.derivation.subject import Subject

_KEY_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys.d/ignition")
_NO_PASSWORD = "*"
"""What the engine writes for an empty hash: no password matches, and nothing is secret."""


def derive(subject: Subject) -> list[model.Expectation]:
    """Users, then groups."""
    passwd = subject.config.passwd
    replaced = {file.path for file in subject.config.storage.files}
    users = [_user(subject, user, index, replaced) for index, user in enumerate(passwd.users)]
    groups: list[model.Expectation] = []
    for index, group in enumerate(passwd.groups):
        place = subject.place("passwd", "groups", index)
        exists = group.should_exist is not False
        if exists and group.password_hash:
            subject.note(f"group {group.name}: its password is not checked")
        if exists and group.system and group.gid is None:
            subject.note(f"group {group.name}: the number of a system group is up to the image")
        gid = group.gid if exists else None
        groups.append(model.Group(place=place, name=group.name, exists=exists, gid=gid))
    return [*users, *groups]


def _user(subject: Subject, user: PasswdUser, index: int, replaced: set[str]) -> model.User:
    place = subject.place("passwd", "users", index)
    if user.should_exist is False:
        return model.User(place=place, name=user.name, exists=False)
    if user.system and user.uid is None:
        subject.note(f"user {user.name}: the number of a system user is up to the image")
    keys = tuple(key for key in user.ssh_authorized_keys if key.strip())
    home = home_directory(user.raw).rstrip("/")
    if keys and any(f"{home}/{name}" in replaced for name in _KEY_FILES):
        subject.note(f"user {user.name}: a file of the config replaces the list of keys")
        keys = ()
    return model.User(
        place=place,
        name=user.name,
        uid=user.uid,
        primary_group=user.primary_group or None,
        groups=tuple(group for group in user.groups if group),
        home=user.home_dir or None,
        shell=user.shell or None,
        gecos=user.gecos or None,
        keys=keys,
        password_hash=_password(user.password_hash),
    )


def _password(value: str | None) -> str | None:
    """The checksum of a hash: what is printed must not help to guess the password."""
    if value is None:
        return None
    return model.hide_password_hash(value) if value not in ("", _NO_PASSWORD) else _NO_PASSWORD
