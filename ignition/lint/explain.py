# SPDX-License-Identifier: Apache-2.0
"""The documentation of one code, for `ignition lint --explain` and docs/rules."""

from __future__ import annotations

import textwrap

from ignition.base.codes import CODES
from ignition.base.errors import Failure
from ignition.lint.registry import RULES, RuleDoc
from ignition.lint.selection import suggest


def explain(word: str) -> str:
    """The page of a rule, named by code or name, or the entry of another code.

    Failure (IGN6302) if there is none.
    """
    code = word.upper()
    if code in CODES:
        happened, remedy = CODES[code]
        return f"# {code}\n\n{happened}\n\nWhat to do: {remedy}\n"
    found = [doc for doc in RULES.values() if code == doc.code or word == doc.name]
    if not found:
        text = f"unknown rule or code {word!r}"
        raise Failure(
            "IGN6302", text, hint=suggest(word, {c: doc.name for c, doc in RULES.items()})
        )
    return "\n".join(rule_page(doc) for doc in found)


def rule_page(doc: RuleDoc) -> str:
    """One rule as Markdown."""
    since = "" if doc.since == "3.0.0" else f", from spec {doc.since} on"
    remedy = f"\nWhat to do: {doc.hint}.\n" if doc.hint else ""
    return (
        f"# {doc.code}: {doc.title}\n\n`{doc.name}`, {doc.severity}{since}\n\n"
        f"{textwrap.fill(doc.text, 110, break_on_hyphens=False)}\n{remedy}"
    )
