# SPDX-License-Identifier: Apache-2.0
"""`.ignition-lint.toml`: the lint settings of a project, in the directory of a config or above it.

    platform = "aws"
    strict = true
    select = ["IGN10", "IGN18"]
    ignore = ["plain-http"]

    [severity]
    unused-key = "error"

Only the nearest file is read. Flags take precedence over it.
"""

from __future__ import annotations

import os
from typing import Any

from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.base.record import record
from ignition.lint.selection import Selection, parse_severity, resolve, resolve_all

FILE = ".ignition-lint.toml"
_KEYS = ("ignore", "platform", "select", "severity", "strict")


@record
class Project:
    """The settings in a project file; the defaults apply without one."""

    selection: Selection = Selection()
    platform: str = ""
    strict: bool = False


def find(directory: str) -> str:
    """The path of the nearest project file in a directory or its parents; "" if there is none."""
    here = os.path.abspath(directory)
    while True:
        path = os.path.join(here, FILE)
        if os.path.isfile(path):
            return path
        above = os.path.dirname(here)
        if above == here:
            return ""
        here = above


def load(path: str, names: dict[str, str]) -> Project:
    """Parses a project file; `names` maps codes to rule names.

    Failure (IGN6301 to IGN6304) if it is invalid.
    """
    import tomllib

    origin = Origin(path)
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise Failure("IGN6301", f"cannot read {path}: {error}", origin) from error
    try:
        return _project(table, names)
    except Failure as failure:
        failure.text = f"{path}: {failure.text}"
        failure.origin = origin
        raise


def _project(table: dict[str, Any], names: dict[str, str]) -> Project:
    for key in table:
        if key not in _KEYS:
            raise Failure("IGN6304", f"unknown key {key!r}", hint=f"use one of {', '.join(_KEYS)}")
    severities = _typed(table, "severity", dict)
    selection = Selection(
        resolve_all(_strings(table, "select"), names),
        resolve_all(_strings(table, "ignore"), names),
        tuple(
            (code, parse_severity(str(level)))
            for word, level in severities.items()
            for code in resolve(word, names)
        ),
    )
    return Project(selection, _typed(table, "platform", str), _typed(table, "strict", bool))


def _strings(table: dict[str, Any], key: str) -> list[str]:
    words: list[Any] = _typed(table, key, list)
    if not all(isinstance(word, str) for word in words):
        raise Failure("IGN6304", f"{key} must be a list of strings")
    return words


def _typed(table: dict[str, Any], key: str, kind: type) -> Any:
    value = table.get(key, kind())
    if not isinstance(value, kind):
        names = {dict: "a table", str: "a string", bool: "true or false", list: "a list of strings"}
        raise Failure("IGN6304", f"{key} must be {names[kind]}")
    return value


class Projects:
    """Finds the project of each config and caches it. `names` is only called if there is a project file."""

    def __init__(self, names: Any) -> None:
        self._names = names
        self._by_directory: dict[str, Project] = {}
        self._by_file: dict[str, Project] = {"": Project()}

    def lookup(self, directory: str) -> Project:
        """The project of the configs in a directory."""
        known = self._by_directory.get(directory)
        if known is None:
            path = find(directory)
            if path not in self._by_file:
                self._by_file[path] = load(path, self._names())
            known = self._by_directory[directory] = self._by_file[path]
        return known
