# SPDX-License-Identifier: Apache-2.0
"""Unit files, parsed as go-systemd does."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ignition.config import unitfile

READ = {
    "nothing": ("", []),
    "text before the first section": ("ExecStart=x", []),
    "section in the middle of such text": ("foo [A]\nB=c", [("A", "B", "c")]),
    "comment in the middle of such text": ("foo # [A]\nB=c", []),
    "options": ("[A]\nB=c\nD = e \n[F]\nG=", [("A", "B", "c"), ("A", "D", "e"), ("F", "G", "")]),
    "no name": ("[A]\n=x", [("A", "", "x")]),
    "equals sign in the value": ("[A]\nB=c=d", [("A", "B", "c=d")]),
    "comments": ("[A]\n#x\n;y\nB=c", [("A", "B", "c")]),
    "continued comment": ("[A]\n# x\\\nB=c\nD=e", [("A", "D", "e")]),
    "comment continued after one blank": ("[A]\n# x\\ \nB=c\nD=e", [("A", "D", "e")]),
    "comment not continued after two blanks": ("[A]\n# x\\  \nB=c", [("A", "B", "c")]),
    "continued value": ("[A]\nB=c\\\nd\nE=f", [("A", "B", "c\\\nd"), ("A", "E", "f")]),
    "continued over a section": ("[A]\nB=c\\\n[Install]", [("A", "B", "c\\\n[Install]")]),
    "continued into a blank line": ("[A]\nB=c\\\n\nD=e", [("A", "B", "c\\\n"), ("A", "D", "e")]),
    "continued into the end": ("[A]\nB=c\\", [("A", "B", "c\\")]),
    "blank after the backslash": ("[A]\nB=c\\ \nD=e", [("A", "B", "c\\"), ("A", "D", "e")]),
    "indented": ("[A]\n  B=c\n\t[D]\n\u2003E=f", [("A", "B", "c"), ("D", "E", "f")]),
    "section name is exact": ("[ A ]\nB=c", [(" A ", "B", "c")]),
    "section name over lines": ("[A\nB]\nC=d", [("A\nB", "C", "d")]),
    "blanks after a section": ("[A]  \u00a0\nB=c", [("A", "B", "c")]),
    "CRLF": ("[A]\r\nB=c\r\n", [("A", "B", "c")]),
    "CR at the end": ("[A]\nB=c\r", [("A", "B", "c")]),
    "beyond ASCII": ("[\u00e9]\n\u00fc=\u20ac\u00a0", [("\u00e9", "\u00fc", "\u20ac")]),
    "separators that Go does not know": ("[A]\n\x1cB=c", [("A", "\x1cB", "c")]),
}
REFUSED = {
    "section not closed": ("[A\nB=c", "unable to find end of section"),
    "text after a section": ("[A] b\n", "found garbage after section name"),
    "option without equals sign": (
        "[A]\nFoo\nB=c",
        "unexpected newline encountered while parsing option name",
    ),
    "option without equals sign, CR": (
        "[A]\nFoo\rB=c",
        "unexpected newline encountered while parsing option name",
    ),
    "option without equals sign in the last line": ("[A]\nFoo", "EOF"),
    "CRLF ends no continued line": (
        "[A]\r\nB=c\\\r\nd\r\n",
        "unexpected newline encountered while parsing option name",
    ),
}
TOO_LONG = "line too long (max 2048 bytes)"


@pytest.mark.parametrize(("text", "options"), READ.values(), ids=READ.keys())
def test_read(text: str, options: list[tuple[str, str, str]]) -> None:
    assert unitfile.parse(text) == options


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str, words: str) -> None:
    with pytest.raises(unitfile.UnitError) as caught:
        unitfile.parse(text)
    assert str(caught.value) == words


def is_too_long(text: str) -> bool:
    try:
        unitfile.parse(text)
    except unitfile.UnitError as error:
        return str(error) == TOO_LONG
    return False


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("[A]\n" + "B=" + "x" * 2045 + "\n", False),
        ("[A]\n" + "B=" + "x" * 2046 + "\n", True),
        ("[A]\n" + "B=" + "x" * 2045, False),
        ("[A]\n" + "B=" + "x" * 2046, True),
        ("[A]\n" + "B=" + "\u00e9" * 1023, True),
        ("[A]\n" + "B=" + "\u00e9" * 1022, False),
        ("[A]\n#" + "x" * 3000, True),
        ("x" * 2047, False),
        # The buffer is empty before the first read.
        ("x" * 2048, False),
        ("x" * 2049, True),
        ("[A]\nB=x\\\n" + "x" * 3000, True),
    ],
    ids=[
        "2047 and LF",
        "2048 and LF",
        "last line of 2047",
        "last line of 2048",
        "last line of 2048 bytes",
        "last line of 2046 bytes",
        "comment",
        "text before a section",
        "first line of 2048",
        "first line of 2049",
        "continued line",
    ],
)
def test_line_length_limit_is_2048_bytes(text: str, refused: bool) -> None:
    assert is_too_long(text) is refused


@pytest.mark.parametrize(("offset", "refused"), [(2047, True), (2048, True), (2049, False)])
def test_line_limit_depends_on_the_read_buffer(offset: int, refused: bool) -> None:
    """A long line passes if it starts in the second half of the buffer of 4096 bytes."""
    head = "[Install]\n"
    comment = "#" + "c" * 1000 + "\n#" + "c" * (offset - len(head) - 1002 - 2) + "\n"
    text = head + comment + "A=" + "x" * 3000
    assert text.index("A=") == offset
    assert is_too_long(text) is refused


MARKS = ["\n", "\n", "\n", "=", "#", ";", "\\", "\\\n", "\r", " ", "\t", "[", "]", "\u2003", "\x1c"]
WORDS = ["[A]", "[Install]", "B=c", "W=x\n", "Foo", "\u00e9", "x" * 600, "y" * 2047, "\u20ac" * 700]
PIECES = st.sampled_from(MARKS + WORDS)


@given(st.lists(PIECES, max_size=30).map("".join))
@example("[A]\nB=c\n\n[Install]\n# x\nD=\n")
def test_simple_and_exact_parsers_agree(text: str) -> None:
    quick = unitfile._parse_simple(text)
    if quick is not None:
        assert quick == unitfile._parse_exactly(text)


@pytest.mark.parametrize("text", [case[0] for case in READ.values()], ids=READ.keys())
def test_exact_parser_gives_the_same_result_alone(text: str) -> None:
    assert unitfile._parse_exactly(text) == unitfile.parse(text)


def test_ordinary_unit_takes_the_simple_parser() -> None:
    text = (
        "# web\n[Unit]\nDescription=x\n\n[Service]\nExecStart=/bin/a -b=c\n[Install]\nWantedBy=d\n"
    )
    assert unitfile._parse_simple(text) is not None
