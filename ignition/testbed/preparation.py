# SPDX-License-Identifier: Apache-2.0
"""What is done with a config before a guest starts: check it, render it, find out what to expect."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from ignition.acquisition.rendered import Rendered, render
from ignition.base.errors import EmptyConfig, Failure, InvalidConfig
from ignition.base.finding import INFO, Finding
from ignition.base.log import Log
from ignition.base.origin import Origin
from ignition.base.settings import Settings
from ignition.lint.finding import LintFinding
from ignition.lint.refusals import is_refusal
from ignition.lint.run import lint
from ignition.resource.context import FetchContext
from ignition.testbed.cases import Case, cause_of
from ignition.testbed.expectations import combine, derive, reading
from ignition.testbed.expectations.model import Expectations
from ignition.testbed.inputs import read_input
from ignition.testbed.results import Cause

FETCH_TIMEOUT = 10
"""Seconds for a referenced config. The machine fetches it by itself; here it only tells what to expect."""


@dataclass(frozen=True)
class Prepared:
    """A config, looked at.

    findings      errors and warnings of lint
    refusal       why a boot would refuse the config; None if it would not
    rendered      the config with its references, as far as they could be fetched; None if there is no config
    expectations  what the machine must be like
    notes         what could not be found out
    """

    findings: tuple[Finding, ...]
    refusal: Cause | None
    rendered: Rendered | None
    expectations: Expectations
    notes: tuple[str, ...] = ()


def prepare(case: Case, *, strict: bool = False, second_boot: bool = False) -> Prepared:
    """Looks at a case without starting anything. Failure if its expectations cannot be read."""
    written = _read_expectations(case.expectations)
    found = lint(case.data, case.config, platform=case.platform) if case.data else []
    refusal = _refusal(found)
    rendered: Rendered | None = None
    notes: list[str] = []
    if refusal is None:
        try:
            rendered, notes = _render(case)
        except InvalidConfig as failure:
            refusal = cause_of(failure)
    if refusal is None and strict:
        refusal = _strict_refusal(found)
    expectations = (
        derive.derive(rendered, case.config, case.data)
        if rendered is not None
        else Expectations(case.config, derived=True)
    )
    if written is not None:
        expectations = combine.extend(expectations, written)
    if second_boot and expectations.second_boot is None:
        expectations = replace(expectations, second_boot=Origin(case.config))
    return Prepared(
        tuple(_plain(each) for each in found if each.severity != INFO),
        refusal,
        rendered,
        expectations,
        (*notes, *expectations.notes),
    )


@cache
def _load_expectations(path: Path) -> Expectations:
    try:
        data = read_input(str(path))
    except OSError as error:
        raise Failure(
            "IGN8401",
            f"cannot read the expectations in {path}: {error.strerror or error}",
            hint="name a readable file with --expect, or leave it out to derive them from the config",
        ) from error
    return reading.load(str(path), data)


def _read_expectations(path: Path | None) -> Expectations | None:
    return None if path is None else _load_expectations(path)


def _refusal(found: list[LintFinding]) -> Cause | None:
    """The first finding for which a boot refuses the config."""
    for each in found:
        if is_refusal(each):
            return Cause(each.code, each.message, each.hint, each.origin)
    return None


def _strict_refusal(found: list[LintFinding]) -> Cause | None:
    for each in found:
        if each.severity != INFO:
            hint = each.hint or "correct it, or leave out --strict"
            return Cause(each.code, each.message, hint, each.origin)
    return None


def _render(case: Case) -> tuple[Rendered | None, list[str]]:
    """The rendered config. One without its references if they cannot be fetched from here."""
    if not case.data:
        return None, []
    try:
        return render(case.data, case.config, _context()), []
    except (InvalidConfig, EmptyConfig):
        raise
    except Failure as failure:
        note = (
            "nothing is derived from the configs that this one references, because they cannot be fetched"
            f" from here: {failure.text}"
        )
        alone = _without_references(case.data)
        return render(alone, case.config, _context(offline=True)), [note]


def _context(*, offline: bool = False) -> FetchContext:
    settings = Settings()
    settings.wait_fetch = FETCH_TIMEOUT
    return FetchContext(settings, Log(lambda _level, _text: None), offline=offline)


def _without_references(data: bytes) -> bytes:
    """A valid config without `ignition.config`. Lines and columns are not those of the file."""
    value = json.loads(data)
    value["ignition"].pop("config", None)
    return json.dumps(value).encode()


def _plain(finding: LintFinding) -> Finding:
    return Finding(finding.code, finding.severity, finding.message, finding.origin, finding.hint)
