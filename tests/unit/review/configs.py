# SPDX-License-Identifier: Apache-2.0
"""Configs for the tests of the review commands."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from ignition.acquisition.rendered import render
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.resource.context import FetchContext
from ignition.review.subject import Subject


def config(version: str = "3.6.0", **sections: Any) -> dict[str, Any]:
    return {"ignition": {"version": version}, **sections}


def merging(child: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A config that merges another one, which is inline."""
    source = "data:," + quote(json.dumps(child, indent=1))
    return {"ignition": {"version": "3.6.0", "config": {"merge": [{"source": source}]}}, **sections}


def subject(value: dict[str, Any], name: str = "web.ign") -> Subject:
    context = FetchContext(Settings(), Log(lambda _level, _text: None), offline=True)
    return Subject(render(json.dumps(value, indent=1).encode(), name, context))


def files(*entries: dict[str, Any]) -> dict[str, Any]:
    return config(storage={"files": list(entries)})


def file(path: str, text: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "contents": {"source": "data:," + quote(text)}, **more}
