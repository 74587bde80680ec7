# SPDX-License-Identifier: Apache-2.0
"""Unit files, parsed as Ignition's parser (go-systemd) does, since it decides which configs are valid.

It differs from systemd: text before the first section is skipped, sections and options may have any name, and
the limit on the line length depends on the position in the read buffer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Option = tuple[str, str, str]

# The characters of Go's unicode.IsSpace; str.isspace accepts more.
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_LINE_MAX = 2048
_BUFFER = 4096


class UnitError(ValueError):
    """Not a unit file. The message is Ignition's."""


def parse(text: str) -> list[Option]:
    """The options of a unit file as (section, name, value), in order. UnitError if Ignition refuses the text.

    White space around names and values is stripped; continued values keep backslashes and line breaks.
    """
    options = _parse_simple(text)
    return _parse_exactly(text) if options is None else options


def _parse_simple(text: str) -> list[Option] | None:
    """The options of an ordinary unit, line by line; None for text that needs the exact parser."""
    if "\\" in text or "\r" in text:
        return None
    # len() counts characters, and one outside ASCII takes up to four bytes.
    longest = _LINE_MAX if text.isascii() else _LINE_MAX // 4
    options: list[Option] = []
    section = None
    for line in text.split("\n"):
        if not line:
            continue
        first = line[0]
        if len(line) >= longest or first in _SPACE:
            return None
        if first == "[":
            if line.find("]") != len(line) - 1:
                return None
            section = line[1:-1]
        elif first not in "#;":
            name, equals, value = line.partition("=")
            if section is None or not equals:
                return None
            options.append((section, name.strip(_SPACE), value.strip(_SPACE)))
    return options


def _parse_exactly(text: str) -> list[Option]:
    reader = _Reader(text.encode())
    options: list[Option] = []
    section = None
    while True:
        reader.check_line()
        rune = reader.rune()
        if not rune:
            return options
        if rune == "[":
            section = _section(reader)
        elif rune in "#;":
            _skip_comment(reader)
        elif section is not None and rune not in _SPACE:
            reader.back(rune)
            options.append((section, _name(reader), _value(reader)))


def _section(reader: _Reader) -> str:
    reader.check_line()
    name = reader.until(b"]")
    if not name.endswith("]"):
        raise UnitError("unable to find end of section")
    reader.check_line()
    rest = reader.line()[0].strip(_SPACE)
    if rest:
        # The message ends without the name of the section, as Ignition's does.
        raise UnitError("found garbage after section name")
    return name[:-1]


def _skip_comment(reader: _Reader) -> None:
    reader.check_line()
    while reader.line()[0].removesuffix(" ").endswith("\\"):
        pass


def _name(reader: _Reader) -> str:
    reader.check_line()
    return reader.option_name().strip(_SPACE)


def _value(reader: _Reader) -> str:
    value = ""
    while True:
        reader.check_line()
        line, ended = reader.line()
        if not line.strip(_SPACE):
            break
        value += line
        if not line.endswith("\\"):
            break
        value += "\n" if ended else ""
    return value.strip(_SPACE) + ("\n" if value.endswith("\n") else "")


class _Reader:
    """Simulates Go's bufio.Reader with its buffer of 4096 bytes.

    `pos` is the next byte to read, `filled` the end of the buffered data.
    """

    __slots__ = ("data", "filled", "pos")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0
        self.filled = 0

    def check_line(self) -> None:
        """Checks the line length, but only if the buffer holds enough data to tell, as go-systemd does."""
        limit = self.pos + _LINE_MAX
        if limit > self.filled:
            return
        if (
            self.data.find(b"\n", self.pos, limit) < 0
            and self.data.find(b"\r", self.pos, limit) < 0
        ):
            raise UnitError(f"line too long (max {_LINE_MAX} bytes)")

    def rune(self) -> str:
        """The next character; empty at the end."""
        if self.pos >= len(self.data):
            return ""
        start = self.pos
        lead = self.data[start]
        self._read_runes(
            start + (1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4)
        )
        return self.data[start : self.pos].decode()

    def back(self, rune: str) -> None:
        self.pos -= len(rune.encode())

    def option_name(self) -> str:
        """Reads up to and including `=`; returns the text before it."""
        start = self.pos
        equals = self.data.find(b"=", start)
        name = self.data[start : equals if equals >= 0 else len(self.data)]
        if b"\n" in name or b"\r" in name:
            raise UnitError("unexpected newline encountered while parsing option name")
        if equals < 0:
            raise UnitError("EOF")
        self._read_runes(equals + 1)
        return name.decode()

    def line(self) -> tuple[str, bool]:
        """The next line without its LF, and whether it had one. A CR before the LF stays."""
        line = self.until(b"\n")
        return line.removesuffix("\r").removesuffix("\n"), line.endswith("\n")

    def until(self, delimiter: bytes) -> str:
        """The text up to and including the delimiter, or all remaining text."""
        start = self.pos
        found = self.data.find(delimiter, start)
        end = found + 1 if found >= 0 else len(self.data)
        while end > self.filled:
            if self.filled - self.pos >= _BUFFER:
                self.pos = self.filled  # bufio returns a full buffer as it is
            self._fill()
        self.pos = end
        return self.data[start:end].decode()

    def _read_runes(self, end: int) -> None:
        while end > self.filled:
            self.pos = self.filled
            while self.data[self.pos] & 0xC0 == 0x80:
                self.pos -= 1  # keep an incomplete character in the buffer
            self._fill()
        self.pos = end

    def _fill(self) -> None:
        self.filled = min(self.pos + _BUFFER, len(self.data))
