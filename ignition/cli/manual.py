# SPDX-License-Identifier: Apache-2.0
"""Manual pages of the author's commands, made from the command lines that --help shows.

    python -m ignition.cli.manual [--check]

ignition(8) and ignition-validate(1) keep the original's command lines and are written by hand.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ignition.base import border
from ignition.cli import convert, lint, render
from ignition.cli.output import write_out

FOLDER = Path(__file__).parents[2] / "docs" / "man"
PARSERS = {"convert": convert.parser, "lint": lint.parser, "render": render.parser}
_TITLES = {
    "convert": "write an Ignition config in another spec version",
    "lint": "check Ignition configs and say where each finding stands",
    "render": "merge an Ignition config with all that it refers to",
}
_SEE = (
    "ignition(8), ignition-validate(1), ignition-lint(1), ignition-render(1), ignition-convert(1)"
)


def page(name: str) -> str:
    """The manual page of one command as roff."""
    parser = PARSERS[name]()
    return "\n".join(
        [
            f'.\\" Made from ignition/cli/{name}.py by `make generate`.',
            f".TH IGNITION\\-{name.upper()} 1",
            ".SH NAME",
            _escaped(f"ignition-{name} - {_TITLES[name]}").replace(" \\- ", " \\- ", 1),
            ".SH SYNOPSIS",
            f".B {_escaped(str(parser.usage).replace('%(prog)s', parser.prog))}",
            ".SH DESCRIPTION",
            _paragraphs(parser.description or ""),
            ".SH OPTIONS",
            *(_option(action) for action in _actions(parser)),
            *_sections(parser.epilog or ""),
            ".SH SEE ALSO",
            _escaped(_SEE),
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
        f"\\fB{_escaped(word)}\\fR" + (f" \\fI{_escaped(str(value))}\\fR" if value else "")
        for word in action.option_strings
    ] or [f"\\fI{_escaped(str(value))}\\fR"]
    return f".TP\n{', '.join(words)}\n{_escaped((action.help or '').replace('%%', '%'))}"


def _sections(epilog: str) -> list[str]:
    """The text below the options: paragraphs, `examples:` with lines as they are, `exit status:`."""
    out = [".SH NOTES"]
    for block in epilog.strip().split("\n\n"):
        head, colon, rest = block.partition(":")
        if colon and head in ("examples", "exit status"):
            out.append(f".SH {head.upper()}")
            if head == "examples":
                lines = [_escaped(line.strip()) for line in rest.strip().split("\n")]
                out += [".nf", *lines, ".fi"]
            else:
                out.append(_paragraphs(rest))
        else:
            out += [".PP", _paragraphs(block)]
    return out


def _paragraphs(text: str) -> str:
    """Text whose lines may be filled; one sentence's end is no line's end here."""
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def main(argv: list[str]) -> int:
    """Writes the pages; with --check, 1 if any differs."""
    parser = argparse.ArgumentParser(prog="manual", description="Write the manual pages.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if they differ")
    options = parser.parse_args(argv)
    status = 0
    for name in PARSERS:
        path = FOLDER / f"ignition-{name}.1"
        if path.exists() and path.read_text() == page(name):
            continue
        if options.check:
            write_out(f"{path.name} is not what the command line says: run `make generate`\n")
            status = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page(name))
    return status


if __name__ == "__main__":
    sys.exit(border.run("manual", lambda: main(sys.argv[1:])))
