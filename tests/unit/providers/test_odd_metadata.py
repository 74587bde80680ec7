# SPDX-License-Identifier: Apache-2.0
"""Unexpected user data, through a whole fetch phase."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.providers.clouds import fake, needs_network, run, served

Machine = Any
PLATFORM = "hetzner"
pytestmark = needs_network


def cached(machine: Machine) -> Any:
    path = machine.folder / "run/ignition.json"
    return json.loads(path.read_text()) if path.exists() else None


def fetched(machine: Machine, user_data: bytes) -> int:
    with served(PLATFORM, fake(PLATFORM, user_data), machine):
        return run(machine, "fetch", platform=PLATFORM)


def failure(machine: Machine) -> str:
    return Path(machine.folder, "run/failure").read_text()


def test_16_mib_that_are_valid_are_accepted(machine: Machine) -> None:
    contents = "data:;base64," + base64.b64encode(bytes(12 << 10)).decode()
    files = [{"path": f"/{number}", "contents": {"source": contents}} for number in range(1024)]
    user_data = json.dumps({"ignition": {"version": "3.4.0"}, "storage": {"files": files}})
    assert len(user_data) >> 20 == 16
    assert fetched(machine, user_data.encode()) == 0
    got = cached(machine)["storage"]["files"]
    assert [file["path"] for file in got] == [file["path"] for file in files]
    assert {file["contents"]["source"] for file in got} == {contents}


@pytest.mark.parametrize(
    ("user_data", "hint"),
    [
        pytest.param(b"<!DOCTYPE html>\n<html>", "HTML", id="html"),
        pytest.param("{}".encode("utf-16"), "UTF-16", id="utf-16"),
        pytest.param(b"\xef\xbb\xbf{}", "byte order mark", id="byte order mark"),
        pytest.param(b"\x1f\x8b\x08\0", "", id="packed"),
        pytest.param(b"\0" * 100, "", id="zeros"),
    ],
)
def test_user_data_that_is_no_config_fails_with_its_kind(
    machine: Machine, user_data: bytes, hint: str
) -> None:
    assert fetched(machine, user_data) == 1
    assert cached(machine) is None
    assert "IGN1000" in failure(machine)
    assert hint in failure(machine)


def test_invalid_utf_8_is_replaced_as_in_ignition(
    machine: Machine,
) -> None:
    user_data = b'{"ignition": {"version": "3.4.0"}, "storage": {"files": [{"path": "/\xe4"}]}}'
    assert fetched(machine, user_data) == 0
    assert cached(machine)["storage"]["files"][0]["path"] == "/\ufffd"


def test_empty_user_data_is_no_config(machine: Machine) -> None:
    assert fetched(machine, b"") == 0
    assert cached(machine)["ignition"]["version"] == "3.7.0-experimental"
