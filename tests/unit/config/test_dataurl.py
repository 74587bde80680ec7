# SPDX-License-Identifier: Apache-2.0
"""Data URLs: what is accepted, the decoded bytes, and the error messages."""

from __future__ import annotations

import base64
import tracemalloc
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ignition.config import dataurl

DECODED = {
    "data:,": b"",
    "data:,a%20b%00%FF": b"a b\x00\xff",
    "data:,a?b": b"a?b",
    "data:,!~": b"!~",
    "data:x-!~/!~,x": b"x",
    "data:;base64,": b"",
    "data:;base64,YQ==": b"a",
    "data:;base64,YWI=": b"ab",
    "data:;base64,YWJj": b"abc",
    "data:;base64,YR==": b"a",
    "data:;base64,+/+/": b"\xfb\xff\xbf",
    "data:text/plain,x": b"x",
    "data:text/plain;charset=utf-8,x": b"x",
    "data:;charset=utf-8;base64,YQ==": b"a",
    "data:textual/x,x": b"x",
    "data:x-a/b,x": b"x",
    "data:X-a/b,x": b"x",
    "data:text/,x": b"x",
    'data:;a="b;c,d",x': b"x",
    'data:;a="\\"\\x41\\101\\u00e9\\U0001F600\\n",x': b"x",
    'data:;a="\\377\\ud7ff\\ue000\\U0010ffff",x': b"x",
    'data:;a="\x7f",x': b"x",
    'data:;a="";b=%zz,x': b"x",
    "data:;a=%41,x": b"x",
}
REFUSED = {
    "": "missing data prefix",
    "DATA:,x": "missing data prefix",
    "data:": "missing comma before data",
    "data:<": "invalid character after data prefix",
    "data:/x,": "invalid character after data prefix",
    "data:text": "missing media type slash",
    "data:x": "missing media type slash",
    "data:text,x": "invalid character for media type",
    "data:base64,YQ==": "invalid character for media type",
    "data:font/ttf,x": "invalid media type",
    "data:TEXT/x,x": "invalid media type",
    "data:x,/,": "invalid media type",
    "data:x//,": "invalid media type",
    "data:text/plain": "incomplete media type",
    "data:text/pl<,": "invalid character for media subtype",
    "data:;": "unterminated parameter sequence",
    "data:;,": "unterminated parameter sequence",
    "data:;=": "unterminated parameter sequence",
    "data:;abc": "unterminated parameter sequence",
    "data:;<": "invalid character for parameter attribute",
    "data:;a<=b,": "invalid character for parameter attribute",
    "data:;base64;charset=utf-8,YQ==": "invalid character for parameter attribute",
    "data:;BASE64,YQ==": "expected base64",
    "data:;a=": "missing comma before data",
    "data:;a=b": "missing comma before data",
    "data:;a=,": "invalid character for parameter value",
    "data:;a=b<,": "invalid character for parameter value",
    "data:;a=%zz,": "rfc2396: invalid char 0x25 in unescape sequence",
    'data:;a="': "unclosed quoted string",
    'data:;a="\\"': "unclosed quoted string",
    'data:;a="\u00e9",': "invalid character for parameter value",
    'data:;a="\\\u00e9",': "invalid escaped character",
    'data:;a="b"': "missing comma before data",
    'data:;a="b"c,': "expected semicolon or comma",
    'data:;a="\\q",': "invalid syntax",
    'data:;a="\\n\\q",': "invalid syntax",
    'data:;a="\\x4",': "invalid syntax",
    'data:;a="\\400",': "invalid syntax",
    'data:;a="\\18",': "invalid syntax",
    'data:;a="\\ud800",': "invalid syntax",
    'data:;a="\\U00110000",': "invalid syntax",
    'data:;a="\\\'",': "invalid syntax",
    'data:;a="\n",': "invalid syntax",
    "data:,a b": "invalid data character",
    "data:,\u00e9": "invalid data character",
    "data:,\x7f": "invalid data character",
    "data:,#": "invalid data character",
    "data:,%": "rfc2396: unexpected end of unescape sequence",
    "data:,%4": "rfc2396: unexpected end of unescape sequence",
    "data:,%z": "rfc2396: invalid char 0x25 in unescape sequence",
    "data:,%4%41": "rfc2396: invalid char 0x25 in unescape sequence",
    "data:,%%41": "rfc2396: invalid char 0x25 in unescape sequence",
    "data:;base64,YQ%3D%3D": "invalid data character",
    "data:;base64,YQ-_": "invalid data character",
    "data:;base64,YQ==?": "invalid data character",
    "data:;base64,Y": "illegal base64 data at input byte 0",
    "data:;base64,=": "illegal base64 data at input byte 0",
    "data:;base64,Y===": "illegal base64 data at input byte 1",
    "data:;base64,YQ=": "illegal base64 data at input byte 3",
    "data:;base64,Y=Q=": "illegal base64 data at input byte 1",
    "data:;base64,YQ=a": "illegal base64 data at input byte 2",
    "data:;base64,YQ==a": "illegal base64 data at input byte 4",
    "data:;base64,YQ===": "illegal base64 data at input byte 4",
    "data:;base64,YWJj=": "illegal base64 data at input byte 4",
    "data:;base64,YWI=YWI=": "illegal base64 data at input byte 4",
}


