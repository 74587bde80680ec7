# SPDX-License-Identifier: Apache-2.0
"""`ignition convert` as a subprocess."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.command import run

OLD = '{"ignition": {"version": "3.0.0"},\n "storage": {"files": [{"mode": 420, "path": "/a"}]}}'
NEW = '{"ignition": {"version": "3.6.0"},\n "kernelArguments": {"shouldExist": ["a"]}}'


def test_upgrade_from_standard_input_to_a_file(tmp_path: Path) -> None:
    done = run(
        "ignition", "convert", "--to", "3.6", "-o", "new.ign", "-", stdin=OLD.encode(), cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((tmp_path / "new.ign").read_text()) == {
        "ignition": {"version": "3.6.0"},
        "storage": {"files": [{"path": "/a", "mode": 420}]},
    }


def test_loss_is_located_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "new.ign").write_text(NEW)
    (tmp_path / "old.ign").write_text("kept")
    done = run("ignition", "convert", "--to", "3.2.0", "-o", "old.ign", "new.ign", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("new.ign:2:")
    assert "error IGN1021: kernelArguments would be lost" in done.stderr
    assert "it needs spec 3.3.0 or newer" in done.stderr
    assert (tmp_path / "old.ign").read_text() == "kept"


def test_invalid_config_is_not_converted() -> None:
    done = run("ignition", "convert", "--to", "3.6.0", "-", stdin=b'{"ignition": {"version": "9"}}')
    assert done.returncode == 1
    assert "error IGN1004" in done.stderr


@pytest.mark.parametrize(
    "args", [["--to", "2.3.0", "a"], ["a"], ["--to", "3.6.0", "none.ign"], ["--bogus"]]
)
def test_usage_errors(args: list[str], tmp_path: Path) -> None:
    done = run("ignition", "convert", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_unwritable_output_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "old.ign").write_text(OLD)
    done = run(
        "ignition", "convert", "--to", "3.6.0", "-o", "none/new.ign", "old.ign", cwd=tmp_path
    )
    assert done.returncode == 2
    assert "IGN6312: cannot write none/new.ign" in done.stderr
