# SPDX-License-Identifier: Apache-2.0
"""Generates manual pages for the authors' commands from their argparse parsers.

ignition(8) and ignition-validate(1), whose command lines are Ignition's, are written by hand.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ignition.cli import apply, convert, diff, expect, lint, render, test, why
from tools.manual_sections import Section, sections

FOLDER = Path(__file__).parents[1] / "docs" / "man"
PARSERS = {
    "apply": apply.build_parser,
    "convert": convert.build_parser,
    "diff": diff.build_parser,
    "expect": expect.build_parser,
    "lint": lint.build_parser,
    "render": render.build_parser,
    "test": test.build_parser,
    "why": why.build_parser,
}
_TITLES = {
    "apply": "apply Ignition configs to a container, an image or a chroot",
    "convert": "write an Ignition config in another spec version",
    "diff": "compare two Ignition configs by what a machine would get",
    "expect": "print what an Ignition config promises about the machine",
    "lint": "check Ignition configs and report findings with their positions",
    "render": "merge an Ignition config with all configs that it references",
    "test": "boot Ignition configs in QEMU and check the machines",
    "why": "show which Ignition config gives something its content",
}
_SEE = (
    "ignition(8), ignition-validate(1), ignition-lint(1), ignition-render(1), ignition-convert(1),"
    " ignition-test(1), ignition-expect(1), ignition-why(1),"
    " ignition-diff(1), ignition-apply(1)"
)


def outputs() -> dict[Path, str]:
    """Path -> roff."""
    return {FOLDER / f"ignition-{name}.1": page(name) for name in PARSERS}


def page(name: str) -> str:
    """The manual page of one command as roff."""
    parser = PARSERS[name]()
    return "\n".join(
        [
            f'.\\" Made from ignition/cli/{name}.py by `make generate`.',
            f".TH IGNITION\\-{name.upper()} 1",
            ".SH NAME",
            _escape(f"ignition-{name} - {_TITLES[name]}").replace(" \\- ", " \\- ", 1),
            ".SH SYNOPSIS",
            f".B {_escape(str(parser.usage).replace('%(prog)s', parser.prog))}",
            ".SH DESCRIPTION",
            _paragraphs(parser.description or ""),
            ".SH OPTIONS",
            *(_option(action) for action in _actions(parser)),
            *_sections(parser.epilog or ""),
            *(line for section in sections(name) for line in _own_section(section)),
            ".SH SEE ALSO",
            _escape(_SEE),
            "",
        ]
    )


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.help != argparse.SUPPRESS]


def _option(action: argparse.Action) -> str:
    value = action.metavar
    if action.choices is not None:
        value = "|".join(map(str, action.choices))
    words = [
        f"\\fB{_escape(word)}\\fR" + (f" \\fI{_escape(str(value))}\\fR" if value else "")
        for word in action.option_strings
    ] or [f"\\fI{_escape(str(value))}\\fR"]
    return f".TP\n{', '.join(words)}\n{_escape((action.help or '').replace('%%', '%'))}"


def _sections(epilog: str) -> list[str]:
    """The text below the options: paragraphs, `examples:` with lines as they are, `exit status:`."""
    out = [".SH NOTES"]
    for block in epilog.strip().split("\n\n"):
        head, colon, rest = block.partition(":")
        if colon and head in ("examples", "exit status"):
            out.append(f".SH {head.upper()}")
            if head == "examples":
                lines = [_escape(line.strip()) for line in rest.strip().split("\n")]
                out += [".nf", *lines, ".fi"]
            else:
                out.append(_paragraphs(rest))
        else:
            out += [".PP", _paragraphs(block)]
    return out


def _own_section(section: Section) -> list[str]:
    rows = [f".TP\n\\fB{_escape(term)}\\fR\n{_escape(text)}" for term, text in section.rows]
    return [f".SH {section.heading}", *([_paragraphs(section.text)] if section.text else []), *rows]


def _paragraphs(text: str) -> str:
    """Text whose lines may be filled; one sentence's end is no line's end here."""
    return _escape(" ".join(text.split()))


def _escape(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text
