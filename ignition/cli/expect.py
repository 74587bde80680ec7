# SPDX-License-Identifier: Apache-2.0
"""`ignition expect FILE`: prints what a config promises about the machine, as an expectations file."""

from __future__ import annotations

from ignition.cli.parser import Parser


def build_parser() -> Parser:
    """The command-line parser, from which the manual page is generated, too."""
    raise NotImplementedError


def main(args: list[str]) -> int:
    """Exit status: 0 success, 1 invalid config or failed fetch, 2 usage error or unreadable file."""
    raise NotImplementedError
