# SPDX-License-Identifier: Apache-2.0
"""The configs that are measured, in a spec that the original's release 2.14 reads too."""

from __future__ import annotations

import base64
from typing import Any

Config = dict[str, Any]
UNIT = """[Unit]
Description=Number {0}

[Service]
ExecStart=/bin/true

[Install]
WantedBy=multi-user.target
"""
LINE = "some words to fill a small file with, as configuration files are, number {0}\n"


def _config(**sections: Any) -> Config:
    return {"ignition": {"version": "3.3.0"}, **sections}


def _file(path: str, text: str) -> Config:
    body = base64.b64encode(text.encode()).decode()
    return {"path": path, "mode": 420, "contents": {"source": f"data:;base64,{body}"}}


def _unit(number: int) -> Config:
    return {
        "name": f"number-{number}.service",
        "enabled": True,
        "contents": UNIT.format(number),
        "dropins": [{"name": "10-more.conf", "contents": "[Service]\nNice=1\n"}],
    }


def tiny() -> Config:
    return _config(storage={"files": [_file("/etc/hello", "hello\n")]})


def units(count: int) -> Config:
    """So many units, each with a drop-in."""
    return _config(systemd={"units": [_unit(number) for number in range(count)]})


def files(count: int) -> Config:
    """So many small files, spread over 100 folders."""
    paths = (f"/srv/{number % 100}/file-{number}" for number in range(count))
    bodies = (LINE.format(number) for number in range(count))
    return _config(storage={"files": [*map(_file, paths, bodies)]})


LOADS = {"tiny": tiny(), "units-1000": units(1000), "files-10000": files(10000)}
