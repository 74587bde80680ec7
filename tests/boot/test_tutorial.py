# SPDX-License-Identifier: Apache-2.0
"""docs/tutorial-test.md: every command of the page does what the page shows.

A block of `console` has commands after `$ ` and what they print. A block of another language under a line
that ends in "`NAME`:" is a file, written before the commands below it run.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ignition.testbed.cache import CHECKOUT
from tests.support.program import install_command

PAGE = CHECKOUT / "docs" / "tutorial-test.md"
BLOCK = re.compile(r"(?:`([\w./-]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.M | re.S)
VARIABLE = re.compile(r"(?:\d+ min )?\d+(?:\.\d+)?(?= ?m?s\b)|…")
"""What a page shows and another run prints differently: a number of seconds, and anything left out."""


@dataclass(frozen=True)
class File:
    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """`shown`: the lines that the page shows below it. Others may stand between them."""

    line: str
    shown: tuple[str, ...]


def steps(page: str) -> Iterator[File | Command]:
    """What a reader of the page does, in order."""
    for name, language, text in BLOCK.findall(page):
        if language == "console":
            yield from commands(text)
        elif name:
            yield File(name, text)


def commands(block: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        line, *shown = part.rstrip("\n").split("\n")
        yield Command(line, tuple(each for each in shown if each.strip()))


def pattern(shown: str) -> re.Pattern[str]:
    """A shown line as a pattern: any number of seconds, anything for `…`, any blanks."""
    text = " ".join(shown.split())
    fixed = [re.escape(part).replace(r"\ ", r"\s+") for part in VARIABLE.split(text)]
    free = [".*" if each == "…" else r"(?:\d+ min )?[\d.]+" for each in VARIABLE.findall(text)]
    return re.compile("".join(map("".join, zip(fixed, [*free, ""], strict=True))))


def missing(shown: tuple[str, ...], printed: str) -> str | None:
    """The first shown line that was not printed after the one before it."""
    lines = iter(printed.splitlines())
    for each in shown:
        wanted = pattern(each)
        if not any(wanted.fullmatch(line.strip()) for line in lines):
            return each
    return None


@pytest.mark.usefixtures("guest_images")
def test_every_command_of_the_tutorial_does_what_the_page_shows(tmp_path: Path) -> None:
    install_command(tmp_path / "bin")
    folder = tmp_path / "configs"
    folder.mkdir()
    environ = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "NO_COLOR": "1"}
    status = 0
    for step in steps(PAGE.read_text()):
        if isinstance(step, File):
            (folder / step.name).parent.mkdir(parents=True, exist_ok=True)
            (folder / step.name).write_text(step.text)
            continue
        done = subprocess.run(
            ["bash", "-c", f"(exit {status})\n{step.line}"],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        status = done.returncode
        assert missing(step.shown, done.stdout) is None, f"$ {step.line}\n{done.stdout}"


def test_the_tutorial_has_files_and_commands() -> None:
    found = list(steps(PAGE.read_text()))
    assert sum(isinstance(step, File) for step in found) >= 2
    assert sum(isinstance(step, Command) for step in found) >= 5


@pytest.mark.parametrize(
    ("shown", "printed", "matches"),
    [
        ("web.ign   passed in 41 s", "web.ign  passed in 38.2 s", True),
        ("web.ign  passed in 41 s", "web.ign  timeout in 41 s", False),
        ("1 config: 0 errors", "1 config: 10 errors", False),
        ("console in …/web", "console in ignition-test/web", True),
    ],
)
def test_shown_lines_are_compared(shown: str, printed: str, matches: bool) -> None:
    assert (missing((shown,), f"before\n{printed}\nafter\n") is None) is matches


def test_shown_lines_must_be_printed_in_order() -> None:
    assert missing(("b", "a"), "a\nb\n") == "a"
