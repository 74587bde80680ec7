# SPDX-License-Identifier: Apache-2.0
"""docs/test.md, the reference of `ignition test`, against the code."""

from __future__ import annotations

import re

from ignition.base.codes import CODES
from ignition.cli import test_parser as command
from ignition.testbed.artefacts import MARK
from ignition.testbed.faults import KINDS, parse
from ignition.testbed.programs import PACKAGES
from ignition.testbed.results import Verdict
from tests.unit.cli.command import CHECKOUT

PAGE = (CHECKOUT / "docs" / "test.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of the table in a section, without its head."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[1:]]


def test_the_page_names_only_flags_that_exist() -> None:
    parser = command.build_parser()
    flags = {flag for action in parser._actions for flag in action.option_strings} | {"--explain"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) - flags == set()


def test_the_page_names_all_flags_but_the_obvious() -> None:
    parser = command.build_parser()
    flags = {action.option_strings[-1] for action in parser._actions if action.option_strings}
    assert {flag for flag in flags if flag not in PAGE} <= {"--help", "--output", "--verbose"}


def test_verdicts() -> None:
    found = {name: int(status) for status, name, _ in rows("Verdicts") if name}
    assert found == {verdict.value: verdict.exit_status for verdict in Verdict}


def test_faults() -> None:
    found = [re.sub(r"[`[=].*", "", name.strip("`")) for name, *_ in rows("Faults")]
    assert tuple(found) == KINDS
    for kind, (_, _, promise) in zip(KINDS, rows("Faults"), strict=True):
        assert ("machine comes out as wanted" in promise) is parse(kind).may_succeed


def test_codes_exist() -> None:
    assert set(re.findall(r"IGN\d{4}", PAGE)) - set(CODES) == set()


def test_packages() -> None:
    """All that a run may ask for. GRUB and user-mode Linux are for this project's own tests."""
    asked = {each for names in PACKAGES.values() for each in names.split()}
    named = {word for cells in rows("What it takes") for word in re.findall(r"[\w-]+", cells[1])}
    assert asked - named == {"grub-common", "grub-pc-bin", "user-mode-linux", "fdisk"}


def test_formats() -> None:
    assert [name for name in command.FORMATS if f"`{name}`" not in PAGE] == ["text"]


def test_the_folder_of_artefacts() -> None:
    assert f"`{command.ARTEFACTS}/CASE/`" in PAGE
    assert MARK not in (name for name, _ in rows("When a case does not pass"))
