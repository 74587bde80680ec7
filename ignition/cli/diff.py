# SPDX-License-Identifier: Apache-2.0
"""`ignition diff OLD NEW`: compares two configs by what a machine would get."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from ignition.acquisition.rendered import render
from ignition.base import streams
from ignition.base.errors import Failure
from ignition.base.printable import printable_json
from ignition.cli import fetching
from ignition.cli.diagnostics import print_failure
from ignition.cli.inputs import read_config
from ignition.cli.layout import terminal_width
from ignition.cli.output import write_stdout
from ignition.cli.parser import Parser

if TYPE_CHECKING:
    import argparse

    from ignition.review.subject import Subject

DESCRIPTION = """\
Compares two configs by what a machine would get: disks, filesystems, users, files by content, units line by
line, kernel arguments. Order where it has no meaning, spec version, the encoding of data URLs, compression
and pieces of a file do not count.

For each difference it says whether a machine that was provisioned with OLD can get to NEW: live, by hand, or
only if it is provisioned anew; or whether only a first boot is affected.

Referenced configs are fetched as by ignition render; bodies of files are not. Passwords, keys and the
contents of private files are not shown.
"""

EPILOG = """\
examples:
  ignition diff old.ign new.ign
  git show HEAD~:web.ign | ignition diff - web.ign
  ignition diff --format json old.ign new.ign

exit status: 0 both give the same machine, 1 they differ, 2 usage error, unreadable file, invalid config or
failed fetch
"""
FORMATS = ("text", "json")
_TROUBLE = 2


def build_parser() -> Parser:
    """The command-line parser, from which the manual page is generated, too."""
    parser = Parser(
        prog="ignition diff",
        usage="ignition diff [options] OLD NEW",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("old", metavar="OLD", help="config that machines run with, - for standard input")
    add("new", metavar="NEW", help="config to compare it with, - for standard input")
    add("--format", choices=FORMATS, default="text", help="format of the output (default: text)")
    fetching.add_options(parser)
    return parser


def main(args: list[str]) -> int:
    """Exit status: 0 same, 1 different, 2 trouble."""
    from ignition.review.diff import formats
    from ignition.review.diff.compare import compare
    from ignition.review.style import Style

    parser = build_parser()
    options = parser.parse_args(args)
    if options.old == options.new == "-":
        parser.error("only one config can be read from standard input")
    subjects = []
    for path in (options.old, options.new):
        subject = _load(path, options)
        if subject is None:
            return _TROUBLE
        subjects.append(subject)
    old, new = subjects
    differences = compare(old, new)
    if options.format == "json":
        value = formats.to_json(differences, old, new, (options.old, options.new))
        write_stdout(printable_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")
    else:
        colour = os.isatty(streams.STDOUT) and not os.environ.get("NO_COLOR")
        write_stdout(formats.to_text(differences, Style(terminal_width(), colour)))
    return 1 if differences else 0


def _load(path: str, options: argparse.Namespace) -> Subject | None:
    """A rendered config; None if it is invalid or cannot be fetched, which is then printed."""
    from ignition.review.subject import Subject

    data, name = read_config(path)
    try:
        return Subject(render(data, name, fetching.context(options)))
    except Failure as failure:
        print_failure(failure, data, name)
        return None
