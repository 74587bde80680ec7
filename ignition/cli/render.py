# SPDX-License-Identifier: Apache-2.0
"""`ignition render FILE`: merges a config with the configs that it references."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ignition.acquisition import origins
from ignition.acquisition.rendered import Rendered, render
from ignition.base.errors import Failure
from ignition.base.finding import Finding
from ignition.base.origin import Origin, pointer
from ignition.base.printable import printable
from ignition.cli import fetching
from ignition.cli.convert import loss_failure, parse_version
from ignition.cli.diagnostics import print_failure, print_findings
from ignition.cli.inputs import read_config
from ignition.cli.output import write
from ignition.cli.parser import Parser
from ignition.config import convert, document, shapes

DESCRIPTION = """\
Resolves ignition.config.merge and ignition.config.replace as a first boot does, and writes the resulting
config. Referenced configs are fetched by the URL schemes that the engine supports; there is no scheme for
local files.
"""

EPILOG = f"""\
The config is written in spec version {convert.NEWEST_STABLE} unless --to is given. With --origins, each line
shows a value and its source: the config, the line number if that is FILE itself, and the JSON pointer.

examples:
  ignition render config.ign -o whole.ign
  ignition render --origins --offline config.ign

exit status: 0 success, 1 invalid config or failed fetch, 2 usage error or unreadable file
"""
# Maximum width of a value in the output of --origins, in characters.
_VALUE_WIDTH = 40
_SECRETS = ("passwordHash", "value")


def build_parser() -> Parser:
    """The command-line parser, from which the manual page is generated, too."""
    parser = Parser(
        prog="ignition render",
        usage="ignition render [options] FILE",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="config, - for standard input")
    add(
        "--to",
        type=parse_version,
        default=convert.NEWEST_STABLE,
        metavar="VERSION",
        help=f"target spec version (default: {convert.NEWEST_STABLE})",
    )
    add(
        "--origins", action="store_true", help="show the source of each value instead of the config"
    )
    fetching.add_options(parser)
    add("-o", "--output", default="", metavar="FILE", help="output file (default: standard output)")
    return parser


def main(args: list[str]) -> int:
    """Exit status: 0 success, 1 invalid config or failed fetch, 2 usage error or unreadable file."""
    options = build_parser().parse_args(args)
    data, name = read_config(options.file)
    try:
        rendered = render(data, name, fetching.context(options))
        print_findings(rendered.findings, data, name)
        text = (
            _list_origins(rendered, data, name)
            if options.origins
            else _convert(rendered, options.to)
        )
    except Failure as failure:
        return print_failure(failure, data, name)
    write(text, options.output)
    return 0


def _convert(rendered: Rendered, target: str) -> str:
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


def _list_origins(rendered: Rendered, data: bytes, name: str) -> str:
    text = document.parse(data, name)
    rows = []
    for path, value in _leaves(rendered.value, ()):
        if path == ("ignition", "version"):
            continue
        origin = origins.find(rendered.table, *path)
        if origin.source == name:
            origin.line, origin.column = text.position(_split_pointer(origin.pointer))
        rows.append((printable(pointer(path)), _format_value(path, value), origin))
    left = max((len(where) for where, _, _ in rows), default=0)
    middle = max((len(value) for _, value, _ in rows), default=0)
    return "".join(
        f"{where:<{left}}  {value:<{middle}}  {printable(_format_origin(origin, where))}\n"
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


def _split_pointer(text: str) -> tuple[str | int, ...]:
    """Splits a JSON pointer into a config. No key of the spec contains ~ or /, or is a number."""
    return tuple(int(step) if step.isdigit() else step for step in text.split("/")[1:])


def _format_value(path: tuple[str | int, ...], value: Any) -> str:
    if path[-1] in _SECRETS:
        return "(secret)"
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _VALUE_WIDTH else text[: _VALUE_WIDTH - 3] + "..."


def _format_origin(origin: Origin, here: str) -> str:
    place = f"{origin.source}:{origin.line}:{origin.column}" if origin.line else origin.source
    return place if origin.pointer == here else f"{place} {origin.pointer}"
