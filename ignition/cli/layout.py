# SPDX-License-Identifier: Apache-2.0
"""Command lines for people: how --help is laid out, and how wrong use ends."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ignition.base.errors import Failure


class Parser(argparse.ArgumentParser):
    """Wrong use ends as all failures do, with a code and a way out (IGN6004, status 2)."""

    def error(self, message: str) -> NoReturn:
        failure = Failure(
            "IGN6004", message, hint=f"usage: {self.usage}; {self.prog} --help says more"
        )
        failure.exit_status = 2
        raise failure


class Layout(argparse.RawDescriptionHelpFormatter):
    """Description and epilog as written, and a width of its own: asking for the terminal's costs an import of
    `shutil`, 4 ms at every start, for argparse asks even when nobody wants help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=100)
