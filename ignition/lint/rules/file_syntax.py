# SPDX-License-Identifier: Apache-2.0
"""Syntax of inline files whose format is known from their path: sysctl, JSON, TOML, YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ignition.base.finding import INFO
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ignition.lint.embedded import Embedded
    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

INVALID_SYSCTL = LintRule(
    "IGN1951",
    "not a sysctl setting, systemd-sysctl ignores this line",
    hint="write NAME = VALUE; comments go on separate lines",
)
"""Checked in `/etc/sysctl.d/*.conf` and `/etc/sysctl.conf`. See sysctl.d(5)."""

INVALID_JSON = LintRule(
    "IGN1952",
    "invalid JSON",
    hint="check quotes, commas and brackets; JSON has no comments",
)
"""Checked in files whose name ends in `.json`."""

INVALID_TOML = LintRule(
    "IGN1953",
    "invalid TOML",
    hint="check brackets and quotes; TOML strings must be quoted",
)
"""Checked in files whose name ends in `.toml`."""

INVALID_YAML = LintRule(
    "IGN1954",
    "invalid YAML",
    hint="check the indentation; YAML does not allow tabs there",
)
"""Checked in files whose name ends in `.yaml` or `.yml`. Only the syntax is checked; any tag is accepted."""

YAML_NOT_CHECKED = LintRule(
    "IGN1987",
    "YAML files were not checked: PyYAML is not installed",
    hint="install PyYAML (python3-yaml) to check them",
    severity=INFO,
)
"""Reported once per config. `make install` does not install PyYAML; lint uses the system's."""

IGNORED_CONF_FILE = LintRule(
    "IGN1955",
    "file is ignored: only *.conf files are read from this directory",
    hint="rename the file to *.conf",
)
"""systemd and kmod read `/etc/sysctl.d`, `/etc/tmpfiles.d`, `/etc/modules-load.d`, `/etc/sysusers.d` and
`/etc/modprobe.d` this way and silently skip other files."""

_SYSCTL = re.compile(r"-?[^\s=]+[ \t]*=.*|-[^\s=]+")
_TOML_POSITION = re.compile(r" \(at line (\d+), column (\d+)\)$")
# Nesting too deep for Python, or a number with thousands of digits: not a syntax error.
_PARSER_LIMITS = (RecursionError, ValueError)
_CONF_DIRECTORY = re.compile(r"/etc/(sysctl|tmpfiles|modules-load|sysusers|modprobe)\.d/[^/]+")


def check(subject: Subject) -> Iterator[Violation]:
    unread = False
    for file in subject.files:
        where = file.target
        directory = _CONF_DIRECTORY.fullmatch(where) if where.startswith("/etc/") else None
        if directory and not where.endswith((".conf", "README")):
            yield IGNORED_CONF_FILE.at((*file.path, "path"))
        reader = _reader(where)
        if reader is None or len(file.bodies) != 1:
            continue
        text = file.bodies[0].text(where)
        if text is not None and text.text.strip():
            for found in reader(text):
                if found.code != YAML_NOT_CHECKED.code:
                    yield found
                elif not unread:
                    unread = True
                    yield found


def _reader(path: str) -> Callable[[Embedded], Iterator[Violation]] | None:
    dot = path.rfind(".")
    if dot < 0:
        return None
    suffix = path[dot:]
    if suffix == ".conf":
        return _sysctl if path.startswith(("/etc/sysctl.d/", "/etc/sysctl.conf")) else None
    return _READERS.get(suffix)


def _sysctl(text: Embedded) -> Iterator[Violation]:
    start = 0
    for line in text.text.split("\n"):
        stripped = line.strip()
        if stripped and stripped[0] not in "#;" and not _SYSCTL.fullmatch(stripped):
            first = start + line.index(stripped)
            yield INVALID_SYSCTL.inside(text, (first, first + len(stripped)))
        start += len(line) + 1


def _json(text: Embedded) -> Iterator[Violation]:
    import json

    try:
        json.loads(text.text)
    except json.JSONDecodeError as error:
        yield _at(INVALID_JSON, text, error.pos, error.msg)
    except _PARSER_LIMITS:
        return


def _toml(text: Embedded) -> Iterator[Violation]:
    import tomllib

    try:
        tomllib.loads(text.text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _TOML_POSITION.search(message)
        at = len(text.text)
        if place:
            message = message[: place.start()]
            at = _index(text.text, int(place[1]) - 1, int(place[2]) - 1)
        yield _at(INVALID_TOML, text, at, message)
    except _PARSER_LIMITS:
        return


def _yaml(text: Embedded) -> Iterator[Violation]:
    try:
        import yaml
    except ImportError:
        yield YAML_NOT_CHECKED.inside(text, (0, 1))
        return
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for _ in yaml.parse(text.text, Loader=loader):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = _index(text.text, mark.line, mark.column) if mark else 0
        yield _at(INVALID_YAML, text, at, error.problem or "")
    except yaml.YAMLError:
        yield INVALID_YAML.inside(text, (0, 1))
    except _PARSER_LIMITS:
        return


_READERS = {".json": _json, ".toml": _toml, ".yaml": _yaml, ".yml": _yaml}


def _at(rule: LintRule, text: Embedded, at: int, fault: str) -> Violation:
    """A violation at one character, or at the last one if `at` is past the end."""
    at = min(at, max(len(text.text) - 1, 0))
    message = f"{rule.title}: {fault[:1].lower()}{fault[1:]}" if fault else ""
    return rule.inside(text, (at, at + 1), message)


def _index(text: str, line: int, column: int) -> int:
    """The character index of a line and column, both counted from 0."""
    start = 0
    for _ in range(line):
        start = text.find("\n", start) + 1
        if not start:
            return len(text)
    return start + column
