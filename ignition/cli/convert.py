# SPDX-License-Identifier: Apache-2.0
"""`ignition convert --to VERSION FILE`: the same config in another spec version."""

from __future__ import annotations

import argparse

from ignition.base.errors import Failure, InvalidConfig
from ignition.base.finding import Finding
from ignition.base.origin import Origin, pointer
from ignition.cli.diagnostics import print_failure, print_findings
from ignition.cli.inputs import read_config
from ignition.cli.output import write
from ignition.cli.parser import Parser
from ignition.config import convert as conversion
from ignition.config import document, shapes
from ignition.config.check import check
from ignition.config.rules.rule import RuleFinding

DESCRIPTION = """\
Writes a config in another spec version, newer or older. The machine it makes stays the same: what the
other version cannot say is an error that names the members, and nothing is written.
"""

EPILOG = f"""\
VERSION is one of {", ".join(shapes.VERSIONS[:-1])} and
{shapes.VERSIONS[-1]}; the last number may be left out. Members come out in the order of the spec. Keys
that the config's version does not know have no effect, and are left out with a warning.

examples:
  ignition convert --to 3.4 old.ign -o new.ign
  butane web.bu | ignition convert --to 3.3.0 -

exit status: 0 written, 1 the config is refused or would lose something, 2 wrong use or unreadable file
"""


def build_parser() -> Parser:
    """The command line; the manual page is made from it, too."""
    parser = Parser(
        prog="ignition convert",
        usage="ignition convert --to VERSION [-o FILE] FILE",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="config, or - for standard input")
    parser.add_argument(
        "--to", required=True, type=parse_version, metavar="VERSION", help="spec version to write"
    )
    parser.add_argument(
        "-o", "--output", default="", metavar="FILE", help="write there (standard output)"
    )
    return parser


def parse_version(word: str) -> str:
    """A spec version as an argument."""
    known = conversion.resolve_version(word)
    if known is None:
        raise argparse.ArgumentTypeError(
            f"{word!r} is no spec version; there are {', '.join(shapes.VERSIONS)}"
        )
    return known


def main(args: list[str]) -> int:
    """Exit status: 0 written, 1 refused or lossy, 2 wrong use or an unreadable file."""
    options = build_parser().parse_args(args)
    data, name = read_config(options.file)
    try:
        text = _convert(data, name, options.to)
    except Failure as failure:
        return print_failure(failure, data, name)
    write(text, options.output)
    return 0


def _convert(data: bytes, name: str, target: str) -> str:
    checked = check(data, name)
    if checked.failure is not None:
        raise checked.failure
    assert checked.value is not None
    print_findings(checked.findings, data, name)
    value, losses = conversion.convert(checked.value, checked.version, target)
    if losses:
        text = document.parse(data, name)
        raise loss_failure(target, [_locate(loss, text.origin(loss.path)) for loss in losses])
    return conversion.format_config(value, target)


def loss_failure(target: str, findings: list[Finding]) -> InvalidConfig:
    """The failure of a conversion that would lose something."""
    return InvalidConfig(
        conversion.LOST, f"this cannot be said in spec {target}", findings=findings
    )


def _locate(loss: RuleFinding, origin: Origin) -> Finding:
    origin.pointer = pointer(loss.path)
    return Finding(loss.code, loss.severity, loss.message, origin, loss.hint)
