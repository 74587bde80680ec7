# SPDX-License-Identifier: Apache-2.0
"""`ignition convert --to VERSION FILE`: converts a config to another spec version."""

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
Converts a config to a newer or older spec version that describes the same machine. If the other version
cannot express a part of the config, the command names that part, writes nothing and fails.
"""

EPILOG = f"""\
VERSION is one of {", ".join(shapes.VERSIONS[:-1])} and
{shapes.VERSIONS[-1]}; the patch number is optional. Members are written in the order of the spec. Unknown
keys have no effect; they are dropped with a warning.

examples:
  ignition convert --to 3.4 old.ign -o new.ign
  butane web.bu | ignition convert --to 3.3.0 -

exit status: 0 success, 1 invalid config or lossy conversion, 2 usage error or unreadable file
"""


def build_parser() -> Parser:
    """The command-line parser, from which the manual page is generated, too."""
    parser = Parser(
        prog="ignition convert",
        usage="ignition convert --to VERSION [-o FILE] FILE",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="config, - for standard input")
    parser.add_argument(
        "--to", required=True, type=parse_version, metavar="VERSION", help="target spec version"
    )
    parser.add_argument(
        "-o", "--output", default="", metavar="FILE", help="output file (default: standard output)"
    )
    return parser


def parse_version(word: str) -> str:
    """The argument type of spec versions."""
    known = conversion.resolve_version(word)
    if known is None:
        raise argparse.ArgumentTypeError(
            f"{word!r} is not a spec version; use one of {', '.join(shapes.VERSIONS)}"
        )
    return known


def main(args: list[str]) -> int:
    """Exit status: 0 success, 1 invalid config or lossy conversion, 2 usage error or unreadable file."""
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
    """The failure of a lossy conversion."""
    return InvalidConfig(
        conversion.LOST, f"the config cannot be converted to spec {target}", findings=findings
    )


def _locate(loss: RuleFinding, origin: Origin) -> Finding:
    origin.pointer = pointer(loss.path)
    return Finding(loss.code, loss.severity, loss.message, origin, loss.hint)
