# SPDX-License-Identifier: Apache-2.0
"""Parses the journal's notes. Anybody may have written them, so invalid ones are skipped."""

from __future__ import annotations

from ignition.base import gojson

from .paths import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Note = dict[str, Any]

# More than a note about very many paths needs.
_MAX_LINE = 16 << 20
_DIGEST = "sha512-"
_HEX = "0123456789abcdef"


def parse(text: bytes) -> Iterator[Note]:
    """The notes of a journal, of all configs."""
    for line in text.split(b"\n"):
        if not line or len(line) > _MAX_LINE:
            continue
        try:
            note = gojson.loads_strict(line)
        except ValueError:
            continue  # incomplete after a power cut, so its action has not started
        if is_valid(note):
            yield note


def is_valid(note: Any) -> bool:
    """Whether a value is a note that we could have written."""
    if not isinstance(note, dict) or not _is_digest(note.get("config")):
        return False
    kind, key = note.get("kind"), note.get("key")
    if not isinstance(kind, str) or not isinstance(key, str):
        return False
    return all(fits(note.get(name)) for name, fits in _SCHEMA.get(kind, {}).items())


def _is_digest(value: Any) -> bool:
    """Whether it is a result of `journal.digest_of_config`."""
    return (
        isinstance(value, str)
        and value.startswith(_DIGEST)
        and not value.removeprefix(_DIGEST).replace("+", "").strip(_HEX)
    )


def _is_checksum(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and not value.strip(_HEX)


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def is_path(value: Any) -> bool:
    """Whether a value is a normalised absolute path."""
    return (
        isinstance(value, str)
        and value.startswith("/")
        and "\0" not in value
        and clean(value) == value
    )


def _is_list_of_paths(value: Any) -> bool:
    return isinstance(value, list) and all(is_path(path) for path in value)


def _is_list_of_folders(value: Any) -> bool:
    """As a folder, the root is ""."""
    return isinstance(value, list) and all(path == "" or is_path(path) for path in value)


def _absent_or(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


# Kind -> its members and their checks.
_SCHEMA: dict[str, dict[str, Callable[[Any], bool]]] = {
    "append": {"size": _is_size, "sha256": _is_checksum},
    "account": {
        "state": lambda value: value in ("begun", "done"),
        "before": _absent_or(_is_checksum),
        "had_home": _absent_or(_is_switch),
        "moved_from": _absent_or(is_path),
        "new": _absent_or(_is_switch),
    },
    "entries": {"there": _is_list_of_paths, "foreign": _is_list_of_paths},
    "written": {"folders": _is_list_of_folders},
    "labels": {"paths": _is_list_of_paths},
    "key file": {},
}
