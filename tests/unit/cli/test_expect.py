# SPDX-License-Identifier: Apache-2.0
"""`ignition expect`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.cli import expect
from ignition.testbed.expectations.reading import load
from tests.unit.cli.command import CHECKOUT, run

CONFIG = {
    "ignition": {"version": "3.4.0"},
    "storage": {"files": [{"path": "/etc/motd", "contents": {"source": "data:,hello"}}]},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "web.ign"
    path.write_text(json.dumps(CONFIG))
    return path


def test_what_it_prints_can_be_read(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert expect.main([str(config)]) == 0
    printed = capfd.readouterr().out
    assert "  - path: /etc/motd\n" in printed
    assert len(load("web.expect.yaml", printed.encode()).items) == 1


def test_json(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert expect.main(["--format", "json", str(config)]) == 0
    assert json.loads(capfd.readouterr().out)["files"][0]["mode"] == "0644"


def test_standard_input() -> None:
    done = run("ignition", "expect", "-", stdin=json.dumps(CONFIG).encode())
    assert done.returncode == 0
    assert "config.expect.yaml" in done.stdout
    assert "standard input" not in done.stdout


def test_output_file(config: Path) -> None:
    target = config.with_suffix(".expect.yaml")
    assert expect.main([str(config), "-o", str(target)]) == 0
    assert target.read_text().startswith("# What must be true")


def test_invalid_config(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config.write_text('{"ignition": {"version": "3.4.0"}, "storage": {"files": [{"path": "a"}]}}')
    assert expect.main([str(config)]) == 1
    streams = capfd.readouterr()
    assert streams.out == ""
    assert "web.ign:1:" in streams.err


def test_remote_reference_without_network(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    merge = {"config": {"merge": [{"source": "http://192.0.2.1/a.ign"}]}}
    config.write_text(json.dumps({"ignition": {"version": "3.4.0", **merge}}))
    assert expect.main(["--offline", str(config)]) == 1
    assert "IGN4003" in capfd.readouterr().err


@pytest.mark.parametrize("args", [["/nonexistent.ign"], [], ["--format", "xml", "web.ign"]])
def test_usage_errors(args: list[str]) -> None:
    with pytest.raises(Failure) as caught:
        expect.main(args)
    assert caught.value.exit_status == 2


def test_the_parser_loads_neither_yaml_nor_jsonschema() -> None:
    """`--help` must answer at once."""
    code = (
        "import sys; from ignition.cli import expect; expect.build_parser().format_help();"
        "print(*sorted({'yaml', 'jsonschema', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    assert done.stdout.strip() == ""
