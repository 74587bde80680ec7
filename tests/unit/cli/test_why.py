# SPDX-License-Identifier: Apache-2.0
"""`ignition why`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.cli import why
from tests.unit.cli.command import run

CONFIG = {
    "ignition": {"version": "3.4.0"},
    "storage": {"files": [{"path": "/etc/motd", "contents": {"source": "data:,hello"}}]},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "web.ign"
    path.write_text(json.dumps(CONFIG, indent=1))
    return path


def test_text(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert why.main(["/etc/motd", str(config)]) == 0
    printed = capfd.readouterr().out
    assert printed.startswith("file /etc/motd\n")
    assert f"{config}:10:16 /storage/files/0/contents/source" in printed


def test_json(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert why.main(["--format", "json", "/etc/motd", str(config)]) == 0
    assert json.loads(capfd.readouterr().out)["answers"][0]["kind"] == "file"


def test_standard_input() -> None:
    done = run("ignition", "why", "/etc/motd", "-", stdin=json.dumps(CONFIG).encode())
    assert (done.returncode, done.stderr) == (0, "")


def test_unknown_name(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert why.main(["/etc/mtd", str(config)]) == 1
    streams = capfd.readouterr()
    assert streams.out == ""
    assert "IGN8501" in streams.err
    assert "/etc/motd" in streams.err


def test_a_name_that_is_not_utf_8(config: Path) -> None:
    done = run("ignition", "why", os.fsdecode(b"/\xff"), str(config))
    assert done.returncode == 1
    assert "the name '/\\xff'" in done.stderr


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[]", b'{"ignition": {"version": 3}}'])
def test_invalid_config(config: Path, text: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    config.write_bytes(text)
    assert why.main(["/etc/motd", str(config)]) == 1
    assert "error IGN" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["missing.ign", "."])
def test_unreadable_config(tmp_path: Path, name: str) -> None:
    with pytest.raises(Failure) as caught:
        why.main(["core", str(tmp_path / name)])
    assert (caught.value.code, caught.value.exit_status) == ("IGN6311", 2)


def test_empty_name(config: Path) -> None:
    with pytest.raises(Failure) as caught:
        why.main(["", str(config)])
    assert (caught.value.code, caught.value.exit_status) == ("IGN6004", 2)


def test_offline_a_reference_is_not_fetched(
    config: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reference = {"merge": [{"source": "http://127.0.0.1:1/x"}]}
    config.write_text(json.dumps({"ignition": {"version": "3.4.0", "config": reference}}))
    assert why.main(["--offline", "core", str(config)]) == 1
    assert "error IGN4" in capfd.readouterr().err
