# SPDX-License-Identifier: Apache-2.0
"""JSON without the json package: the same values, Go's escapes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ignition.base import gojson

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(values)
def test_round_trip(value: object) -> None:
    assert gojson.loads(gojson.dumps(value)) == value
    assert json.loads(gojson.dumps(value)) == value
    assert json.loads(gojson.dumps_indent(value)) == value


def test_strings_are_escaped_as_in_go() -> None:
    written = gojson.dumps({"<a>&": "\u2028\u2029é\x7f\n\x01"})
    assert written == '{"\\u003ca\\u003e\\u0026":"\\u2028\\u2029é\x7f\\n\\u0001"}'


def test_indented_form_keeps_empty_containers_on_one_line() -> None:
    assert gojson.dumps_indent({"a": [], "b": {"c": [1]}, "d": {}}) == (
        '{\n  "a": [],\n  "b": {\n    "c": [\n      1\n    ]\n  },\n  "d": {}\n}'
    )


@pytest.mark.parametrize(
    "text", ["", " ", "{", "[1,]", "tru", "NaN", "1 2", '{"a" 1}', '"\x01"', "{}x", "[" * 100000]
)
def test_invalid_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        gojson.loads(text)


def test_indented_output_has_a_size_limit_but_no_depth_limit() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert gojson.dumps_indent(deep).count("[") == 5001
    with pytest.raises(ValueError):
        gojson.dumps_indent(deep, 1 << 20)
    with pytest.raises(ValueError):
        gojson.dumps_indent([[1] * 1_000_000], 1 << 20)


@pytest.mark.parametrize(
    "text",
    ["[1e400]", '["\\ud800"]', "9" * 5000, "[" * 5000, "[" + "[]," * (5 << 20) + "[]]", "\xff"],
)
def test_loads_strict_rejects_what_cannot_be_encoded_again(text: str) -> None:
    with pytest.raises(ValueError):
        gojson.loads_strict(text.encode("latin-1"))
