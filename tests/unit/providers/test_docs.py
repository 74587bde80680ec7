# SPDX-License-Identifier: Apache-2.0
"""docs/platforms matches the code: a row and a page for each platform, and tests for each row."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.acquisition import platforms
from ignition.lint.rules import size
from ignition.providers import ALIASES, MODULES
from ignition.testbed.metadata import FAKES
from tests.unit.providers import test_metadata

CHECKOUT = Path(__file__).parents[3]
FOLDER = CHECKOUT / "docs/platforms"
FACTS = [
    "Location",
    "How to provide it",
    "Size",
    "Encoding",
    "Network",
    "No config",
    "Retries",
    "Tested on",
]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def table(path: Path) -> list[list[str]]:
    lines = [line for line in path.read_text().splitlines() if line.startswith("|")]
    return [cells(line) for line in lines[2:]]


ROWS = {row[0].strip("`"): row for row in table(FOLDER / "README.md")}


def page(platform: str) -> Path:
    return FOLDER / ROWS[platform][1].partition("(")[2].rstrip(")")


def test_the_table_is_the_providers() -> None:
    assert list(ROWS) == sorted(MODULES)
    pages = {page(platform).name for platform in sorted(MODULES)}
    assert {path.name for path in FOLDER.glob("*.md")} == {*pages, "README.md"}


@pytest.mark.parametrize("platform", sorted(MODULES))
def test_row(platform: str) -> None:
    _, _, network, encoding, nothing, tests = ROWS[platform]
    assert network == ("yes" if platforms.provider(platform).NEEDS_NETWORK else "no")
    if platform in FAKES:
        assert ("base64" in encoding) == (platform in test_metadata.BASE64)
        assert (nothing == "404 is an error") == (platform in test_metadata.NOT_FOUND_IS_FATAL)
    for name in tests.replace("`", "").split(", "):
        in_unit = name.startswith(("providers/", "resource/"))
        place = CHECKOUT / "tests" / ("unit" if in_unit else "") / name
        assert place.exists(), name
        if name == "boot/test_platforms.py":
            assert f'"{platform}"' in place.read_text()


@pytest.mark.parametrize("platform", sorted(MODULES))
def test_page(platform: str) -> None:
    text = page(platform).read_text()
    assert [row[0] for row in table(page(platform))] == FACTS
    for name in [platform, *(alias for alias, meant in ALIASES.items() if meant == platform)]:
        assert f"`{name}`" in text or f"ignition.platform.id={name}`" in text


@pytest.mark.parametrize("platform", size.LIMITS)
def test_page_and_lint_agree_on_the_size_limit(platform: str) -> None:
    told = dict(row[:2] for row in table(page(platform)))["Size"]
    number, unit = told.split()[:2]
    assert int(number) * {"KiB": 1024, "bytes": 1}[unit] == size.LIMITS[platform]


@pytest.mark.parametrize("platform", FAKES)
def test_page_names_the_path_of_the_service(platform: str) -> None:
    assert FAKES[platform].path in page(platform).read_text()
