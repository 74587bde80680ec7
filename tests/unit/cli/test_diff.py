# SPDX-License-Identifier: Apache-2.0
"""`ignition diff`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.cli import diff
from tests.unit.cli.command import run


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return write(tmp_path / "old.ign", "data:,hello%0A", "3.4.0")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return write(tmp_path / "new.ign", "data:,Welcome%0A", "3.6.0")


def write(path: Path, source: str, version: str) -> Path:
    files = [{"path": "/etc/motd", "contents": {"source": source}}]
    path.write_text(json.dumps({"ignition": {"version": version}, "storage": {"files": files}}))
    return path


def test_same(old: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    other = write(tmp_path / "other.ign", "data:;base64,aGVsbG8K", "3.6.0")
    assert diff.main([str(old), str(other)]) == 0
    assert capfd.readouterr().out == "Both configs give the same machine.\n"


def test_different(old: Path, new: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert diff.main([str(old), str(new)]) == 1
    printed = capfd.readouterr().out
    assert "      -hello\n      +Welcome\n" in printed
    assert "\x1b" not in printed


def test_json(old: Path, new: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert diff.main(["--format", "json", str(old), str(new)]) == 1
    printed = json.loads(capfd.readouterr().out)
    assert (printed["same"], printed["verdict"]) == (False, "live")


def test_standard_input(old: Path) -> None:
    done = run("ignition", "diff", "-", str(old), stdin=old.read_bytes())
    assert (done.returncode, done.stderr) == (0, "")


def test_standard_input_cannot_be_both() -> None:
    with pytest.raises(Failure) as caught:
        diff.main(["-", "-"])
    assert (caught.value.code, caught.value.exit_status) == ("IGN6004", 2)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[]", b'{"ignition": {"version": 3}}'])
@pytest.mark.parametrize("is_old", [True, False])
def test_an_invalid_config_is_no_difference(
    old: Path, text: bytes, is_old: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    bad = old.with_name("bad.ign")
    bad.write_bytes(text)
    assert diff.main([str(bad), str(old)] if is_old else [str(old), str(bad)]) == 2
    streams = capfd.readouterr()
    assert streams.out == ""
    assert f"{bad}" in streams.err
    assert "error IGN" in streams.err


@pytest.mark.parametrize("name", ["missing.ign", "."])
def test_unreadable_config(old: Path, name: str) -> None:
    with pytest.raises(Failure) as caught:
        diff.main([str(old), str(old.parent / name)])
    assert (caught.value.code, caught.value.exit_status) == ("IGN6311", 2)


@pytest.mark.parametrize("flags", [["--offline"], ["--timeout", "1"]])
def test_a_reference_that_cannot_be_fetched(
    old: Path, flags: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    config = {"merge": [{"source": "http://127.0.0.1:1/x"}]}
    new = old.with_name("new.ign")
    new.write_text(json.dumps({"ignition": {"version": "3.4.0", "config": config}}))
    assert diff.main([*flags, str(old), str(new)]) == 2
    assert "error IGN4" in capfd.readouterr().err
