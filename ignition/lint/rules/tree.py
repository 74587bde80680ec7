# SPDX-License-Identifier: Apache-2.0
"""What a config makes, as one tree of folders: what can lie below what, and what is in the way of what."""

from __future__ import annotations

from ignition.base.finding import ERROR
from ignition.config.rules.paths import ancestors, distinct_lengths
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.inventory import Inventory
    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

PATH_CONFLICT = LintRule(
    "IGN1988",
    "a file of this config is in the way",
    hint="give one of the two another path",
    severity=ERROR,
)
"""A path leads through folders: nothing can lie below a file, be it an entry of the config, a unit or a
drop-in. And what a boot makes before it comes to the entry stays where it is, unless the entry says
`overwrite`: mount points, homes of users, and the file with their keys."""

MOUNT_POINT_OVERWRITTEN = LintRule(
    "IGN1989",
    "a filesystem is mounted here, which cannot be replaced",
    hint="leave overwrite out, or mount the filesystem elsewhere",
    severity=ERROR,
)
"""Filesystems are mounted before files are written. `overwrite` would remove the folder that one of them is
mounted on, or the root of the system."""

IMPOSSIBLE_HARD_LINK = LintRule(
    "IGN1999",
    "a hard link that cannot be made",
    hint="use a symbolic link (hard: false)",
    severity=ERROR,
)
"""A hard link is a second name of a file on the same filesystem: not of one on another mount, of a folder, of
itself, or of one that is only made by a circle of links. A boot takes a relative target from the root."""

DELETED_OWNER = LintRule(
    "IGN1995",
    "the owner is a user or group that this config deletes",
    hint="give another owner, or the number of this one as id",
    severity=ERROR,
)
"""Users and groups come before files, so that the name is unknown when the file is to get its owner."""

_UNITS = "/etc/systemd/system"
_PRESETS = "/etc/systemd/system-preset/20-ignition.preset"
_RESULT = "/etc/.ignition-result.json"
_KEYS = ".ssh/authorized_keys.d/ignition"


def check(subject: Subject) -> Iterator[Violation]:
    inventory = subject.inventory
    solid = inventory.files.keys() - inventory.directories - inventory.links
    of_length = distinct_lengths(solid)
    for path, place in _paths(subject):
        upper = _first_above(path, solid, of_length)
        if upper:
            yield PATH_CONFLICT.at(
                place, f"{upper} is a file of this config: {path} cannot be below it"
            )
    before = _there_before(subject)
    mounts = _with_folders(inventory.mounts)
    for node, place in subject.nodes():
        yield from _in_place(node, place, before, mounts)
    for link, place in subject.items("storage", "links"):
        why = _hard_link_fault(link.get("path", ""), inventory, solid) if link.get("hard") else ""
        if why:
            yield IMPOSSIBLE_HARD_LINK.at(
                (*place, "target"), f"{IMPOSSIBLE_HARD_LINK.title}: {why}"
            )
    yield from _result(subject)
    yield from _owners(subject)


def _paths(subject: Subject) -> Iterator[tuple[str, Path]]:
    """Everything that a config has a boot make, by its path."""
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
            yield f"{_home(user)}/{_KEYS}", (*path, "sshAuthorizedKeys")


def _there_before(subject: Subject) -> dict[str, str]:
    """What a boot has made when it comes to the files: path -> what it is, in words."""
    found = dict.fromkeys(_with_folders(subject.inventory.mounts), "a filesystem is mounted there")
    found["/"] = "it is the root of the system"
    for user, _ in subject.items("passwd", "users"):
        if user.get("shouldExist") is False or user.get("name") == "root":
            continue
        home = _home(user)
        if not user.get("noCreateHome") and not user.get("system"):
            found[home] = f"it is the home of {user.get('name')}"
        if user.get("sshAuthorizedKeys"):
            for folder in (home, f"{home}/.ssh", f"{home}/.ssh/authorized_keys.d"):
                found[folder] = f"it holds the keys of {user.get('name')}"
            found[f"{home}/{_KEYS}"] = ""
    return found


def _in_place(
    item: dict[str, Any], path: Path, before: dict[str, str], mounts: set[str]
) -> Iterator[Violation]:
    where = item.get("path", "")
    if item.get("overwrite"):
        if where in mounts or where == "/":
            yield MOUNT_POINT_OVERWRITTEN.at((*path, "overwrite"))
    elif where in before:
        why = before[where]
        if not why:
            message = f"the keys of a user are written to {where}, which would be lost"
            yield PATH_CONFLICT.at(
                (*path, "path"), message, "leave it out, or the keys of the user"
            )
        elif path[1] != "directories":
            yield PATH_CONFLICT.at((*path, "path"), f"{where} is a folder: {why}")


def _result(subject: Subject) -> Iterator[Violation]:
    """A boot puts its result over a file that it takes for one of an earlier boot, and reads it first."""
    for file in subject.files:
        if file.target == _RESULT and len(file.bodies) == 1 and file.bodies[0].data is not None:
            import json

            try:
                known = isinstance(json.loads(file.bodies[0].data), dict)
            except (ValueError, RecursionError):
                known = False
            if not known:
                message = (
                    f"a boot writes its own result to {_RESULT}, and takes this for an earlier one"
                )
                yield PATH_CONFLICT.at((*file.path, "path"), message, "leave it out")


def _owners(subject: Subject) -> Iterator[Violation]:
    gone: dict[str, set[str]] = {}
    stays: set[str] = set()
    for kind, member in (("users", "user"), ("groups", "group")):
        entries = [item for item, _ in subject.items("passwd", kind)]
        gone[member] = {
            item.get("name", "") for item in entries if item.get("shouldExist") is False
        }
        # A user brings a group of the same name.
        stays |= {item.get("name", "") for item in entries} - gone[member]
    if not subject.inventory.complete or not (gone["user"] or gone["group"]):
        return
    for item, path in subject.nodes():
        for member, names in gone.items():
            name = item.get(member, {}).get("name", "")
            if name in names - stays and not item.get("hard"):
                yield DELETED_OWNER.at(
                    (*path, member, "name"), f"this config deletes the {member} {name}"
                )


def _hard_link_fault(path: str, inventory: Inventory, solid: set[str]) -> str:
    """Why no hard link can be made, "" if one can."""
    target = inventory.hard_links[path]
    seen = {path}
    while target in inventory.hard_links:
        if target in seen:
            return "it leads to itself"
        seen.add(target)
        target = inventory.hard_links[target]
    if target in seen:
        return "it leads to itself"
    if target in inventory.directories or target == "/":
        return f"{target} is a folder"
    if _mount_of(path, inventory.mounts) != _mount_of(target, inventory.mounts):
        return f"{target} is on another filesystem"
    upper = _first_above(target, solid, distinct_lengths(solid))
    return f"{upper} is a file, and {target} below it" if upper else ""


def _mount_of(path: str, mounts: set[str]) -> str:
    if path in mounts:
        return path
    return _first_above(path, mounts, distinct_lengths(mounts)) or "/"


def _first_above(path: str, known: set[str], of_length: list[int]) -> str:
    return next((each for each in ancestors(path, of_length) if each in known), "")


def _with_folders(paths: set[str]) -> set[str]:
    """The paths and all folders above them, but not the root."""
    found = set()
    for path in paths:
        while path.rstrip("/"):
            found.add(path)
            path = path.rpartition("/")[0]
    return found


def _home(user: dict[str, Any]) -> str:
    name = user.get("name", "")
    home: str = user.get("homeDir") or ("/root" if name == "root" else f"/home/{name}")
    return home.rstrip("/")
