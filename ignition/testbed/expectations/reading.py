# SPDX-License-Identifier: Apache-2.0
"""Reads an expectations file: YAML or JSON, checked against schemas/testing/expectations.json."""

from __future__ import annotations

from ignition.base.errors import InvalidConfig
from ignition.base.origin import Origin
from ignition.testbed.expectations import contradictions, schema
from ignition.testbed.expectations.build import build
from ignition.testbed.expectations.document import Document, parse
from ignition.testbed.expectations.model import Expectations
from ignition.testbed.expectations.problems import INVALID, Problems


def load(path: str, data: bytes) -> Expectations:
    """The expectations in a file. `path` is its name in messages.

    InvalidConfig (IGN8101) with all findings, each with line and column, if anything is wrong with it.
    """
    problems = Problems(path)
    document = parse(data, problems)
    expectations = check(document, problems) if document is not None else None
    if expectations is not None:
        contradictions.check(expectations.items, problems)
    if expectations is None or problems:
        raise _invalid(problems)
    return expectations


def check(document: Document, problems: Problems) -> Expectations | None:
    """The expectations of a document; None if a problem was found in it, or while it was parsed."""
    schema.check(document, problems)
    found = None if problems else build(document, problems)
    return None if problems else found


def _invalid(problems: Problems) -> InvalidConfig:
    findings = problems.findings
    return InvalidConfig(
        INVALID,
        f"{problems.source} is not a valid expectations file",
        findings[0].origin if findings else Origin(problems.source),
        hint="docs/expectations.md describes the format",
        findings=findings,
    )
