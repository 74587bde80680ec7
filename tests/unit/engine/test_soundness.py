# SPDX-License-Identifier: Apache-2.0
"""A sound config is checked for impossible values once, any other by every phase."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.unit.engine.target import HELLO, Target, V

TOO_LARGE = {"passwd": {"groups": [{"name": "a", "gid": 1 << 32}]}}


@pytest.fixture
def target(tmp_path: Path) -> Target:
    if os.geteuid() != 0:
        pytest.skip("files get their owners from root only")
    return Target(tmp_path)


def sound(target: Target) -> object:
    return json.loads(target.run_file("state").read_text())["engine"].get("sound")


def test_fetch_phase_accepts_what_ignition_accepts(target: Target) -> None:
    target.config(TOO_LARGE)
    assert target.run("fetch-offline") == 0
    assert sound(target) is None
    assert target.run("files") == 1
    assert target.codes() == ["IGN1971"]


def test_cache_from_elsewhere_is_checked(target: Target) -> None:
    target.config({"storage": {"files": [HELLO]}})
    assert target.run("fetch-offline") == 0
    assert sound(target) == target.settings.root
    target.settings.config_cache = str(target.folder / "cache")
    Path(target.settings.config_cache).write_text(json.dumps({"ignition": V, **TOO_LARGE}))
    assert target.run("files") == 1
    assert target.codes() == ["IGN1971"]


def test_longer_root_is_checked(target: Target) -> None:
    target.config({"storage": {"files": [{"path": "/" + "d/" * 2040 + "a"}]}})
    target.settings.root = "/"
    assert target.run("fetch-offline") == 0
    target.settings.root = str(target.root)
    assert target.run("files") == 1
    assert target.codes() == ["IGN1973"]