@pytest.mark.parametrize("url", DECODED)
def test_decoded(url: str) -> None:
    assert dataurl.check(url) == ""
    assert dataurl.decode(url) == DECODED[url]


@pytest.mark.parametrize("url", REFUSED)
def test_error_messages_match_ignition(url: str) -> None:
    assert dataurl.check(url) == REFUSED[url]
    with pytest.raises(dataurl.DataUrlError) as caught:
        dataurl.decode(url)
    assert str(caught.value) == REFUSED[url]


@given(st.binary())
def test_base64_round_trip(data: bytes) -> None:
    assert dataurl.decode("data:;base64," + base64.b64encode(data).decode()) == data
    assert dataurl.decode("data:," + quote(data, safe="")) == data


@given(st.text(alphabet="YWJ=+/", max_size=12))
def test_base64_is_exactly_as_strict_as_python(text: str) -> None:
    """Python's strict decoder accepts the same texts of this alphabet."""
    try:
        expected: bytes | None = base64.b64decode(text, validate=True)
    except ValueError:
        expected = None
    if expected is not None and len(text) % 4:
        expected = None
    try:
        found: bytes | None = dataurl.decode("data:;base64," + text)
    except dataurl.DataUrlError:
        found = None
    assert found == expected


@given(st.text(alphabet=';,=/"\\%41x-abtextbase64\u00e9', max_size=25))
def test_check_and_decode_agree(text: str) -> None:
    url = "data:" + text
    try:
        dataurl.decode(url)
    except dataurl.DataUrlError as error:
        assert dataurl.check(url) == str(error)
    else:
        assert dataurl.check(url) == ""


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("escape", ["%41", "%4", "%", "%4g", "%%41"])
def test_escapes_across_chunks(shift: int, escape: str) -> None:
    """Decoding in chunks gives the same result as decoding the whole."""
    portion = dataurl._CHUNK
    for more in ("", "b" * 3 * portion, "%43" * portion):
        inside = f"data:,%42{escape}{'z' * 4}{more}"
        border = f"data:,%42{'a' * (portion - 3 - shift)}{escape}{'z' * 4}{more}"
        assert dataurl.check(border) == dataurl.check(inside)
        at_end = f"data:,%42{'a' * (portion - 3 - shift)}{escape}"
        assert dataurl.check(at_end) == dataurl.check(f"data:,%42{escape}")
        if not dataurl.check(inside):
            expected = b"B" + b"a" * (portion - 3 - shift) + b"A"
            assert dataurl.decode(at_end) == expected
            assert dataurl.decode(border) == expected + b"zzzz" + more.replace("%43", "C").encode()


def test_memory_use_of_escapes() -> None:
    url = "data:," + "%41" * 300_000
    tracemalloc.start()
    try:
        assert dataurl.decode(url) == b"A" * 300_000
        assert tracemalloc.get_traced_memory()[1] < 3 * len(url)
    finally:
        tracemalloc.stop()
