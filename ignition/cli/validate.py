# SPDX-License-Identifier: Apache-2.0
"""`ignition-validate`: the original's validator, flag for flag (engine-run 1.6)."""

from __future__ import annotations

import sys

import ignition
from ignition.base.finding import ERROR
from ignition.config.check import check
from ignition.lint.batch import read

USAGE = """\
Usage:
  ignition-validate [flags] config.ign

  config.ign may be "-" for standard input.

Flags:
  -version    print the version and exit
"""


def main(words: list[str]) -> int:
    """Exit status 0 valid, 1 invalid or unreadable or wrong number of files, 2 unknown flag."""
    while words and words[0].startswith("-") and words[0] != "-":
        name = words.pop(0)
        if name == "--":
            break
        if name in ("-version", "--version"):
            print(f"Ignition {ignition.__version__}")
            return 0
        if name in ("-h", "-help", "--help"):
            sys.stderr.write(USAGE)
            return 0
        flag = name.removeprefix("-").removeprefix("-").partition("=")[0]
        sys.stderr.write(f"flag provided but not defined: -{flag}\n{USAGE}")
        return 2
    if len(words) != 1:
        sys.stderr.write(USAGE)
        return 1
    try:
        data = read(words[0])
    except OSError as error:
        sys.stderr.write(f"couldn't read config: {words[0]}: {error.strerror}\n")
        return 1
    checked = check(data, words[0])
    for finding in checked.findings:
        print(finding)
    if any(finding.severity == ERROR for finding in checked.findings):
        return 1
    if checked.refusal:
        sys.stderr.write(f"couldn't parse config: {checked.refusal}\n")
        return 1
    return 0
