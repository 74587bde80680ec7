# SPDX-License-Identifier: Apache-2.0
"""Parses unit files as systemd does, and keeps the positions of settings and section headers.

(`ignition.config.unitfile` parses them as Ignition does when it validates a config.)
Source: systemd.syntax(7), and config_parse() of systemd's src/shared/conf-parser.c.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from ignition.base.record import record
from ignition.lint import unit_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ignition.lint.embedded import Embedded
    from ignition.lint.subject import Subject

_SPACE = " \t\r\n"
_TRUE = frozenset(("1", "yes", "y", "true", "t", "on"))
_FALSE = frozenset(("0", "no", "n", "false", "f", "off"))
_UNIT_DIRECTORIES = ("/etc/systemd/system/", "/usr/local/lib/systemd/system/")

Span = tuple[int, int]


@record
class Setting:
    """`name=value` in a section ("" before the first one), with the spans of name and value.

    Continuation lines are joined with spaces, as in systemd.
    """

    section: str
    name: str
    value: str
    name_span: Span
    value_span: Span


@record
class Header:
    """A section header `[name]` with its span."""

    name: str
    span: Span


class UnitText:
    """The text of one unit file or drop-in.

    settings, headers  in order
    stray              spans of lines that are neither a setting nor a section header
    """

    def __init__(self, embedded: Embedded) -> None:
        self.embedded = embedded
        self.settings: list[Setting] = []
        self.headers: list[Header] = []
        self.stray: list[Span] = []
        self._section = ""
        self._read(embedded.text)

    def values(self, section: str, name: str) -> list[Setting]:
        """The effective settings of a name, in order: an empty value resets the list."""
        return _effective(self.settings, section, name)

    def _read(self, text: str) -> None:
        start = 0
        parts: list[str] = []
        first = 0
        for line in text.split("\n"):
            at, start = start, start + len(line) + 1
            stripped = line.strip(_SPACE)
            if stripped[:1] in ("#", ";") or (not stripped and not parts):
                continue
            if not parts:
                first = at + len(line) - len(line.lstrip(_SPACE))
            if stripped.endswith("\\") and start <= len(text):
                parts.append(stripped[:-1])
                continue
            parts.append(stripped)
            self._line(" ".join(parts), first, at + len(line.rstrip(_SPACE)))
            parts = []
        if parts:
            self._line(" ".join(parts), first, len(text.rstrip(_SPACE)))

    def _line(self, line: str, start: int, end: int) -> None:
        text = self.embedded.text
        if line.startswith("["):
            if line.endswith("]"):
                self._section = line[1:-1]
                self.headers.append(Header(self._section, (start, end)))
            else:
                self.stray.append((start, end))
            return
        name, equals, value = line.partition("=")
        if not equals:
            self.stray.append((start, end))
            return
        name, value = name.strip(_SPACE), value.strip(_SPACE)
        after = text.index("=", start) + 1 if "=" in text[start:end] else end
        while after < end and text[after] in _SPACE:
            after += 1
        setting = Setting(self._section, name, value, (start, start + len(name)), (after, end))
        self.settings.append(setting)


def _effective(settings: Iterable[Setting], section: str, name: str) -> list[Setting]:
    found: list[Setting] = []
    for setting in settings:
        if setting.name == name and setting.section == section:
            if setting.value:
                found.append(setting)
            else:
                found.clear()
    return found


class UnitFiles:
    """A unit with its text in the config, if there is one, and its drop-ins."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.main: UnitText | None = None
        self.dropins: list[UnitText] = []

    @property
    def kind(self) -> str:
        """The unit type, such as `.service`; "" if the name has none."""
        return unit_names.unit_type(self.name)

    @property
    def texts(self) -> list[UnitText]:
        return ([self.main] if self.main else []) + self.dropins

    def values(self, section: str, name: str) -> list[Setting]:
        """The effective settings of a name over all texts."""
        every = chain.from_iterable(text.settings for text in self.texts)
        return _effective(every, section, name)

    def last(self, section: str, name: str) -> str:
        """The effective value of a setting; "" if it is not set."""
        found = self.values(section, name)
        return found[-1].value if found else ""


def unit_files(subject: Subject) -> list[UnitFiles]:
    """The units with a text in the config, in systemd.units or as files in unit directories."""
    return subject.cached("unit files", _collect_unit_files)


def _collect_unit_files(subject: Subject) -> list[UnitFiles]:
    found: dict[str, UnitFiles] = {}
    for unit in subject.units:
        files = found.setdefault(unit.name, UnitFiles(unit.name))
        if unit.text:
            files.main = UnitText(unit.text)
        files.dropins += map(UnitText, unit.dropins)
    for name, dropin, text in _files_in_unit_directories(subject):
        files = found.setdefault(name, UnitFiles(name))
        if dropin:
            files.dropins.append(UnitText(text))
        elif files.main is None:
            files.main = UnitText(text)
    return [files for files in found.values() if files.texts]


def _files_in_unit_directories(subject: Subject) -> Iterator[tuple[str, bool, Embedded]]:
    """Units and drop-ins in storage.files: name of the unit, whether it is a drop-in, text."""
    for file in subject.files:
        if not file.target.startswith(_UNIT_DIRECTORIES) or len(file.bodies) != 1:
            continue
        directory, _, name = file.target.rpartition("/")
        parent = directory.rpartition("/")[2]
        dropin = parent.endswith(".d") and name.endswith(".conf")
        unit = parent.removesuffix(".d") if dropin else name
        text = file.bodies[0].text(file.target) if unit_names.unit_type(unit) else None
        if text is not None:
            yield unit, dropin, text


def is_true(value: str) -> bool:
    """Whether systemd reads a value as true."""
    return value.lower() in _TRUE


def is_boolean(value: str) -> bool:
    """Whether systemd accepts a value as a boolean."""
    return value.lower() in _TRUE or value.lower() in _FALSE


def split_command(value: str) -> tuple[str, list[str]]:
    """Splits a command line into the program, without its prefixes, and the arguments, with their quotes."""
    words = _split_words(value.lstrip("@-:+!|"))
    return (words[0].strip("\"'"), words[1:]) if words else ("", [])


def _split_words(line: str) -> list[str]:
    """Splits a command line into words. Quotes group words and are kept."""
    words: list[str] = []
    word, quote, escaped = "", "", False
    for char in line:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in _SPACE:
            if word:
                words.append(word)
            word = ""
            continue
        word += char
    return [*words, word] if word else words
