# SPDX-License-Identifier: Apache-2.0
"""`ignition lint FILE...`: checks configs."""

from __future__ import annotations

import argparse
import os

from ignition.base import entrypoint, streams
from ignition.base.errors import Failure
from ignition.base.finding import ERROR, INFO, WARNING
from ignition.cli.inputs import expand_paths
from ignition.cli.output import write_stdout
from ignition.cli.parser import Parser
from ignition.lint.batch import Job, lint_files
from ignition.lint.formats import FORMATS, load_writer
from ignition.lint.formats.text import Text, summary
from ignition.lint.project import Project, Projects
from ignition.lint.result import LintResult
from ignition.lint.selection import Selection, parse_severity, resolve, resolve_all

DESCRIPTION = """\
Validates configs against their spec version as a first boot would, and warns about valid settings that are
probably mistakes. Each finding has a location and a hint. Nothing is fetched: of the referenced configs, only
those in data URLs are checked.
"""

EPILOG = """\
FILE is a config, a directory (all *.ign files in and below it), a quoted glob pattern, or - for standard
input. RULE is a code (IGN1806), a code prefix (IGN18) or a name (unused-key). Errors for which the engine
refuses a config cannot be disabled.

The file .ignition-lint.toml in the directory of a config, or in the nearest parent directory, may set
platform, strict, select, ignore and a table severity. Flags take precedence.

examples:
  ignition lint config.ign
  ignition lint --strict --platform aws configs/
  ignition lint --format sarif 'configs/**/*.ign' > lint.sarif
  butane --strict web.bu | ignition lint -
  ignition lint --explain IGN1403

exit status: 0 no errors, 1 errors (with --strict also warnings), 2 usage error or unreadable file
"""


def build_parser() -> Parser:
    """The command-line parser, from which the manual page is generated, too."""
    parser = Parser(
        prog="ignition lint",
        usage="ignition lint [options] FILE...",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "files",
        nargs="*",
        metavar="FILE",
        help="config, directory, glob pattern, or - for standard input",
    )
    add("--strict", action="store_true", help="treat warnings as errors")
    add("--format", choices=FORMATS, default="text", help="output format (default: text)")
    add(
        "--select",
        action="append",
        metavar="RULES",
        help="enable only these rules, separated by commas; may be repeated",
    )
    add("--ignore", action="append", metavar="RULES", help="disable these rules; may be repeated")
    add(
        "--severity",
        action="append",
        metavar="RULE=LEVEL",
        help="set the severity of a rule to error, warning, info or off; may be repeated",
    )
    add("--platform", metavar="ID", help="also check the user data limit of this platform")
    add(
        "--systemd-verify",
        action="store_true",
        help="also run systemd-analyze verify on units, if installed",
    )
    add("--no-config", action="store_true", help="ignore .ignition-lint.toml files")
    add("--explain", metavar="RULE", help="show the documentation of a rule or error code")
    return parser


def main(args: list[str]) -> int:
    """Exit status: 0 no errors, 1 errors, 2 usage error or unreadable file."""
    parser = build_parser()
    options = parser.parse_args(args)
    if not options.files and options.explain is None:
        parser.error("name at least one FILE")
    try:
        if options.explain is not None:
            from ignition.lint.explain import explain

            write_stdout(explain(options.explain))
            return 0
        jobs = _jobs(options)
    except Failure as failure:
        failure.exit_status = 2
        raise
    return _lint(jobs, options.format)


def _jobs(options: argparse.Namespace) -> list[Job]:
    """One job per config, with the settings of its project and the flags."""
    flags = _selection(options)
    platform = options.platform or ""
    projects = Projects(_names)
    jobs = []
    for path in expand_paths(options.files):
        directory = "" if path == "-" else os.path.dirname(path)
        project = Project() if options.no_config else projects.lookup(directory)
        jobs.append(
            Job(
                path,
                flags.merged_over(project.selection),
                _platform(platform or project.platform),
                options.systemd_verify,
                options.strict or project.strict,
            )
        )
    return jobs


def _selection(options: argparse.Namespace) -> Selection:
    if not (options.select or options.ignore or options.severity):
        return Selection()
    names = _names()
    pairs = []
    for word in options.severity or ():
        rule, equals, level = word.partition("=")
        if not equals:
            raise Failure("IGN6303", f"no severity in {word!r}", hint="write RULE=LEVEL")
        pairs += [(code, parse_severity(level)) for code in resolve(rule, names)]
    return Selection(
        resolve_all(_split(options.select), names),
        resolve_all(_split(options.ignore), names),
        tuple(pairs),
    )


def _split(given: list[str] | None) -> list[str]:
    return [word.strip() for words in given or () for word in words.split(",") if word.strip()]


def _names() -> dict[str, str]:
    from ignition.lint.registry import RULES

    return {code: doc.name for code, doc in RULES.items()}


def _platform(name: str) -> str:
    """Checks a platform id; "" is none. Failure (IGN6305) if it is unknown."""
    if not name:
        return ""
    from ignition import providers

    if name not in providers.platform_ids():
        known = ", ".join(providers.platform_ids())
        raise Failure("IGN6305", f"unknown platform {name!r}", hint=f"use one of {known}")
    return name


def _lint(jobs: list[Job], form: str) -> int:
    counts = {ERROR: 0, WARNING: 0, INFO: 0}
    text = Text(os.isatty(streams.STDOUT) and not os.environ.get("NO_COLOR"))
    done: list[LintResult] = []
    unreadable, failed = 0, 0
    for each in lint_files(jobs):
        unreadable += each.unreadable
        failed += bool(each.failures)
        if form != "text":
            done.append(each)
        elif each.unreadable:
            (why,) = each.findings
            entrypoint.print_failure("ignition", Failure(why.code, why.message, hint=why.hint))
        else:
            write_stdout(text.file(each))
            for finding in each.findings:
                counts[finding.severity] += 1
    if form != "text":
        write_stdout(load_writer(form)(done))
    elif unreadable < len(jobs):
        strictly = bool(failed > unreadable and not counts[ERROR])
        write_stdout(summary(len(jobs) - unreadable, counts, strict=strictly))
    return 2 if unreadable else int(failed > 0)
