# SPDX-License-Identifier: Apache-2.0
"""`ignition render FILE`: a config with all that it refers to, as one config."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from typing import Any

from ignition.acquisition import origins
from ignition.acquisition.rendered import Rendered, render
from ignition.base import streams
from ignition.base.errors import Failure
from ignition.base.finding import Finding
from ignition.base.log import Log
from ignition.base.origin import Origin, pointer
from ignition.base.printable import printable
from ignition.base.settings import Settings
from ignition.cli.convert import loss_failure, parse_version
from ignition.cli.diagnostics import print_failure, print_findings
from ignition.cli.inputs import read_config
from ignition.cli.output import write
from ignition.cli.parser import Parser
from ignition.config import convert, document, shapes
from ignition.resource.context import FetchContext

DESCRIPTION = """\
Follows ignition.config.merge and ignition.config.replace as a first boot does, and writes the one config
that comes of it. Configs are fetched by the schemes that the engine knows; there is no scheme for files of
this machine, and data URLs need nothing.
"""

EPILOG = f"""\
The config is written in spec {convert.NEWEST_STABLE} unless --to names another one. With --origins each line
says where one value comes from: the config, the line if it is FILE itself, and the JSON pointer there.

examples:
  ignition render config.ign -o whole.ign
  ignition render --origins --offline config.ign

exit status: 0 written, 1 a config is refused or cannot be fetched, 2 wrong use or unreadable file
"""
# Seconds; the engine itself waits for ever, which helps nobody at a prompt.
_PATIENCE = 30
# Characters of a value that a list of origins shows.
_WIDTH = 40
_SECRET = ("passwordHash", "value")


def build_parser() -> Parser:
    """The command line; the manual page is made from it, too."""
    parser = Parser(
        prog="ignition render",
        usage="ignition render [options] FILE",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="config, or - for standard input")
    add(
        "--to",
        type=parse_version,
        default=convert.NEWEST_STABLE,
        metavar="VERSION",
        help=f"spec version to write ({convert.NEWEST_STABLE})",
    )
    add("--origins", action="store_true", help="write where each value comes from instead")
    add("--offline", action="store_true", help="fetch nothing over the network")
    add(
        "--timeout",
        type=int,
        default=_PATIENCE,
        metavar="SECONDS",
        help=f"how long one fetch may take, with all tries ({_PATIENCE}); 0 for ever",
    )
    add("--verbose", action="store_true", help="show the engine's log on standard error")
    add("-o", "--output", default="", metavar="FILE", help="write there (standard output)")
    return parser


def main(args: list[str]) -> int:
    """Exit status: 0 written, 1 refused or not to be had, 2 wrong use or an unreadable file."""
    options = build_parser().parse_args(args)
    data, name = read_config(options.file)
    try:
        rendered = render(data, name, _context(options))
        print_findings(rendered.findings, data, name)
        text = _listing(rendered, data, name) if options.origins else _config(rendered, options.to)
    except Failure as failure:
        return print_failure(failure, data, name)
    write(text, options.output)
    return 0


def _context(options: argparse.Namespace) -> FetchContext:
    settings = Settings()
    settings.wait_fetch = max(options.timeout, 0)

    def sink(_level: int, text: str) -> None:
        if options.verbose:
            streams.print_error(f"{printable(text)}\n")

    def progress(text: str) -> None:
        if os.isatty(streams.STDERR):
            streams.print_error(f"{printable(text)}\n")

    return FetchContext(settings, Log(sink), offline=options.offline, progress=progress)


def _config(rendered: Rendered, target: str) -> str:
    value, losses = convert.convert(rendered.value, shapes.NEWEST, target)
    if losses:
        raise loss_failure(
            target,
            [
                Finding(
                    loss.code,
                    loss.severity,
                    loss.message,
                    origins.find(rendered.table, *loss.path),
                    loss.hint,
                )
                for loss in losses
            ],
        )
    return convert.format_config(value, target)


def _listing(rendered: Rendered, data: bytes, name: str) -> str:
    text = document.parse(data, name)
    rows = []
    for path, value in _leaves(rendered.value, ()):
        if path == ("ignition", "version"):
            continue
        origin = origins.find(rendered.table, *path)
        if origin.source == name:
            origin.line, origin.column = text.position(_path(origin.pointer))
        rows.append((printable(pointer(path)), _printable(path, value), origin))
    left = max((len(where) for where, _, _ in rows), default=0)
    middle = max((len(value) for _, value, _ in rows), default=0)
    return "".join(
        f"{where:<{left}}  {value:<{middle}}  {printable(_place(origin, where))}\n"
        for where, value, origin in rows
    )


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _path(there: str) -> tuple[str | int, ...]:
    """The path of a JSON pointer into a config; its keys hold neither ~ nor /, and none is a number."""
    return tuple(int(step) if step.isdigit() else step for step in there.split("/")[1:])


def _printable(path: tuple[str | int, ...], value: Any) -> str:
    if path[-1] in _SECRET:
        return "(secret)"
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."


def _place(origin: Origin, here: str) -> str:
    place = f"{origin.source}:{origin.line}:{origin.column}" if origin.line else origin.source
    return place if origin.pointer == here else f"{place} {origin.pointer}"
