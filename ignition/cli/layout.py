# SPDX-License-Identifier: Apache-2.0
"""How --help is laid out."""

from __future__ import annotations

import argparse


class Layout(argparse.RawDescriptionHelpFormatter):
    """Description and epilog as written, and a width of its own: asking for the terminal's costs an import of
    `shutil`, 4 ms at every start, for argparse asks even when nobody wants help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=100)
