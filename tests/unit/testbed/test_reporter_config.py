# SPDX-License-Identifier: Apache-2.0
"""The reporter's config is added without a change to what the author's means."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ignition.acquisition.rendered import render
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.config.check import check
from ignition.resource.context import FetchContext
from ignition.testbed.reporter_config import (
    ADDED_PATHS,
    FOLDER,
    PRESET,
    UNIT,
    reporter_config,
    with_reporter,
)
from ignition.testbed.request import Request

REQUEST = Request(paths=("/etc/hostname",))
FILE = {"path": "/etc/author", "contents": {"source": "data:,hello"}}


def data_url(config: Any) -> str:
    body = config if isinstance(config, bytes) else json.dumps(config).encode()
    return "data:;base64," + base64.b64encode(body).decode()


def config(version: str, **sections: Any) -> bytes:
    more = sections.pop("ignition", {})
    return json.dumps({"ignition": {"version": version, **more}, **sections}).encode()


def rendered(data: bytes) -> Any:
    context = FetchContext(Settings(), Log(lambda _level, _text: None), offline=True)
    return render(data, "config", context).value


def author_part(value: Any) -> Any:
    """What the author wrote: all but the paths that the reporter adds, and without empty sections."""
    storage = {
        kind: kept
        for kind, nodes in value.get("storage", {}).items()
        if (kept := [node for node in nodes if not is_added(node)])
    }
    return {name: part for name, part in {**value, "storage": storage}.items() if part}


def is_added(node: Any) -> bool:
    path = f"{node.get('path', '')}/"
    return any(path.startswith(f"{added}/") for added in ADDED_PATHS)


REPLACED = data_url({"ignition": {"version": "3.2.0"}, "storage": {"files": [FILE]}})
AUTHORS = {
    "old": config("3.0.0", storage={"files": [FILE]}),
    "new": config("3.5.0", storage={"files": [FILE], "directories": [{"path": "/etc/d"}]}),
    "units": config("3.1.0", systemd={"units": [{"name": "a.service", "enabled": True}]}),
    "accounts": config("3.2.0", passwd={"users": [{"name": "core", "groups": ["wheel"]}]}),
    "kernel arguments": config("3.3.0", kernelArguments={"shouldExist": ["quiet"]}),
    "timeouts and proxy": config(
        "3.4.0",
        ignition={
            "timeouts": {"httpTotal": 3, "httpResponseHeaders": 5},
            "proxy": {"httpProxy": "http://proxy", "noProxy": ["local"]},
        },
    ),
    "replaced": config(
        "3.3.0",
        ignition={"config": {"replace": {"source": REPLACED}}},
        storage={"files": [{"path": "/dropped"}]},
    ),
    "merges": config(
        "3.3.0",
        ignition={"config": {"merge": [{"source": REPLACED}]}},
        storage={"links": [{"path": "/etc/author", "target": "/x"}]},
    ),
    "nothing": config("3.4.0"),
    "not compact": b'\n{ "ignition" : {"version": "3.4.0"} }\n\n',
}


@pytest.mark.parametrize("author", AUTHORS.values(), ids=AUTHORS)
def test_the_authors_config_keeps_its_meaning(author: bytes) -> None:
    wrapped = with_reporter(author, REQUEST)
    assert wrapped != author
    assert check(wrapped, "wrapped").findings == []
    assert author_part(rendered(wrapped)) == author_part(rendered(author))


def test_the_authors_bytes_are_unchanged() -> None:
    author = AUTHORS["not compact"]
    first = json.loads(with_reporter(author, REQUEST))["ignition"]["config"]["merge"][0]
    assert base64.b64decode(first["source"].partition(",")[2]) == author


def test_everything_that_is_added_is_listed() -> None:
    added = rendered(reporter_config(REQUEST))
    paths = [node["path"] for kind in ("files", "links") for node in added["storage"][kind]]
    assert {path if FOLDER not in path else FOLDER for path in paths} == set(ADDED_PATHS)
    assert author_part(added) == author_part(rendered(config("3.0.0")))


def test_what_is_added_starts_the_reporter() -> None:
    added = json.loads(reporter_config(REQUEST))["storage"]
    files = {
        file["path"]: base64.b64decode(file["contents"]["source"].partition(",")[2])
        for file in added["files"]
    }
    assert files[f"{FOLDER}/request"] == REQUEST.pack()
    assert files[f"{FOLDER}/report"].startswith(b"#!/bin/sh\n")
    unit = files[f"/etc/systemd/system/{UNIT}"].decode()
    assert f"\nExecStart=/bin/sh {FOLDER}/report boot\n" in unit
    (link,) = added["links"]
    assert str(Path(link["path"]).parent / link["target"]).endswith(f".wants/../{UNIT}")
    assert files[PRESET] == f"enable {UNIT}\n".encode()


def test_an_empty_config_is_the_reporter_alone() -> None:
    wrapped = with_reporter(b"", REQUEST)
    assert rendered(wrapped) == rendered(reporter_config(REQUEST))


@pytest.mark.parametrize(
    "author",
    [
        b"not a config",
        b" ",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"ignition": 3}',
        b'{"ignition": {"version": 3}}',
        config("2.2.0"),
        config("3.4"),
        config("4.0.0"),
        config("3.4.0", storage={"files": [{"path": "relative"}]}),
        config("3.4.0")[:-1],
    ],
)
def test_what_the_engine_refuses_is_not_wrapped(author: bytes) -> None:
    """So that its message is about the author's text."""
    assert with_reporter(author, REQUEST) == author


def test_a_later_version_is_left_to_the_engine_in_the_image() -> None:
    author = config("3.99.0", whatever={"new": True})
    assert with_reporter(author, REQUEST) != author
