# SPDX-License-Identifier: Apache-2.0
"""The authors' commands, which share a parser. Each is a module with `build_parser`, imported on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base import load_module

if TYPE_CHECKING:
    from ignition.cli.parser import Parser

AUTHORS = ("lint", "render", "convert", "test", "expect", "why", "diff", "apply")


def parser_of(name: str) -> Parser:
    """The command-line parser of one of these commands."""
    parser: Parser = load_module(f"ignition.cli.{name}").build_parser()
    return parser
