# SPDX-License-Identifier: Apache-2.0
"""The form of the config cache (docs/behaviour/config.md)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from ignition.base import gojson
from ignition.config import dump, parse, shapes
from tests.support import random_json

EMPTY = (
    '{"ignition":{"config":{"replace":{"verification":{}}},"proxy":{},"security":{"tls":{}},'
    '"timeouts":{},"version":"3.7.0-experimental"},"kernelArguments":{},"passwd":{},"storage":{},'
    '"systemd":{}}'
)


def section(name: str, value: Any) -> str:
    """The output for one section."""
    text = dump.cache_text({"ignition": {"version": "x"}, name: value})
    start = text.index(f'"{name}":') + len(name) + 3
    following = {"storage": ',"systemd"', "passwd": ',"storage"', "systemd": "}"}[name]
    return text[start : text.rindex(following)]


def test_the_empty_config() -> None:
    assert dump.cache_text(dump.empty()) == EMPTY


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        pytest.param(
            "storage",
            {"files": [{"mode": 420, "path": "/a", "contents": {"source": "data:,"}}]},
            '{"files":[{"group":{},"path":"/a","user":{},'
            '"contents":{"source":"data:,","verification":{}},"mode":420}]}',
            id="file",
        ),
        pytest.param(
            "storage",
            {"links": [{"target": "", "path": "/l", "hard": False, "overwrite": True}]},
            '{"links":[{"group":{},"overwrite":true,"path":"/l","user":{},"hard":false,"target":""}]}',
            id="set pointers, also false and empty",
        ),
        pytest.param(
            "storage",
            {"directories": [{"user": {"id": 0}, "group": {"name": ""}}]},
            '{"directories":[{"group":{"name":""},"path":"","user":{"id":0}}]}',
            id="plain values always",
        ),
        pytest.param(
            "storage",
            {"disks": [{"device": "/d", "partitions": [{"number": 0}, {"number": 1}]}]},
            '{"disks":[{"device":"/d","partitions":[{},{"number":1}]}]}',
            id="partition number 0 is left out",
        ),
        pytest.param(
            "storage",
            {"luks": [{"name": "l", "clevis": {"tang": [{"url": "", "thumbprint": "t"}]}}]},
            '{"luks":[{"cex":{},"clevis":{"custom":{},"tang":[{"thumbprint":"t"}]},'
            '"keyFile":{"verification":{}},"name":"l"}]}',
            id="empty objects",
        ),
        pytest.param(
            "storage",
            {"raid": [{"name": "", "devices": [], "options": ["a"]}]},
            '{"raid":[{"name":"","options":["a"]}]}',
            id="empty lists are left out",
        ),
        pytest.param(
            "systemd",
            {"units": [{"contents": "a<b>&\u2028é\n\x01\x7f\U0001f600"}]},
            '{"units":[{"contents":"a\\u003cb\\u003e\\u0026\\u2028é\\n\\u0001\x7f\U0001f600","name":""}]}',
            id="strings as Go escapes them",
        ),
    ],
)
def test_members(name: str, value: Any, text: str) -> None:
    assert section(name, value) == text


def test_pretty_has_the_same_content() -> None:
    text = dump.pretty(dump.empty())
    assert text.startswith('{\n  "ignition": {\n    "config": {\n      "replace": {\n')
    assert '"kernelArguments": {},\n' in text
    assert gojson.loads(text) == gojson.loads(EMPTY)


def test_cache_round_trip() -> None:
    rng = Random(3)
    for _ in range(60):
        text = random_json.text(random_json.config(rng, shapes.NEWEST)).encode()
        cached = dump.cache_text(parse.parse(text, "test").value)
        assert dump.cache_text(gojson.loads(cached)) == cached
        assert dump.cache_text(parse.parse(cached.encode(), "test").value) == cached
