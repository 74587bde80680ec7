# SPDX-License-Identifier: Apache-2.0
"""Help, and suggestions for invalid command lines."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ignition.cli.layout import reflow
from tests.unit.cli.command import CHECKOUT, START, run

PLATFORM = "ignition.platform.id="
# Invalid command line -> part of the suggestion.
MEANT = {
    "ignition lnt web.ign": "ignition lint web.ign",
    "ignition Lint web.ign": "ignition lint web.ign",
    "ignition validate web.ign": "ignition-validate FILE",
    "ignition check web.ign": "ignition lint FILE",
    "ignition chekc web.ign": "ignition lint FILE",
    "ignition tset web.ign": "ignition test web.ign",
    "ignition boot web.ign": "ignition test FILE",
    "ignition expct web.ign": "ignition expect web.ign",
    "ignition --second-boot web.ign": "this is a flag of ignition test",
    "ignition test --second-bot web.ign": "did you mean --second-boot?",
    "ignition fmt web.ign": "ignition convert --to VERSION FILE",
    "ignition merge web.ign": "ignition render FILE",
    "ignition web.ign": "ignition lint web.ign",
    "ignition ./configs": "ignition lint ./configs",
    "ignition web.bu": "butane --strict web.bu | ignition lint -",
    "ignition files": "ignition run files",
    "ignition xyzzy": "commands: apply, convert, ",
    "ignition help lnt": "ignition lint --help",
    "ignition --strict web.ign": "this is a flag of ignition lint",
    "ignition --platfrom=qemu --stage=files": "did you mean -platform?",
    "ignition -log-stdout": "did you mean -log-to-stdout?",
    "ignition --platform=qemu --stage=file": "did you mean files?",
    "ignition --platform=qemu": "--stage is one of disks, fetch",
    "ignition --platform=qemo --stage=files": "did you mean qemu? --platform is one of ",
    "ignition --stage=files": "--platform is one of ",
    "ignition lint --stict web.ign": "did you mean --strict?",
    "ignition lint --formt=json web.ign": "did you mean --format?",
    "ignition render --orgins web.ign": "did you mean --origins?",
    "ignition convert --too=3.4 --to 3.4 web.ign": "did you mean --to?",
    "ignition run --platfrom=qemu files": "did you mean --platform?",
    "ignition run --platform=qemo files": "did you mean qemu?",
    "ignition-validate -verson": "did you mean -version?",
    "ignition-rmcfg --platfrom=qemu": "did you mean --platform?",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("args", MEANT)
def test_suggestions(args: str) -> None:
    program, *more = args.split()
    done = run(program, *more)
    assert (done.returncode, done.stdout) == (2, "")
    assert MEANT[args] in done.stderr
    assert PLATFORM not in done.stderr, "the hint must not mention the kernel command line"
    assert ("--platform is one of" in done.stderr) is (
        "--platform is one of" in MEANT[args] or "qemo" in args
    )


@pytest.mark.parametrize("args", [[], [""]])
def test_no_arguments_print_help(args: list[str]) -> None:
    done = run("ignition", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "ignition lint FILE" in done.stderr
    assert "-platform ID" in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["help"], "ignition lint FILE"),
        (["help", "lint"], "usage: ignition lint"),
        (["help", "test"], "usage: ignition test"),
        (["help", "expect"], "usage: ignition expect"),
        (["help", "why"], "usage: ignition why"),
        (["help", "diff"], "usage: ignition diff"),
        (["help", "run"], "Usage: ignition run"),
        (["help", "render"], "usage: ignition render"),
        (["help", "convert"], "usage: ignition convert"),
        (["help", "validate"], "ignition-validate [flags]"),
        (["help", "ignition-rmcfg"], "Usage: ignition-rmcfg"),
        (["version"], "Ignition "),
    ],
)
def test_help_and_version(args: list[str], said: str) -> None:
    done = run("ignition", *args)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(said) or said in done.stdout


HELP = [
    *("ignition --help", "ignition help", "ignition lint --help", "ignition render --help"),
    *("ignition convert --help", "ignition run --help", "ignition help run"),
    *(
        "ignition test --help",
        "ignition expect --help",
        "ignition why --help",
        "ignition diff --help",
    ),
    *("ignition-validate --help", "ignition-rmcfg --help"),
]


@pytest.mark.parametrize("args", HELP)
@pytest.mark.parametrize("width", [60, 200])
def test_help_is_as_wide_as_the_terminal(
    args: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    program, *more = args.split()
    done = run(program, *more)
    lines = (done.stdout + done.stderr).splitlines()
    # Examples are to be copied, and stay as they are.
    assert [line for line in lines if len(line) > width and not line.startswith("  ignition")] == []
    monkeypatch.setenv("COLUMNS", "80")
    usual = run(program, *more)
    assert (done.stdout + done.stderr).split() == (usual.stdout + usual.stderr).split()


def test_help_uses_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    master, terminal = pty.openpty()
    os.system(f"stty cols 50 < {os.ttyname(terminal)}")
    subprocess.run(
        [sys.executable, "-c", START.format(program="ignition"), "help"],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=terminal,
        check=True,
    )
    os.close(terminal)
    shown = b""
    try:
        while piece := os.read(master, 65536):
            shown += piece
    except OSError:
        pass  # all that was written is read
    lines = shown.decode().splitlines()
    assert max(map(len, lines)) <= 50
    assert len(lines) > 20


def test_reflow() -> None:
    text = (
        "One sentence that is\nlonger than a line.\n\nWords:\n"
        "  short   is explained here, over\n          two lines\n"
        "  $ stays as it is, however long it may be\n"
    )
    assert reflow(text, 40) == (
        "One sentence that is longer than a line.\n\nWords:\n"
        "  short   is explained here, over two\n          lines\n"
        "  $ stays as it is, however long it may be\n"
    )
