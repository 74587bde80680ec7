# SPDX-License-Identifier: Apache-2.0
"""Printed text cannot forge lines, move the cursor or reverse the writing direction."""

from __future__ import annotations

import json

import pytest

from ignition.base.printable import printable, printable_json

HARMLESS = [
    "",
    "plain",
    "é 日本 \U0001f600",
    "a\u00a0b",
    "soft\u00adhyphen",
    "\ue000",
    'quo"te \\ back',
]
FORGING = [
    ("a\nb", "a\\nb"),
    ("a\r\tb", "a\\r\\tb"),
    ("\x1b[2J", "\\x1b[2J"),
    ("\0\x7f", "\\x00\\x7f"),
    ("\x85\x9b1m", "\\u0085\\u009b1m"),
    ("\u202egpj.exe", "\\u202egpj.exe"),
    ("\u2066a\u2069", "\\u2066a\\u2069"),
    ("\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"),
    ("\u2028\u2029", "\\u2028\\u2029"),
    ("\ud800", "\\ud800"),
    ("\udcff", "\\xff"),
]


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_unchanged(text: str) -> None:
    assert printable(text) == text
    assert printable_json(text) == text


@pytest.mark.parametrize(("text", "line"), FORGING, ids=[line for _, line in FORGING])
def test_control_characters_are_escaped(text: str, line: str) -> None:
    assert printable(text) == line
    printable(text).encode()


@pytest.mark.parametrize("text", [text for text, _ in FORGING])
def test_escaped_json_has_the_same_value(text: str) -> None:
    said = printable_json(json.dumps([text], ensure_ascii=False, indent=2))
    assert json.loads(said) == [text]
    assert all(each.isprintable() or each == "\n" for each in said)
