# SPDX-License-Identifier: Apache-2.0
"""`ignition-validate`: validates one config. Flags, messages and exit statuses are Ignition's."""

from __future__ import annotations

from ignition.base import streams
from ignition.base.finding import ERROR
from ignition.base.printable import printable
from ignition.cli.output import write_stdout
from ignition.config.check import check
from ignition.lint.batch import read_file

USAGE = """\
Usage:
  ignition-validate [flags] config.ign

  config.ign may be "-" for standard input.

Flags:
  -version    print the version and exit
"""


def main(args: list[str]) -> int:
    """Exit status: 0 valid, 1 invalid, unreadable or not exactly one file, 2 unknown flag."""
    while args and args[0].startswith("-") and args[0] != "-":
        name = args.pop(0)
        if name == "--":
            break
        if name in ("-version", "--version"):
            from ignition.cli import version

            return version.main([])
        if name in ("-h", "-help", "--help"):
            from ignition.cli import compat

            streams.print_error(compat.fit_to_terminal(USAGE))
            return 0
        flag = name.removeprefix("-").removeprefix("-").partition("=")[0]
        from ignition.cli.advice import did_you_mean

        suggestion = did_you_mean(flag, ("version", "help"), "-")
        streams.print_error(
            f"flag provided but not defined: -{printable(flag)}\n{suggestion and suggestion + chr(10)}{USAGE}"
        )
        return 2
    if len(args) != 1:
        streams.print_error(USAGE)
        return 1
    try:
        data = read_file(args[0])
    except OSError as error:
        streams.print_error(f"couldn't read config: {printable(args[0])}: {error.strerror}\n")
        return 1
    checked = check(data, args[0])
    write_stdout("".join(f"{printable(str(finding))}\n" for finding in checked.findings))
    if any(finding.severity == ERROR for finding in checked.findings):
        return 1
    if checked.refusal:
        streams.print_error(f"couldn't parse config: {printable(checked.refusal)}\n")
        return 1
    return 0
