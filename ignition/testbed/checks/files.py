# SPDX-License-Identifier: Apache-2.0
"""Files, directories and links."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping

from ignition.testbed.checks.content import difference, first_difference, is_private
from ignition.testbed.checks.search import CannotSearch, search
from ignition.testbed.checks.subject import Subject
from ignition.testbed.expectations.model import Directory, File, Link, Node
from ignition.testbed.facts import GuestFile
from ignition.testbed.report import Report
from ignition.testbed.results import Check

NOT_ASKED = "the guest did not report this path"
TOO_LARGE = "the file is larger than the 4 MiB that a report has of it"


def file(item: File, report: Report) -> Iterator[Check]:
    subject = Subject(f"file {item.path}", item.place)
    found = yield from _node(subject, item, "file", report)
    if found is not None:
        yield from _owner_and_mode(subject, item, found, report)
        yield from _content(subject, item, found)


def directory(item: Directory, report: Report) -> Iterator[Check]:
    subject = Subject(f"directory {item.path}", item.place)
    found = yield from _node(subject, item, "directory", report)
    if found is not None:
        yield from _owner_and_mode(subject, item, found, report)


def link(item: Link, report: Report) -> Iterator[Check]:
    """A hard link to a symbolic link has the kind of a link."""
    subject = Subject(f"{'hard link' if item.hard else 'link'} {item.path}", item.place)
    found = yield from _node(subject, item, "" if item.hard else "link", report)
    if found is None:
        return
    if item.target is not None and not item.hard:
        yield subject.equal("target", item.target, found.target)
    elif item.target is not None:
        yield _hard_link(subject, item.target, found, report)
    yield from _owner_and_mode(subject, item, found, report)


def lookup(report: Report, path: str) -> GuestFile | None:
    """The file; None if it does not exist. LookupError with the reason if the report does not say."""
    plain = path if path == "/" else path.rstrip("/")
    for name in (path, plain):
        if report.files is not None and name in report.files:
            return report.files[name]
    if report.files is None or not {path, plain} & report.missing:
        raise LookupError(NOT_ASKED)
    return None


def _node(
    subject: Subject, item: Node, kind: str, report: Report
) -> Generator[Check, None, GuestFile | None]:
    """Checks existence and kind ("" for any). Returns the file if its properties can be judged."""
    wanted = (kind or "a file") if item.exists else "absent"
    try:
        found = lookup(report, item.path)
    except LookupError as reason:
        yield subject.undecided("exists", str(reason), wanted)
        return None
    shown = "absent" if found is None else _described(found)
    right = found is not None and kind in ("", found.kind)
    yield subject.check("exists", right if item.exists else found is None, wanted, shown)
    return found if right and item.exists else None


def _described(found: GuestFile) -> str:
    return f"link to {found.target}" if found.kind == "link" else found.kind


def _owner_and_mode(
    subject: Subject, item: Node, found: GuestFile, report: Report
) -> Iterator[Check]:
    if item.mode is not None:
        yield subject.equal("mode", f"{item.mode:04o}", f"{found.mode:04o}")
    if item.user is not None:
        users = (
            None if report.passwd is None else {one.name: one.uid for one in report.passwd.values()}
        )
        yield _owner(subject, "user", item.user, found.uid, users)
    if item.group is not None:
        groups = (
            None if report.groups is None else {one.name: one.gid for one in report.groups.values()}
        )
        yield _owner(subject, "group", item.group, found.gid, groups)


def _owner(
    subject: Subject, prop: str, wanted: str | int, found: int, ids: Mapping[str, int] | None
) -> Check:
    """`wanted` is a name or a number, `ids` the number of each name."""
    name = next((name for name, number in (ids or {}).items() if number == found), "")
    shown = f"{name} ({found})" if name else str(found)
    if isinstance(wanted, int):
        return subject.check(prop, wanted == found, str(wanted), shown)
    if ids is None:
        return subject.undecided(prop, "the guest did not report its accounts", wanted)
    if wanted not in ids:
        return subject.check(prop, False, f"{wanted}, which does not exist", shown)
    return subject.check(prop, ids[wanted] == found, f"{wanted} ({ids[wanted]})", shown)


def _hard_link(subject: Subject, target: str, found: GuestFile, report: Report) -> Check:
    wanted = f"the same file as {target}"
    try:
        other = lookup(report, target)
    except LookupError as reason:
        return subject.undecided("target", str(reason), wanted)
    if other is None:
        return subject.check("target", False, wanted, f"{target} does not exist")
    same = (found.inode, found.filesystem) == (other.inode, other.filesystem)
    return subject.check("target", same, wanted, "the same file" if same else "another file")


def _content(subject: Subject, item: File, found: GuestFile) -> Iterator[Check]:
    if item.content is not None:
        yield _whole_content(subject, item, item.content, found)
    if item.contains is not None:
        wanted = _excerpt(item, found, item.contains)
        if not found.whole:
            yield subject.undecided("contains", TOO_LARGE, wanted)
        else:
            there = item.contains in found.data
            yield subject.check("contains", there, wanted, "found" if there else "not found")
    if item.matches is not None:
        yield _matches(subject, item.matches, found)
    if item.sha256 is not None:
        yield _sha256(subject, item.sha256, found)


def _whole_content(subject: Subject, item: File, wanted: bytes, found: GuestFile) -> Check:
    if not found.whole and len(wanted) == found.size:
        return _sha256(subject, hashlib.sha256(wanted).hexdigest(), found, "content")
    same = found.whole and wanted == found.data
    if not found.whole:
        detail = ""
    elif is_private(item.path, (item.mode, found.mode), wanted, found.data):
        detail = f"not shown, since the file is private: {first_difference(wanted, found.data)}"
    else:
        detail = difference(wanted, found.data)
    expected = f"{len(wanted)} bytes"
    shown = "the same" if same else f"{found.size} bytes that differ"
    return subject.check("content", same, expected, shown, detail)


def _excerpt(item: File, found: GuestFile, text: bytes) -> str:
    if is_private(item.path, (item.mode, found.mode), text):
        return f"{len(text)} bytes, not shown, since the file is private"
    return text.decode(errors="backslashreplace")


def _matches(subject: Subject, pattern: str, found: GuestFile) -> Check:
    if not found.whole:
        return subject.undecided("matches", TOO_LARGE, pattern)
    try:
        there = search(pattern, [found.data.decode(errors="replace")]) is not None
    except CannotSearch as reason:
        return subject.undecided("matches", str(reason), pattern)
    return subject.check("matches", there, pattern, "a match" if there else "no match")


def _sha256(subject: Subject, wanted: str, found: GuestFile, prop: str = "sha256") -> Check:
    digest = found.sha256 or (hashlib.sha256(found.data).hexdigest() if found.whole else "")
    plain = wanted.lower().removeprefix("sha256-")
    if not digest:
        return subject.undecided(prop, "the guest did not hash this file", plain)
    return subject.equal(prop, plain, digest)
