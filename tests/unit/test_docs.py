# SPDX-License-Identifier: Apache-2.0
"""Links on the pages lead somewhere, and the files and modules that they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
GENERATED = {"codes.md", "config.md", "played.md"}
PAGES = [
    path.relative_to(CHECKOUT).as_posix()
    for pattern in ("*.md", "docs/*.md", "docs/behaviour/*.md", "docs/platforms/*.md")
    for path in sorted(CHECKOUT.glob(pattern))
    if path.name not in GENERATED
]
FOLDERS = (
    "benchmarks|docs|dracut-module|examples|ignition|providers|schemas|stages|tests/[a-z]|tools"
)
PLACEHOLDER = re.compile(r"[A-Z]{2,}|[*<…]")


def text(page: str) -> str:
    return (CHECKOUT / page).read_text()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text(page))
    folder = (CHECKOUT / page).parent
    assert [target for target in targets if not (folder / target).exists()] == []


@pytest.mark.parametrize("page", [name for name in PAGES if "/platforms/" not in name])
def test_named_files_exist(page: str) -> None:
    named = re.findall(rf"`((?:{FOLDERS})[\w.-]*/[\w./-]*)`", text(page))
    files = [name for name in named if not PLACEHOLDER.search(Path(name).stem)]
    assert [name for name in files if not (CHECKOUT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_imported_modules_exist(page: str) -> None:
    modules = re.findall(r"^from ((?:ignition|tests)\.[\w.]+) import", text(page), re.M)
    paths = [CHECKOUT / module.replace(".", "/") for module in modules]
    assert [path for path in paths if not (path.is_dir() or path.with_suffix(".py").exists())] == []
