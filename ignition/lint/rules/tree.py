# SPDX-License-Identifier: Apache-2.0
"""Conflicts in the directory tree that a config describes: paths below files, mount points, hard links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.finding import ERROR
from ignition.config.rules.paths import ancestors, distinct_lengths
from ignition.lint.inventory import home_directory
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.inventory import Inventory
    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

PATH_CONFLICT = LintRule(
    "IGN1988",
    "path conflicts with another entry",
    hint="change the path of one of them",
    severity=ERROR,
)
"""Nothing can exist below a file, whether the file is an entry in the config, a unit or a drop-in. Mount
points, home directories and ssh keys are created before files, so a file or link at such a path fails unless
it sets `overwrite`."""

MOUNT_POINT_OVERWRITTEN = LintRule(
    "IGN1989",
    "cannot overwrite a mount point",
    hint="remove overwrite, or mount the filesystem elsewhere",
    severity=ERROR,
)
"""Filesystems are mounted before files are written. `overwrite` would have to remove a mount point, a parent
of one, or the root directory."""

IMPOSSIBLE_HARD_LINK = LintRule(
    "IGN1999",
    "cannot create the hard link",
    hint="use a symlink (hard: false)",
    severity=ERROR,
)
"""A hard link needs a target file on the same filesystem. It cannot point to another mount, to a directory,
or to itself, directly or through other hard links. A relative target is resolved from the root directory."""

DELETED_OWNER = LintRule(
    "IGN1995",
    "owner is a user or group that the config deletes",
    hint="use another owner, or set the numeric id",
    severity=ERROR,
)
"""Users and groups are deleted before files are written, so the name cannot be resolved any more."""

_UNITS = "/etc/systemd/system"
_PRESETS = "/etc/systemd/system-preset/20-ignition.preset"
_RESULT = "/etc/.ignition-result.json"
_KEYS = ".ssh/authorized_keys.d/ignition"


def check(subject: Subject) -> Iterator[Violation]:
    inventory = subject.inventory
    solid = inventory.files.keys() - inventory.directories - inventory.links
    of_length = distinct_lengths(solid)
    for path, place in _paths(subject):
        ancestor = _nearest_ancestor(path, solid, of_length)
        if ancestor:
            yield PATH_CONFLICT.at(
                place, f"{path} cannot exist below {ancestor}, which is a file in this config"
            )
    existing = _created_before_files(subject)
    mounts = _with_parents(inventory.mounts)
    for node, place in subject.nodes():
        yield from _check_existing(node, place, existing, mounts)
    for link, place in subject.items("storage", "links"):
        problem = (
            _hard_link_problem(link.get("path", ""), inventory, solid) if link.get("hard") else ""
        )
        if problem:
            yield IMPOSSIBLE_HARD_LINK.at(
                (*place, "target"), f"{IMPOSSIBLE_HARD_LINK.title}: {problem}"
            )
    yield from _check_result_file(subject)
    yield from _check_owners(subject)


def _paths(subject: Subject) -> Iterator[tuple[str, Path]]:
    """Every path that the engine creates for the config, with the entry that asks for it."""
    for item, path in subject.nodes():
        yield item.get("path", ""), (*path, "path")
    enabled = None
    for unit in subject.units:
        if unit.text or unit.item.get("mask"):
            yield f"{_UNITS}/{unit.name}", (*unit.path, "name")
        for index, dropin in enumerate(unit.item.get("dropins", ())):
            if "contents" in dropin:
                inner = f"{_UNITS}/{unit.name}.d/{dropin.get('name', '')}"
                yield inner, (*unit.path, "dropins", index, "name")
        if enabled is None and unit.item.get("enabled"):
            enabled = (*unit.path, "enabled")
    if enabled is not None:
        yield _PRESETS, enabled
    for user, path in subject.items("passwd", "users"):
        if user.get("sshAuthorizedKeys"):
            yield f"{home_directory(user)}/{_KEYS}", (*path, "sshAuthorizedKeys")


def _created_before_files(subject: Subject) -> dict[str, str]:
    """What exists before files are written: path -> description; "" for the ssh keys of a user."""
    found = dict.fromkeys(_with_parents(subject.inventory.mounts), "a filesystem is mounted there")
    found["/"] = "it is the root directory"
    for user, _ in subject.items("passwd", "users"):
        if user.get("shouldExist") is False or user.get("name") == "root":
            continue
        home = home_directory(user)
        if not user.get("noCreateHome") and not user.get("system"):
            found[home] = f"it is the home directory of {user.get('name')}"
        if user.get("sshAuthorizedKeys"):
            for directory in (home, f"{home}/.ssh", f"{home}/.ssh/authorized_keys.d"):
                found[directory] = f"it contains the ssh keys of {user.get('name')}"
            found[f"{home}/{_KEYS}"] = ""
    return found


def _check_existing(
    item: dict[str, Any], path: Path, existing: dict[str, str], mounts: set[str]
) -> Iterator[Violation]:
    where = item.get("path", "")
    if item.get("overwrite"):
        if where in mounts or where == "/":
            yield MOUNT_POINT_OVERWRITTEN.at((*path, "overwrite"))
    elif where in existing:
        reason = existing[where]
        if not reason:
            message = f"{where} would overwrite the ssh keys of a user"
            yield PATH_CONFLICT.at((*path, "path"), message, "remove the entry or the user's keys")
        elif path[1] != "directories":
            yield PATH_CONFLICT.at((*path, "path"), f"{where} is a directory: {reason}")


def _check_result_file(subject: Subject) -> Iterator[Violation]:
    """The engine reads the result of an earlier boot before it replaces it, and fails if it is not JSON."""
    for file in subject.files:
        if file.target == _RESULT and len(file.bodies) == 1 and file.bodies[0].data is not None:
            import json

            try:
                known = isinstance(json.loads(file.bodies[0].data), dict)
            except (ValueError, RecursionError):
                known = False
            if not known:
                message = f"{_RESULT} is reserved for the engine, which expects JSON there"
                yield PATH_CONFLICT.at((*file.path, "path"), message, "remove the file")


def _check_owners(subject: Subject) -> Iterator[Violation]:
    deleted: dict[str, set[str]] = {}
    remaining: set[str] = set()
    for kind, member in (("users", "user"), ("groups", "group")):
        entries = [item for item, _ in subject.items("passwd", kind)]
        deleted[member] = {
            item.get("name", "") for item in entries if item.get("shouldExist") is False
        }
        # useradd creates a group with the name of the user.
        remaining |= {item.get("name", "") for item in entries} - deleted[member]
    if not subject.inventory.complete or not (deleted["user"] or deleted["group"]):
        return
    for item, path in subject.nodes():
        for member, names in deleted.items():
            name = item.get(member, {}).get("name", "")
            if name in names - remaining and not item.get("hard"):
                yield DELETED_OWNER.at(
                    (*path, member, "name"), f"the config deletes {member} {name}"
                )


def _hard_link_problem(path: str, inventory: Inventory, solid: set[str]) -> str:
    """Why the hard link cannot be created; "" if it can."""
    target = inventory.hard_links[path]
    seen = {path}
    while target in inventory.hard_links:
        if target in seen:
            return "it points to itself"
        seen.add(target)
        target = inventory.hard_links[target]
    if target in seen:
        return "it points to itself"
    if target in inventory.directories or target == "/":
        return f"{target} is a directory"
    if _mount_of(path, inventory.mounts) != _mount_of(target, inventory.mounts):
        return f"{target} is on another filesystem"
    ancestor = _nearest_ancestor(target, solid, distinct_lengths(solid))
    return f"{target} is below the file {ancestor}" if ancestor else ""


def _mount_of(path: str, mounts: set[str]) -> str:
    if path in mounts:
        return path
    return _nearest_ancestor(path, mounts, distinct_lengths(mounts)) or "/"


def _nearest_ancestor(path: str, known: set[str], of_length: list[int]) -> str:
    return next((each for each in ancestors(path, of_length) if each in known), "")


def _with_parents(paths: set[str]) -> set[str]:
    """The paths and all their parents except the root directory."""
    found = set()
    for path in paths:
        while path.rstrip("/"):
            found.add(path)
            path = path.rpartition("/")[0]
    return found
