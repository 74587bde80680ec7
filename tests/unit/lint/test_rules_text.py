# SPDX-License-Identifier: Apache-2.0
"""Lint rules for JSON that the engine does not read the way it looks."""

from __future__ import annotations

import pytest

from ignition.lint.run import lint

HEAD = b'{"ignition": {"version": "3.6.0"}, '


def found(data: bytes) -> list[str]:
    return [f"{each.code} {each.origin.pointer}" for each in lint(data, "test.ign")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            b'"storage": {"files": [{"path": "/a"}]}, "storage": {"links": []}}',
            ["IGN1895 /storage"],
            id="an object twice",
        ),
        pytest.param(
            b'"storage": {"files": [{"path": "/a", "mode": 1, "mode": 2, "mode": 420}]}}',
            ["IGN1895 /storage/files/0/mode"],
            id="a number three times",
        ),
        pytest.param(
            b'"storage": {"files": [{"path": "/a"}], "files": [{"path": "/b"}]}}',
            ["IGN1895 /storage/files"],
            id="a list twice",
        ),
        pytest.param(
            b'"storage": {"files": [{"path": "/a", "mode": 420, "Mode": 420}]}}',
            ["IGN1006 /storage/files/0/Mode", "IGN1895 /storage/files/0/Mode"],
            id="two spellings",
        ),
        pytest.param(
            b'"passwd": {"users": [{"name": "a", "gecos": "x\\ud800y"}]}}',
            ["IGN1896 /passwd/users/0/gecos"],
            id="half a pair of escapes",
        ),
        pytest.param(
            b'"passwd": {"users": [{"name": "a", "gecos": "x\xffy"}]}}',
            ["IGN1896 /passwd/users/0/gecos"],
            id="not UTF-8",
        ),
    ],
)
def test_misleading_json_is_reported(text: bytes, expected: list[str]) -> None:
    assert sorted(found(HEAD + text)) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            b'"storage": {"files": [{"path": "/a"}, {"path": "/b"}]}}', id="one key in two objects"
        ),
        pytest.param(
            b'"passwd": {"users": [{"name": "a", "gecos": "\\ud83d\\ude00"}]}}', id="pair"
        ),
        pytest.param(
            '"passwd": {"users": [{"name": "a", "gecos": "\ufffd"}]}}'.encode(), id="itself"
        ),
    ],
)
def test_ordinary_json_is_not_reported(text: bytes) -> None:
    assert found(HEAD + text) == []
