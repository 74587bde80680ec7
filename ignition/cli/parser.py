# SPDX-License-Identifier: Apache-2.0
"""The argument parser of the authors' commands: layout of --help, errors with a code and a suggestion."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from typing import NoReturn

from ignition.base.errors import Failure
from ignition.cli.output import write_stdout


class Parser(argparse.ArgumentParser):
    """An argument parser that raises a usage error as a Failure (IGN6004, exit status 2)."""

    # Asking for the width of the terminal takes time, and argparse creates a formatter for each flag, so the
    # real width is only set for --help.
    _width = 100
    _given: tuple[str, ...] = ()

    def error(self, message: str) -> NoReturn:
        raise self._wrong(message, self._file_among(self._given))

    def parse_args(self, args: list[str], namespace: None = None) -> argparse.Namespace:  # type: ignore[override]
        """Parses arguments; the error for an unknown flag suggests a similar one."""
        self._given = tuple(args)
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            raise self._wrong(f"unrecognized arguments: {' '.join(unknown)}", self._advice(unknown))
        return options

    def format_help(self) -> str:
        from ignition.cli.layout import terminal_width

        self._width = terminal_width()
        return super().format_help()

    def _get_formatter(self) -> Layout:
        return Layout(self.prog, self._width)

    def _print_message(self, message: str, file: object = None) -> None:
        write_stdout(message)

    def _wrong(self, message: str, advice: str = "") -> Failure:
        usage = f"usage: {self.usage}; see {self.prog} --help"
        hint = f"{advice}; {usage}" if advice else usage
        return Failure("IGN6004", message, hint=hint, exit_status=2)

    def _advice(self, unknown: list[str]) -> str:
        from ignition.base.suggest import closest

        word = unknown[0]
        if not word.startswith("-"):
            return ""
        file = self._file_among(unknown)
        if file:
            return file
        flags = [flag for action in self._actions for flag in action.option_strings]
        close = closest(word.partition("=")[0], flags)
        return f"did you mean {close}?" if close else ""

    def _file_among(self, words: Iterable[str]) -> str:
        """A suggestion for a file whose name looks like a flag."""
        file = next((word for word in words if word.startswith("-") and os.path.isfile(word)), "")
        return f"use ./{file} for the file of that name" if file else ""


class Layout(argparse.RawDescriptionHelpFormatter):
    """Reflows descriptions and epilogs, and keeps examples as they are."""

    def __init__(self, prog: str, width: int) -> None:
        super().__init__(prog, max_help_position=26, width=width)

    def _split_lines(self, text: str, width: int) -> list[str]:
        import textwrap

        return textwrap.wrap(text, width, break_on_hyphens=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        from ignition.cli.layout import reflow

        return reflow(text, width).rstrip("\n")
