# SPDX-License-Identifier: Apache-2.0
"""How two contents differ, for people, and without the content of private files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from ignition.base.printable import printable

DIFF_LINES = 60
DIFF_SIZE = 64 << 10
"""Bytes up to which a diff is made: difflib takes quadratic time."""
_SECRET_NAME = re.compile(
    r"/(g?shadow-?|[^/]*\.(key|keyfile|jwk|p12|pfx)|id_[a-z0-9_]+|ssh_host_[a-z0-9_]+_key|[^/]*password[^/]*"
    r"|[^/]*secret[^/]*|[^/]*token[^/]*)$|^/etc/(luks|cryptsetup-keys\.d)/",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    rb"PRIVATE KEY-----|\$(?:1|2[aby]|5|6|7|y|gy|argon2i?d?)\$[./A-Za-z0-9$=,]{8}"
)


def is_private(path: str, modes: tuple[int | None, ...], *contents: bytes) -> bool:
    """Whether the content must not be shown: not everybody may or should read the file, or it looks
    like a secret."""
    return (
        any(mode is not None and mode & 0o004 == 0 for mode in modes)
        or _SECRET_NAME.search(path) is not None
        or any(_SECRET_TEXT.search(content) for content in contents)
    )


def difference(expected: bytes, found: bytes) -> str:
    """A unified diff of text, or where the bytes begin to differ."""
    old, new = _text(expected), _text(found)
    if old is None or new is None or len(expected) + len(found) > DIFF_SIZE:
        return first_difference(expected, found)
    lines = list(_diff(old, new))
    if len(lines) > DIFF_LINES:
        lines = [*lines[:DIFF_LINES], f"… {len(lines) - DIFF_LINES} more lines"]
    return "\n".join(lines)


def _diff(old: str, new: str) -> Iterator[str]:
    left, right = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for line in difflib.unified_diff(left, right, "expected", "found"):
        yield printable(line.removesuffix("\n"))[:400]
        if not line.endswith("\n"):
            yield "\\ no line break at the end"


def first_difference(expected: bytes, found: bytes) -> str:
    """Names sizes and the first byte that differs, but not the content."""
    pairs = zip(expected, found, strict=False)
    short = min(len(expected), len(found))
    offset = next((at for at, (left, right) in enumerate(pairs) if left != right), short)
    line = expected[:offset].count(b"\n") + 1
    return (
        f"{len(expected)} bytes expected, {len(found)} found;"
        f" the first difference is at byte {offset}, line {line}"
    )


def _text(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
