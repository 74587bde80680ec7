# SPDX-License-Identifier: Apache-2.0
"""`ignition expect FILE`: prints what a config promises about the machine, as a file of expectations."""

from __future__ import annotations

from ignition.acquisition.rendered import render
from ignition.base.errors import Failure
from ignition.cli import fetching
from ignition.cli.diagnostics import print_failure, print_findings
from ignition.cli.inputs import read_config
from ignition.cli.output import write
from ignition.cli.parser import Parser

DESCRIPTION = """\
Prints what must be true of a machine after its first boot with a config: files with owner, mode and contents,
accounts, units, mounts, partitions, filesystems, arrays, volumes and kernel arguments. ignition test checks
exactly this if the config has no file of expectations. What cannot be derived is listed in a comment.

Save the output beside the config, as config.expect.yaml for config.ign, to change it. To add checks to it
instead, such as a port or a command, write a file that begins with `extends: config` and has only these.

Referenced configs are fetched as by ignition render. Password hashes and the contents of private files are
printed as checksums.
"""

EPILOG = """\
examples:
  ignition expect config.ign
  ignition expect config.ign -o config.expect.yaml
  ignition expect --format json --offline config.ign

exit status: 0 success, 1 invalid config or failed fetch, 2 usage error or unreadable file
"""
FORMATS = ("yaml", "json")


def build_parser() -> Parser:
    """The command-line parser, from which the manual page is generated, too."""
    parser = Parser(
        prog="ignition expect",
        usage="ignition expect [options] FILE",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="config, - for standard input")
    add("--format", choices=FORMATS, default="yaml", help="format of the output (default: yaml)")
    fetching.add_options(parser)
    add("-o", "--output", default="", metavar="FILE", help="output file (default: standard output)")
    return parser


def main(args: list[str]) -> int:
    """Exit status: 0 success, 1 invalid config or failed fetch, 2 usage error or unreadable file."""
    options = build_parser().parse_args(args)
    data, name = read_config(options.file)
    try:
        rendered = render(data, name, fetching.context(options))
    except Failure as failure:
        return print_failure(failure, data, name)
    print_findings(rendered.findings, data, name)

    from ignition.testbed.expectations import dump
    from ignition.testbed.expectations.derive import derive

    expectations = derive(rendered, name, data)
    printed = dump.to_json if options.format == "json" else dump.to_yaml
    write(printed(expectations), options.output)
    return 0
