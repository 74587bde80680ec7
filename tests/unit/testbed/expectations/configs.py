# SPDX-License-Identifier: Apache-2.0
"""Derives expectations from configs written as Python values."""

from __future__ import annotations

import json
from typing import Any

from ignition.acquisition.rendered import render
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.resource.context import FetchContext
from ignition.testbed.expectations.derive import derive
from ignition.testbed.expectations.model import Expectation, Expectations

NAME = "web.ign"


def text(version: str = "3.6.0", **sections: Any) -> bytes:
    """A config with these sections."""
    return json.dumps({"ignition": {"version": version}, **sections}, indent=1).encode()


def derived(data: bytes) -> Expectations:
    context = FetchContext(Settings(), Log(lambda _level, _text: None), offline=True)
    return derive(render(data, NAME, context), NAME, data)


def from_storage(**storage: Any) -> Expectations:
    return derived(text(storage=storage))


def plain(item: Expectation) -> dict[str, Any]:
    """The members of an item that differ from their defaults, without its place."""
    found = {}
    for name, field in item.__dataclass_fields__.items():
        value = getattr(item, name)
        if name != "place" and value != field.default:
            found[name] = [plain(part) for part in value] if name == "partitions" else value
    return found


def items(expectations: Expectations) -> list[tuple[str, dict[str, Any]]]:
    """Type and members of each item."""
    return [(type(item).__name__, plain(item)) for item in expectations.items]
