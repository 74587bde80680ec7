# SPDX-License-Identifier: Apache-2.0
"""Turns values of an expectations file into those of the model, and checks what a schema cannot."""

from __future__ import annotations

import base64
import binascii
import re
import warnings
from collections.abc import Callable
from typing import Any

from ignition.lint.unit_names import TYPES
from ignition.testbed.expectations.document import Document
from ignition.testbed.expectations.problems import (
    BAD_MODE,
    BAD_REGEX,
    BAD_VALUE,
    Path,
    Problems,
)

_OCTAL_TEXT = re.compile(r"0o?[0-7]*")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|min|h)?")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, None: 1}
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]+")
_UNIT_NAME_LIMIT = 255


class Values:
    """Converts the members of one document. Wrong ones are added to `problems`, and become None."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self._document = document
        self._problems = problems
        self._converters: dict[str, Callable[[Any, Path], Any]] = {
            "path": self._path,
            "mode": self._mode,
            "matches": self._regex,
            "content": self._bytes,
            "contains": self._bytes,
            "content_base64": self._base64,
            "sha256": lambda value, _: value.lower().removeprefix("sha256-"),
            "password_hash": self._password_hash,
            "within": self._duration,
            "timeout": self._duration,
        }

    def convert(self, name: str, value: Any, path: Path) -> Any:
        """The value of a member as the model has it."""
        self._check_leading_zero(name, value, path)
        if isinstance(value, list) and not any(isinstance(item, dict) for item in value):
            return tuple(value)
        converter = self._converters.get(name)
        return converter(value, path) if converter else value

    def unit_name(self, value: str, path: Path) -> str:
        """A unit name, which must have a suffix."""
        if not value.endswith(TYPES):
            hint = f"write {value}.service, or another suffix" if "." not in value else ""
            self._wrong(
                f"{value} is not a unit name: it has no suffix such as .service", path, hint
            )
        elif not _UNIT_NAME.fullmatch(value) or len(value) > _UNIT_NAME_LIMIT:
            self._wrong(
                f"{value} is not a unit name",
                path,
                "letters, digits and :_.\\@- are allowed; systemd-escape escapes the rest",
            )
        return value

    def _wrong(self, message: str, path: Path, hint: str = "", code: str = BAD_VALUE) -> None:
        self._problems.add(code, message, self._document.place(path), path, hint)

    def _check_leading_zero(self, name: str, value: Any, path: Path) -> None:
        text = self._document.numbers.get(path, "")
        if name != "mode" and isinstance(value, int) and re.match(r"[-+]?0[0-9ox]", text):
            self._wrong(
                f"{name} {text} is octal, that is {value}", path, f"write {value} in decimal"
            )

    def _path(self, value: str, path: Path) -> str:
        parts = value.split("/")[1:]
        if "\0" in value:
            self._wrong("a path cannot contain a null byte", path)
        elif value != "/" and any(part in ("", ".", "..") for part in parts):
            clean = "/" + "/".join(part for part in parts if part not in ("", "."))
            hint = "write it without .." if ".." in parts else f"write {clean}"
            self._wrong(f"{value} is not a normal path", path, hint)
        return value

    def _mode(self, value: int | str, path: Path) -> int | None:
        text = self._document.numbers.get(path)
        if isinstance(value, str):
            return int(value.removeprefix("0o"), 8)
        if text is None or _OCTAL_TEXT.fullmatch(text):
            return value
        octal = int(text, 8) if re.fullmatch("[0-7]{3,4}", text) else 0
        intended = octal if _is_usual(octal) else value
        hint = f'write 0{intended:03o} (in JSON in quotes: "0{intended:03o}")'
        self._wrong(f"mode {text} is decimal, that is 0{value:03o}", path, hint, BAD_MODE)
        return None

    def _regex(self, value: str, path: Path) -> str:
        try:
            with warnings.catch_warnings():  # such as "possible nested set"
                warnings.simplefilter("ignore")
                re.compile(value)
        except (re.error, OverflowError, RecursionError) as error:
            self._wrong(
                f"{value} is not a regular expression: {error}",
                path,
                "contains expects plain text; in a regular expression \\ goes before ( ) [ ] * + ?",
                BAD_REGEX,
            )
        return value

    def _bytes(self, value: str, path: Path) -> bytes:
        try:
            return value.encode()
        except UnicodeEncodeError:
            self._wrong("the text holds half of a surrogate pair", path, "use content_base64")
            return b""

    def _base64(self, value: str, path: Path) -> bytes:
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            self._wrong(f"content_base64 is not base64: {error}", path)
            return b""

    def _password_hash(self, value: str, path: Path) -> str:
        digest = value.removeprefix("sha256:")
        if digest != value and not re.fullmatch("[0-9a-fA-F]{64}", digest):
            self._wrong("sha256: is followed by 64 hexadecimal digits", path)
        return value if digest == value else value.lower()

    def _duration(self, value: float | str, _path: Path) -> float:
        if isinstance(value, str):
            found = _DURATION.fullmatch(value)
            return float(found[1]) * _SECONDS[found[2]] if found else 0.0
        return float(value)


def _is_usual(mode: int) -> bool:
    """Whether the owner may do what the group may, and the group what all others may."""
    owner, group, others = mode >> 6 & 7, mode >> 3 & 7, mode & 7
    return bool(mode) and owner | group == owner and group | others == group
