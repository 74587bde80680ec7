# SPDX-License-Identifier: Apache-2.0
"""`ignition why NAME FILE`: shows which config gives something its content."""

from __future__ import annotations

import json
import os

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

DESCRIPTION = """\
Shows what gives a part of a machine its content: for each value the config that says so, line and column, the
JSON pointer, and which values of other configs it replaced in a merge.

NAME is what the machine calls it: a path, a unit or a drop-in (a.service.d/b.conf), a user or a group, a
device or a link below /dev/disk, a label of a partition or filesystem, an array, a volume, or a kernel
argument. Paths include what follows from other parts of the config: files of units, the preset file, ssh
keys, homes, crypttab, key files, mount points, and directories that are made as parents.

Referenced configs are fetched as by ignition render. Passwords, keys and the contents of private files are
not shown.
"""

EPILOG = """\
examples:
  ignition why /etc/hostname config.ign
  ignition why nginx.service config.ign
  ignition why /dev/disk/by-partlabel/data config.ign
  ignition why --format json core config.ign

exit status: 0 success, 1 nothing has this name, invalid config or failed fetch, 2 usage error or unreadable
file
"""
FORMATS = ("text", "json")


def build_parser() -> Parser:
    """The command-line parser, from which the manual page is generated, too."""
    parser = Parser(
        prog="ignition why",
        usage="ignition why [options] NAME FILE",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("name", metavar="NAME", help="path, unit, user, device ... on the machine")
    add("file", metavar="FILE", help="config, - for standard input")
    add("--format", choices=FORMATS, default="text", help="format of the output (default: text)")
    fetching.add_options(parser)
    return parser


def main(args: list[str]) -> int:
    """Exit status: 0 success, 1 nothing found or invalid config, 2 usage error or unreadable file."""
    from ignition.review import why, why_text
    from ignition.review.style import Style
    from ignition.review.subject import Subject

    parser = build_parser()
    options = parser.parse_args(args)
    if not options.name:
        parser.error("NAME is empty")
    data, name = read_config(options.file)
    try:
        subject = Subject(render(data, name, fetching.context(options)))
        answers = why.explain(subject, options.name, name)
    except Failure as failure:
        return print_failure(failure, data, name)
    if options.format == "json":
        value = why.to_json(subject, options.name, name, answers)
        write_stdout(printable_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")
    else:
        colour = os.isatty(streams.STDOUT) and not os.environ.get("NO_COLOR")
        write_stdout(why_text.text(subject, answers, Style(terminal_width(), colour)))
    return 0
