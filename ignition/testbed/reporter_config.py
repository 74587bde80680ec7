# SPDX-License-Identifier: Apache-2.0
"""Brings the reporter into a foreign image: a second config that is merged with the author's.

The machine gets a small config that merges two: the author's bytes, unchanged, and then the reporter's. Each
is validated by its own spec version. References, timeouts, proxy and certificate authorities of the author's
are those of a config of its own, as is `ignition.config.replace`, which replaces the author's alone.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from ignition.config import check, versions
from ignition.testbed.request import Request

FOLDER = "/etc/ignition-test"
UNIT = "ignition-test-report.service"
PRESET = "/etc/systemd/system-preset/00-ignition-test.preset"
ADDED_PATHS = (
    FOLDER,
    f"/etc/systemd/system/{UNIT}",
    f"/etc/systemd/system/multi-user.target.wants/{UNIT}",
    PRESET,
)
"""What the reporter adds to a machine. It is not the author's, so it is not compared."""
ADDED_UNITS = (UNIT,)
VERSION = "3.0.0"
"""The oldest version with merges: every engine reads it."""
_TREE = Path(__file__).parent / "guest/tree/usr/lib"


def with_reporter(config: bytes, request: Request) -> bytes:
    """The config that a foreign image gets. An author's config that the engine will refuse is returned as it
    is, so that the refusal is about the author's text; then nothing reports."""
    if config and not _wrappable(config):
        return config
    children = [config, reporter_config(request)] if config else [reporter_config(request)]
    merged = [{"source": _data_url(child)} for child in children]
    return _dump({"ignition": {"version": VERSION, "config": {"merge": merged}}})


def _wrappable(config: bytes) -> bool:
    """Whether the config is valid, or of a later 3.x version than this package knows."""
    if check.check(config, "config").failure is None:
        return True
    try:
        version = json.loads(config)["ignition"]["version"]
        return str(version).startswith("3.") and versions.lookup(version) is None
    except (ValueError, LookupError, TypeError, RecursionError):
        return False


def reporter_config(request: Request) -> bytes:
    """The reporter as a config.

    It has no `systemd` section: that would add to the preset that Ignition writes for the author's units. The
    link starts the unit where presets are not applied on the first boot, and the preset keeps the link where
    they are.
    """
    script = (_TREE / "ignition-test/report").read_bytes()
    unit = (_TREE / "systemd/system" / UNIT).read_text()
    files = {
        f"{FOLDER}/report": script,
        f"{FOLDER}/request": request.pack(),
        f"/etc/systemd/system/{UNIT}": _started_by_shell(unit).encode(),
        PRESET: f"enable {UNIT}\n".encode(),
    }
    link = {
        "path": f"/etc/systemd/system/multi-user.target.wants/{UNIT}",
        "target": f"../{UNIT}",
        "overwrite": True,
    }
    return _dump(
        {
            "ignition": {"version": VERSION},
            "storage": {
                "files": [_file(path, data) for path, data in files.items()],
                "links": [link],
            },
        }
    )


def _started_by_shell(unit: str) -> str:
    """The unit with the script as an argument: SELinux lets no service execute a file in /etc."""
    return unit.replace(
        "ExecStart=/usr/lib/ignition-test/report", f"ExecStart=/bin/sh {FOLDER}/report"
    )


def _file(path: str, data: bytes) -> dict[str, Any]:
    return {
        "path": path,
        "overwrite": True,
        "mode": 0o644,
        "contents": {"source": _data_url(data)},
    }


def _data_url(data: bytes) -> str:
    return "data:;base64," + base64.b64encode(data).decode()


def _dump(config: dict[str, Any]) -> bytes:
    return json.dumps(config, separators=(",", ":")).encode()
