# SPDX-License-Identifier: Apache-2.0
"""Files, directories and links of a config."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ignition.config.model import Directory, File, Link
from ignition.review.subject import Subject
from ignition.review.things.contents import Contents, contents_of, public_text, show
from ignition.review.things.thing import Fact, Path, Thing

FILE_MODE, DIRECTORY_MODE = 0o644, 0o755
LISTS = ("files", "directories", "links")


@dataclass(frozen=True)
class Whole:
    """What a file contains in the end: `base`, or what the image has if that is None, then `added`."""

    base: Contents | None
    added: tuple[Contents, ...]

    __hash__ = None  # type: ignore[assignment]


def collect(subject: Subject) -> Iterator[Thing]:
    """Everything in storage that has a path."""
    storage = subject.config.storage
    for index, directory in enumerate(storage.directories):
        yield _directory(directory, ("storage", "directories", index))
    for index, file in enumerate(storage.files):
        yield _file(file, ("storage", "files", index))
    for index, link in enumerate(storage.links):
        yield _link(link, ("storage", "links", index))


def _file(entry: File, path: Path) -> Thing:
    contents = contents_of(entry.contents)
    added = [contents_of(each) for each in entry.append]
    facts = []
    # What is appended to a file of the image: its mode is not known.
    mode = entry.mode if entry.mode is not None else FILE_MODE
    if contents is not None:
        facts.append(Fact("contents", show(contents, mode), (*path, "contents", "source")))
    for index, each in enumerate(added):
        if each is not None:
            there = (*path, "append", index, "source")
            facts.append(Fact(f"append {index + 1}", show(each, mode), there))
    is_new = contents is not None
    attributes = [
        _mode(entry.mode, FILE_MODE if is_new else None, path),
        *_owners(entry, path, is_new=is_new),
        *_overwrite(entry, path),
    ]
    whole = _fold(contents, [each for each in added if each is not None])
    body = _whole_fact(whole, mode, path, ("contents", "source") if is_new else ("append",))
    return _node(
        "file",
        entry.path,
        path,
        (*facts, *attributes),
        (_type("file", path), *body, *attributes),
    )


def _fold(base: Contents | None, added: list[Contents]) -> Whole:
    """Joins inline parts: what counts is what the file contains, not in how many pieces."""
    pieces = [base, *added] if base is not None else list(added)
    folded: list[Contents] = []
    for piece in pieces:
        last = folded[-1] if folded else None
        if piece is None:
            continue
        if last is not None and last.data is not None and piece.data is not None:
            folded[-1] = Contents(last.data + piece.data)
        else:
            folded.append(piece)
    if base is not None:
        return Whole(folded[0], tuple(folded[1:]))
    return Whole(None, tuple(each for each in folded if each.data != b""))


def _whole_fact(whole: Whole, mode: int, path: Path, where: Path) -> tuple[Fact, ...]:
    if whole.base is None and not whole.added:
        return ()
    shown = " + ".join(show(each, mode) for each in (whole.base, *whole.added) if each is not None)
    text = public_text(whole.base, mode) if not whole.added else None
    name = "contents" if whole.base is not None else "appended"
    return (Fact(name, shown, (*path, *where), whole, text),)


def _directory(entry: Directory, path: Path) -> Thing:
    is_new = bool(entry.overwrite)
    attributes = (
        _mode(entry.mode, DIRECTORY_MODE if is_new else None, path),
        *_owners(entry, path, is_new=is_new),
        *_overwrite(entry, path),
    )
    return _node("directory", entry.path, path, attributes, (_type("directory", path), *attributes))


def _link(entry: Link, path: Path) -> Thing:
    kind = "hard link" if entry.hard else "symbolic link"
    target = entry.target or ""
    if entry.hard and target and not target.startswith("/"):
        target = f"/{target}"
    facts = [Fact("target", target, (*path, "target"), target)] if target else []
    if not entry.hard:
        facts += _owners(entry, path, is_new=True)
    facts += _overwrite(entry, path)
    return _node(kind, entry.path, path, tuple(facts), (_type(kind, path), *facts))


def _node(
    kind: str, name: str, path: Path, facts: tuple[Fact, ...], compared: tuple[Fact, ...]
) -> Thing:
    return Thing(kind, name, path, facts, compared=compared, identity=("path", name))


def _type(kind: str, path: Path) -> Fact:
    return Fact("type", kind, path, kind)


def _mode(mode: int | None, default: int | None, path: Path) -> Fact:
    if mode is not None:
        return Fact("mode", f"{mode:04o}", (*path, "mode"), mode)
    if default is not None:
        return Fact("mode", f"{default:04o} (default)", None, default)
    return Fact("mode", "kept, or the default if it is new", None, None)


def _owners(entry: File | Directory | Link, path: Path, *, is_new: bool) -> list[Fact]:
    return [
        _owner("owner", entry.user.id, entry.user.name, (*path, "user"), is_new=is_new),
        _owner("group", entry.group.id, entry.group.name, (*path, "group"), is_new=is_new),
    ]


def _owner(name: str, number: int | None, word: str | None, path: Path, *, is_new: bool) -> Fact:
    if number is not None:
        value = "root" if number == 0 else str(number)
        return Fact(name, str(number), (*path, "id"), value)
    if word:
        return Fact(name, word, (*path, "name"), word)
    if is_new:
        return Fact(name, "root (default)", None, "root")
    return Fact(name, "kept, or root if it is new", None, None)


def _overwrite(entry: File | Directory | Link, path: Path) -> list[Fact]:
    if not entry.overwrite:
        return []
    return [Fact("overwrite", "true", (*path, "overwrite"), True)]
