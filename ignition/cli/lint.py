# SPDX-License-Identifier: Apache-2.0
"""`ignition lint FILE...`: what is wrong with configs, where, and what to do about it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

from ignition.base.finding import ERROR, WARNING, Finding
from ignition.base.origin import Origin
from ignition.cli.validate import read
from ignition.config.check import check

_DESCRIPTION = """\
Checks configs as a first boot would, every rule of the spec version that each names, and says
where each finding stands. Nothing is fetched: configs that a config refers to are not checked.
"""

_EPILOG = """\
A folder stands for the *.ign files in it, and - for standard input.

examples:
  ignition lint config.ign
  ignition lint --strict configs/
  butane --strict web.bu | ignition lint -

exit status: 0 no errors, 1 errors (with --strict also warnings), 2 wrong use or unreadable file
"""

_COLOURS = {ERROR: "\x1b[1;31m", WARNING: "\x1b[1;35m", "hint": "\x1b[36m", "dim": "\x1b[2m"}
_PLAIN = "\x1b[0m"
# Wider lines are cut around the finding: a data URL may be a megabyte long.
_WIDTH = 100


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ignition lint",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="config, folder of configs, or -")
    parser.add_argument("--strict", action="store_true", help="count warnings as errors")
    return parser


def main(words: list[str]) -> int:
    """Exit status: 0 no errors, 1 errors, 2 wrong use or an unreadable file."""
    options = _parser().parse_args(words)
    paint = _Paint(sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    counts = {ERROR: 0, WARNING: 0}
    unreadable = 0
    files = 0
    for path in _paths(options.files):
        files += 1
        try:
            data = read(path)
        except OSError as error:
            sys.stderr.write(f"ignition lint: {path}: {error.strerror}\n")
            unreadable += 1
            continue
        for finding in findings_of(data, "standard input" if path == "-" else path):
            counts[finding.severity] = counts.get(finding.severity, 0) + 1
            sys.stdout.write(show(finding, data, paint))
    if not files:
        sys.stderr.write("ignition lint: no *.ign files there\n")
        return 2
    sys.stdout.write(_summary(files - unreadable, counts))
    if unreadable:
        return 2
    return 1 if counts[ERROR] or (options.strict and counts[WARNING]) else 0


def _paths(names: list[str]) -> Iterator[str]:
    for name in names:
        if os.path.isdir(name):
            for folder, folders, files in os.walk(name):
                folders.sort()
                yield from (
                    os.path.join(folder, file) for file in sorted(files) if file.endswith(".ign")
                )
        else:
            yield name


def findings_of(data: bytes, source: str) -> list[Finding]:
    """All findings, one for a refusal that the original has no finding for (empty, unknown version) too."""
    checked = check(data, source)
    findings = list(checked.findings)
    failure = checked.failure
    if failure is not None and not any(finding.severity == ERROR for finding in findings):
        origin = failure.origin or Origin(source)
        findings.append(Finding(failure.code, ERROR, failure.text, origin, failure.hint))
    return findings


class _Paint:
    """Colours on a terminal, nothing elsewhere."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def __call__(self, what: str, text: str) -> str:
        return f"{_COLOURS[what]}{text}{_PLAIN}" if self._on and what in _COLOURS else text


def show(finding: Finding, data: bytes, paint: _Paint) -> str:
    """A finding as text: place, severity and code, message, the line that it is about, the hint."""
    origin = finding.origin
    place = f"{origin.source}:{origin.line}:{origin.column}" if origin.line else origin.source
    severity = paint(finding.severity, f"{finding.severity} {finding.code}")
    lines = [f"{place}: {severity}: {finding.message}"]
    if origin.pointer:
        lines.append(paint("dim", f"    at {origin.pointer}"))
    if origin.line:
        lines += _excerpt(data, origin.line, origin.column, paint, finding.severity)
    if finding.hint:
        lines.append("    " + paint("hint", "hint: ") + finding.hint)
    return "\n".join(lines) + "\n"


def _excerpt(data: bytes, line: int, column: int, paint: _Paint, severity: str) -> list[str]:
    """The line with a mark below the column. Columns count bytes; the mark must count characters."""
    rows = data.split(b"\n", line)
    if line > len(rows):
        return []
    row = rows[line - 1].rstrip(b"\r")
    before = row[: column - 1].decode("utf-8", "replace")
    after = row[column - 1 :].decode("utf-8", "replace")
    if len(before) > _WIDTH // 2:
        before = "..." + before[-_WIDTH // 2 :]
    if len(before) + len(after) > _WIDTH:
        after = after[: _WIDTH - len(before)] + "..."
    shown = "".join(c if c.isprintable() else " " for c in before + after)
    number = f"{line:>6} | "
    return [
        paint("dim", number) + shown,
        paint("dim", " " * 6 + " | ") + " " * len(before) + paint(severity, "^"),
    ]


def _summary(files: int, counts: dict[str, int]) -> str:
    def some(count: int, what: str) -> str:
        return f"{count} {what}{'' if count == 1 else 's'}"

    if not counts[ERROR] and not counts[WARNING]:
        return f"{some(files, 'config')}: no findings\n"
    return f"{some(files, 'config')}: {some(counts[ERROR], 'error')}, {some(counts[WARNING], 'warning')}\n"
