# SPDX-License-Identifier: Apache-2.0
"""Generates pages of docs/: the lint rules, the list of codes, the config reference."""

from __future__ import annotations

from pathlib import Path

from ignition.base.codes import AREAS, CODES
from ignition.config.convert import NEWEST_STABLE
from ignition.lint.explain import rule_page
from ignition.lint.registry import RULES
from tools import config_reference

DOCS = Path(__file__).parents[1] / "docs"
_MADE = "<!-- Made by `make generate`. -->\n"


def outputs() -> dict[Path, str | None]:
    """Path -> Markdown; None for the page of a rule that was removed."""
    pages: dict[Path, str | None] = dict.fromkeys((DOCS / "rules").glob("*.md"))
    pages |= {DOCS / "rules" / f"{code}.md": rule_page(doc) for code, doc in RULES.items()}
    pages[DOCS / "rules" / "README.md"] = rules_index()
    pages[DOCS / "codes.md"] = codes_page()
    pages[DOCS / "config.md"] = config_reference.page(NEWEST_STABLE)
    return pages


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
