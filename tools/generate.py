# SPDX-License-Identifier: Apache-2.0
"""Writes every generated file of this repository.

    python -m tools.generate [--check]

Each module in MODULES has a function `outputs`, which maps paths to texts, or to None where a file must
be deleted.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
MODULES = ("models", "pages", "manuals", "architecture")
"""In order: the pages import the model, so the model is written first."""


def stale(module: str) -> Iterator[tuple[Path, str | None]]:
    """The files of one module that differ from what it generates, with their new text."""
    for path, text in importlib.import_module(f"tools.{module}").outputs().items():
        if (path.read_text() if path.exists() else None) != text:
            yield path, text


def main(argv: list[str]) -> int:
    """Exit status: 0, or 1 where --check finds a file that is out of date."""
    parser = argparse.ArgumentParser(prog="generate", description="Write the generated files.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a file differs")
    options = parser.parse_args(argv)
    status = 0
    for module in MODULES:
        for path, text in list(stale(module)):
            if options.check:
                print(f"{path.relative_to(CHECKOUT)} is out of date: run `make generate`")
                status = 1
            elif text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
