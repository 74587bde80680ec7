# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/ that are made from code: rules, all codes, the reference of the config.

    python -m ignition.lint.pages [--check]

`ignition lint --explain` shows the same pages of rules.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path

from ignition.base import border, streams
from ignition.base.errors import Failure
from ignition.config.convert import NEWEST_STABLE
from ignition.lint import config_page
from ignition.lint.engine_codes import AREAS, CODES
from ignition.lint.registry import RULES, RuleDoc
from ignition.lint.selection import near

DOCS = Path(__file__).parents[2] / "docs"
_MADE = "<!-- Made by `make generate`. -->\n"


def explain(word: str) -> str:
    """The page of a rule, or what is known of another code. Failure (IGN6302) if there is none."""
    code = word.upper()
    if code in CODES:
        happened, remedy = CODES[code]
        return f"# {code}\n\n{happened}\n\nWhat to do: {remedy}\n"
    found = [doc for doc in RULES.values() if code == doc.code or word == doc.name]
    if not found:
        text = f"{word!r} is neither a code nor the name of a rule"
        raise Failure("IGN6302", text, hint=near(word, {c: doc.name for c, doc in RULES.items()}))
    return "\n".join(rule_page(doc) for doc in found)


def rule_page(doc: RuleDoc) -> str:
    """One rule as Markdown."""
    since = "" if doc.since == "3.0.0" else f", from spec {doc.since} on"
    remedy = f"\nWhat to do: {doc.hint}.\n" if doc.hint else ""
    return (
        f"# {doc.code}: {doc.title}\n\n`{doc.name}`, {doc.severity}{since}\n\n"
        f"{textwrap.fill(doc.text, 110)}\n{remedy}"
    )


def rules_index() -> str:
    """docs/rules/README.md."""
    rows = "".join(
        f"| [{code}]({code}.md) | `{doc.name}` | {doc.severity} | {_cell(doc.title)} |\n"
        for code, doc in sorted(RULES.items())
    )
    return (
        f"# Rules\n\n{_MADE}\n"
        "What `ignition lint` can say about a config. Errors of IGN10 to IGN17 make the engine refuse it.\n"
        "`ignition lint --explain CODE` shows a page in the terminal.\n\n"
        f"| code | name | severity | what is wrong |\n|---|---|---|---|\n{rows}"
    )


def codes_page() -> str:
    """docs/codes.md: every code of the project."""
    sections = []
    for area, title in AREAS.items():
        rows = [
            f"| {code} | {_cell(happened)} | {_cell(remedy)} |\n"
            for code, (happened, remedy) in sorted(CODES.items())
            if code.startswith(area)
        ]
        sections.append(
            f"## {area.ljust(7, 'x')}: {title}\n\n| code | what happened | what to do |\n|---|---|---|\n"
            + "".join(rows)
        )
    rules = "".join(
        f"| [{code}](rules/{code}.md) | {_cell(doc.title)} |\n"
        for code, doc in sorted(RULES.items())
    )
    return (
        f"# Codes\n\n{_MADE}\n"
        "Each failure has a code that stays the same, and each code one cause. The console, the journal and\n"
        "`/run/ignition/failure` show it with the part of the config that it concerns.\n\n"
        "## IGN1xxx: Configs\n\nWhat each is about and how to mend it is on its page.\n\n"
        f"| code | what is wrong |\n|---|---|\n{rules}\n" + "\n".join(sections)
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def outputs() -> dict[Path, str]:
    """All pages by path."""
    made = {DOCS / "rules" / f"{code}.md": rule_page(doc) for code, doc in RULES.items()}
    made[DOCS / "rules" / "README.md"] = rules_index()
    made[DOCS / "codes.md"] = codes_page()
    made[DOCS / "config.md"] = config_page.page(NEWEST_STABLE)
    return made


def main(argv: list[str]) -> int:
    """Writes the pages, and takes those of rules away that are no more. With --check, 1 if any differs."""
    parser = argparse.ArgumentParser(prog="pages", description="Write the pages made from code.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if they differ")
    options = parser.parse_args(argv)
    made = outputs()
    stale = [path for path in (DOCS / "rules").glob("*.md") if path not in made]
    wrong = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    if options.check:
        for path in stale + wrong:
            streams.write(
                streams.OUTPUT,
                f"{path.relative_to(DOCS.parent)} is not what the code gives: run `make generate`\n",
            )
        return int(bool(stale or wrong))
    for path in stale:
        path.unlink()
    for path in wrong:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path])
    return 0


if __name__ == "__main__":
    sys.exit(border.run("pages", lambda: main(sys.argv[1:])))
