# SPDX-License-Identifier: Apache-2.0
"""What follows from files, directories and links, and from the texts of units.

The engine writes directories, files and links, then units and masks. Of two entries for one path the later
one counts. A directory that exists keeps its owner and mode, and so does a file to which the config gives no
contents: then only what the config says is expected.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ignition.base.origin import Origin
from ignition.config.model import Directory, File, Link, Resource
from ignition.lint.bodies import Body, body_of, checksum, is_shown
from ignition.testbed.expectations import model
from ignition.testbed.expectations.derivation import volumes
from ignition.testbed.expectations.derivation.subject import Subject
from ignition.testbed.expectations.derivation.visibility import Visibility

_FILE_MODE, _DIRECTORY_MODE = 0o644, 0o755
_ROOT = "root"
_UNITS = "/etc/systemd/system"
_PRESETS = "/etc/systemd/system-preset/20-ignition.preset"
_TABLES = frozenset(f"/etc/{name}" for name in ("passwd", "group", "shadow", "gshadow"))


def derive(subject: Subject) -> list[model.Node]:
    """One expectation per path, without those that the booted machine does not show."""
    storage = subject.config.storage
    found: dict[str, model.Node] = {}
    for index, directory in enumerate(storage.directories):
        found[directory.path] = _directory(subject, directory, index)
    for index, file in enumerate(storage.files):
        found[file.path] = _file(subject, file, index)
    for index, link in enumerate(storage.links):
        found[link.path] = _link(subject, link, index)
    _add_unit_files(subject, found)
    found |= {file.path: file for file in volumes.derive(subject)}
    visibility = Visibility(subject.config)
    return [
        _without_owner(node) if not visibility.has_owners(node.path) else node
        for node in found.values()
        if _is_visible(subject, node, visibility)
    ]


def _is_visible(subject: Subject, node: model.Node, visibility: Visibility) -> bool:
    reason = visibility.reason(node.path)
    if reason:
        subject.note(f"{node.path}: {reason}")
    return not reason


def _without_owner(node: model.Node) -> model.Node:
    return replace(node, user=None, group=None, mode=None)


def _owner(entry: File | Directory | Link, *, is_new: bool) -> dict[str, Any]:
    default = _ROOT if is_new else None
    return {
        "user": _id_or_name(entry.user.id, entry.user.name, default),
        "group": _id_or_name(entry.group.id, entry.group.name, default),
    }


def _id_or_name(number: int | None, name: str | None, default: str | None) -> str | int | None:
    if number is not None:
        return number
    return name or default


def _directory(subject: Subject, entry: Directory, index: int) -> model.Directory:
    is_new = bool(entry.overwrite)
    mode = entry.mode if entry.mode is not None else (_DIRECTORY_MODE if is_new else None)
    return model.Directory(
        place=subject.place("storage", "directories", index),
        path=entry.path,
        mode=mode,
        **_owner(entry, is_new=is_new),
    )


def _link(subject: Subject, entry: Link, index: int) -> model.Link:
    place = subject.place("storage", "links", index)
    target = entry.target or None
    if entry.hard:
        if target is not None and not target.startswith("/"):
            target = f"/{target}"
        return model.Link(place=place, path=entry.path, target=target, hard=True)
    owner = _owner(entry, is_new=bool(entry.overwrite))
    return model.Link(place=place, path=entry.path, target=target, **owner)


def _file(subject: Subject, entry: File, index: int) -> model.File:
    body = body_of(entry.contents)
    is_new = body is not None
    mode = entry.mode if entry.mode is not None else (_FILE_MODE if is_new else None)
    file = model.File(
        place=subject.place("storage", "files", index),
        path=entry.path,
        mode=mode,
        **_owner(entry, is_new=is_new),
    )
    if entry.path in _TABLES:
        subject.note(f"{entry.path}: its contents are mixed with the accounts of the config")
        return file
    file = _with_body(subject, file, body, entry.append)
    presets = any(unit.enabled is not None for unit in subject.config.systemd.units)
    if entry.path == _PRESETS and presets and file.content is not None:
        return replace(file, content=None, contains=file.content or None)
    return file


def _with_body(
    subject: Subject, file: model.File, body: Body | None, append: list[Resource]
) -> model.File:
    """Adds what is known of the contents: all, the part that is inline, or the checksum."""
    parts = ([body] if body else []) + [part for part in map(body_of, append) if part]
    if not parts:
        return file
    known = [part.data for part in parts if part.data is not None]
    if body is not None and len(known) == len(parts):
        whole = b"".join(known)
        if is_shown(whole, file.mode):
            return replace(file, content=whole)
        return replace(file, sha256=checksum(whole))
    if body is not None and len(parts) == 1 and body.sha256:
        return replace(file, sha256=body.sha256)
    text = _first_run(parts)
    if len(known) < len(parts):
        subject.note(f"{file.path}: its contents are fetched from elsewhere, so they are not known")
    if not text:
        return file
    if not is_shown(text, file.mode):
        subject.note(f"{file.path}: text that is added to a private file is not printed")
        return file
    return replace(file, contains=text)


def _first_run(parts: list[Body]) -> bytes:
    """The first inline parts that follow each other."""
    out = b""
    for part in parts:
        if part.data is None and out:
            break
        out += part.data or b""
    return out


def _add_unit_files(subject: Subject, found: dict[str, model.Node]) -> None:
    for index, unit in enumerate(subject.config.systemd.units):
        for number, dropin in enumerate(unit.dropins):
            if dropin.contents is not None:
                path = f"{_UNITS}/{unit.name}.d/{dropin.name}"
                place = subject.place("systemd", "units", index, "dropins", number)
                found[path] = _unit_file(place, path, dropin.contents)
        path = f"{_UNITS}/{unit.name}"
        if unit.mask:
            found.pop(path, None)
        elif unit.contents:
            place = subject.place("systemd", "units", index)
            found[path] = _unit_file(place, path, unit.contents)


def _unit_file(place: Origin, path: str, contents: str) -> model.File:
    data = contents.encode("utf-8", "replace")
    shown = is_shown(data, _FILE_MODE)
    return model.File(
        place=place,
        path=path,
        user=_ROOT,
        group=_ROOT,
        mode=_FILE_MODE,
        content=data if shown else None,
        sha256=None if shown else checksum(data),
    )
