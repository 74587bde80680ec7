# SPDX-License-Identifier: Apache-2.0
"""Usage errors: exit status 2, a code and a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.command import run

WRONG = {
    "convert": "IGN6004",
    "convert --to 9 x": "IGN6004",
    "convert --to 3.4 none": "IGN6311",
    "lint": "IGN6004",
    "lint --format none x": "IGN6004",
    "lint none": "IGN6311",
    "render": "IGN6004",
    "render --none x": "IGN6004",
    "render none": "IGN6311",
    "run files": "IGN6003",
    "run --platform none files": "IGN6003",
    "run --platform qemu": "IGN6004",
    "run --platform qemu none": "IGN6004",
    "run --none": "IGN6004",
}


@pytest.mark.parametrize("args", WRONG)
def test_usage_error_has_code_and_hint(args: str) -> None:
    done = run("ignition", *args.split())
    assert done.returncode == 2
    first, hint, *more = done.stderr.splitlines()
    assert first.startswith("ignition") and f": {WRONG[args]}: " in first
    assert hint.startswith("  ") and len(hint) > 10
    assert not more
    assert not done.stdout


@pytest.mark.parametrize("args", ["run files", "run --platform none files"])
def test_hint_at_a_prompt_names_the_platform_flag(args: str) -> None:
    hint = run("ignition", *args.split()).stderr
    assert "--platform" in hint and "kernel command line" not in hint


@pytest.mark.parametrize("program", ["ignition-validate", "ignition"])
def test_key_cannot_forge_a_report_line(program: str, tmp_path: Path) -> None:
    config = tmp_path / "c.ign"
    config.write_text('{"ignition":{"version":"3.4.0"},"a\\nerror: b\\u001b[2J\\u202e":1}')
    args = (["lint"] if program == "ignition" else []) + [str(config)]
    done = run(program, *args)
    assert "unused key a\\nerror: b\\x1b[2J\\u202e" in done.stdout
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert done.returncode == 0
