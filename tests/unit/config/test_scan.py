# SPDX-License-Identifier: Apache-2.0
"""The grammar of JSON, syntax errors and their positions."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ignition.config import scan
from ignition.config.scan import JsonSyntaxError, Node


def value(node: Node) -> object:
    """Plain data, numbers as their literals."""
    if node.kind == scan.OBJECT:
        return {key: value(child) for key, _, child in node.members()}
    if node.kind == scan.ARRAY:
        return [value(child) for child in node.items()]
    return node.value


def read(data: bytes) -> object:
    return value(scan.scan(data).root)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"null", None),
        (b" \t\r\n true \n", True),
        (b"-0", "-0"),
        (b"1.5e+30", "1.5e+30"),
        (b"[]", []),
        (b"[1,[2],{}]", ["1", ["2"], {}]),
        (b'{"a":{"b":[]},"c":"d"}', {"a": {"b": []}, "c": "d"}),
        (b'{"a\\u0062":"\\"\\\\\\/\\b\\f\\n\\r\\t"}', {"ab": '"\\/\b\f\n\r\t'}),
        (b'"\x7f"', "\x7f"),
        ('"é\U0001f600"'.encode(), "é\U0001f600"),
    ],
)
def test_valid_json(text: bytes, expected: object) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(b'"\xff"', "\ufffd", id="bad byte"),
        pytest.param(b'"\xe2\x82"', "\ufffd\ufffd", id="one for each byte of a broken sequence"),
        pytest.param(b'"\xed\xa0\x80"', "\ufffd\ufffd\ufffd", id="encoded surrogate"),
        pytest.param(b'"\xc0\x80"', "\ufffd\ufffd", id="overlong"),
        pytest.param(b'"a\xe2\\n\x82\xac"', "a\ufffd\n\ufffd\ufffd", id="broken by an escape"),
        pytest.param(b'"\\ud800"', "\ufffd", id="high half alone"),
        pytest.param(b'"\\udc00"', "\ufffd", id="low half alone"),
        pytest.param(b'"\\ud83d\\ude00"', "\U0001f600", id="pair"),
        pytest.param(b'"\\ud83d\\u0041"', "\ufffdA", id="high half before another escape"),
        pytest.param(b'"\\ud83d\\ud83d\\ude00"', "\ufffd\U0001f600", id="high half before a pair"),
        pytest.param(b'"\\ud83d\\n"', "\ufffd\n", id="high half before a short escape"),
        pytest.param(b'"\\u0000"', "\0", id="NUL"),
    ],
)
def test_invalid_bytes_become_u_fffd(text: bytes, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        (b"", "unexpected end of JSON input", 0),
        (b" ", "unexpected end of JSON input", 1),
        (b"{", "unexpected end of JSON input", 1),
        (b'{"a"', "unexpected end of JSON input", 4),
        (b'{"a":', "unexpected end of JSON input", 5),
        (b'{"a":1', "unexpected end of JSON input", 6),
        (b'{"a":1,', "unexpected end of JSON input", 7),
        (b"[1", "unexpected end of JSON input", 2),
        (b'"abc', "unexpected end of JSON input", 4),
        (b"#cloud-config", "invalid character '#' looking for beginning of value", 1),
        (b"\x1f\x8b", "invalid character '\\x1f' looking for beginning of value", 1),
        (b"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value", 1),
        (b"\xff\xfe{\0", "invalid character 'ÿ' looking for beginning of value", 1),
        (b"\xa0", "invalid character '\\u00a0' looking for beginning of value", 1),
        (b"\x0c1", "invalid character '\\f' looking for beginning of value", 1),
        (b"{'a':1}", "invalid character '\\'' looking for beginning of object key string", 2),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string", 8),
        (b'{"a" 1}', "invalid character '1' after object key", 6),
        (b'{"a":1 "b"}', "invalid character '\"' after object key:value pair", 8),
        (b"[1 2]", "invalid character '2' after array element", 4),
        (b"[1,]", "invalid character ']' looking for beginning of value", 4),
        (b"[01]", "invalid character '1' after array element", 3),
        (b"[.5]", "invalid character '.' looking for beginning of value", 2),
        (b"[1.]", "invalid character ']' after decimal point in numeric literal", 4),
        (b"[1e]", "invalid character ']' in exponent of numeric literal", 4),
        (b"[-]", "invalid character ']' in numeric literal", 3),
        (b"[NaN]", "invalid character 'N' looking for beginning of value", 2),
        (b"[nuLl]", "invalid character 'L' in literal null (expecting 'l')", 4),
        (b"tru", "invalid character ' ' in literal true (expecting 'e')", 3),
        (b"-", "invalid character ' ' in numeric literal", 1),
        (b'"\n"', "invalid character '\\n' in string literal", 2),
        (b'"\\n\x01"', "invalid character '\\x01' in string literal", 4),
        (b'"\\x"', "invalid character 'x' in string escape code", 3),
        (b'"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape", 6),
        (b"{}{}", "invalid character '{' after top-level value", 3),
        (b"{}\0", "invalid character '\\x00' after top-level value", 3),
        (b"{} // x", "invalid character '/' after top-level value", 4),
    ],
)
def test_invalid_json(text: bytes, message: str, offset: int) -> None:
    with pytest.raises(JsonSyntaxError) as caught:
        scan.scan(text)
    assert (caught.value.text, caught.value.offset) == (message, offset)


def test_maximum_depth_is_10000() -> None:
    scan.scan(b"[" * 10000 + b"]" * 10000)
    scan.scan(b'{"a":' * 9999 + b"[]" + b"}" * 9999)
    with pytest.raises(JsonSyntaxError) as caught:
        scan.scan(b"[" * 10001 + b"]" * 10001)
    assert caught.value.text == "invalid character '[' exceeded max depth"
    assert caught.value.offset == 10001


@pytest.mark.parametrize(
    ("number", "huge"),
    [
        ("1e400", True),
        ("-1e400", True),
        ("1" + "0" * 309, True),
        ("1e308", False),
        ("1e-400", False),
        ("9" * 308, False),
    ],
)
def test_numbers_beyond_64_bit_floats_are_detected(number: str, huge: bool) -> None:
    assert scan.scan(f"[{number}]".encode()).huge_number is huge


@pytest.mark.parametrize(
    ("begin", "repeated", "end"),
    [
        pytest.param(b'"', b"\\n" + b"-" * 40, b"", id="escapes in an unterminated string"),
        pytest.param(b'"', b'\\"', b'"', id="quotes in a string"),
        pytest.param(b"", b"  ", b"1", id="blanks"),
        pytest.param(b"", b"11", b"", id="digits"),
        pytest.param(b"[", b"1e300,", b"1]", id="numbers"),
        pytest.param(b'"', b"\xff", b'"', id="invalid UTF-8"),
        pytest.param(b"{", b'"a":1,', b'"a":1}', id="repeated keys"),
    ],
)
def test_time_is_linear(begin: bytes, repeated: bytes, end: bytes) -> None:
    def seconds(count: int) -> float:
        text = begin + repeated * count + end
        start = time.process_time()
        try:
            scan.scan(text)
        except JsonSyntaxError:
            pass
        return time.process_time() - start

    small, big = seconds(30_000), seconds(240_000)
    assert big < 24 * small + 0.1  # 8 times as much text; quadratic would be 64 times


json_values = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)


def with_literals(value: object) -> object:
    if isinstance(value, dict):
        return {key: with_literals(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_literals(item) for item in value]
    return str(value) if type(value) is int else value


@given(json_values, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_scans_any_json(value: object, ascii_only: bool, indent: int | str | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert read(text.encode()) == with_literals(value)


@given(st.binary())
def test_any_bytes_are_scanned_or_rejected(data: bytes) -> None:
    try:
        scan.scan(data)
    except JsonSyntaxError as error:
        assert 0 <= error.offset <= len(data)
