# SPDX-License-Identifier: Apache-2.0
"""What the engine writes into the root for LUKS volumes: key files, and the lines of /etc/crypttab."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ignition.config import limits
from ignition.config.model import Luks
from ignition.lint.bodies import body_of, checksum
from ignition.testbed.expectations import model
from ignition.testbed.expectations.derivation.subject import Subject

_ROOT = "root"
_MODE = 0o600
_ANY_UUID = "[0-9a-f-]{36}"


def derive(subject: Subject) -> Iterator[model.File]:
    """A file per key, and crypttab with a line per volume. Its owner is that of an existing one."""
    entries = subject.config.storage.luks
    for index, entry in enumerate(entries):
        if not limits.has_clevis(entry.raw):
            yield _key_file(subject, entry, index)
    if entries:
        yield model.File(
            place=subject.place("storage", "luks"),
            path="/etc/crypttab",
            mode=_MODE,
            matches=_all_of([_line(entry) for entry in entries]),
        )


def _key_file(subject: Subject, entry: Luks, index: int) -> model.File:
    body = body_of(entry.key_file)
    known = None
    if body is not None and entry.key_file.source:
        known = checksum(body.data) if body.data is not None else body.sha256
    return model.File(
        place=subject.place("storage", "luks", index),
        path=f"/etc/luks/{entry.name}",
        user=_ROOT,
        group=_ROOT,
        mode=_MODE,
        sha256=known,
    )


def _line(entry: Luks) -> str:
    """A regular expression for the line of a volume."""
    clevis = entry.clevis
    uuid = re.escape(entry.uuid.lower()) if entry.uuid else _ANY_UUID
    key = "none" if limits.has_clevis(entry.raw) else f"/etc/luks/{re.escape(entry.name)}"
    network = "_netdev," if clevis.tang or clevis.custom.needs_network else ""
    return rf"^{re.escape(entry.name)} UUID=(?i:{uuid}) {key} luks,{network}x-initrd\.attach$"


def _all_of(lines: list[str]) -> str:
    """A regular expression for a text that has all these lines, in any order."""
    if len(lines) == 1:
        return f"(?m){lines[0]}"
    return r"(?ms)\A" + "".join(f"(?=.*{line})" for line in lines)
