# SPDX-License-Identifier: Apache-2.0
"""Units against what `systemctl show` said."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.testbed.expectations.model import Unit
from ignition.testbed.report import UNIT_STARTED, Report
from tests.support.judging import HERE, NOT_DECIDED, PASSED, checks_of, failed, statuses

ACTIVE = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running"}
INACTIVE = {"LoadState": "loaded", "ActiveState": "inactive", "SubState": "dead"}
UNITS = {
    "web.service": {
        **ACTIVE,
        "UnitFileState": "enabled",
        "ActiveEnterTimestampMonotonic": "42000000",
    },
    "static.service": {**ACTIVE, "UnitFileState": "static"},
    "off.service": {**INACTIVE, "UnitFileState": "disabled", "Result": "success"},
    "runtime.service": {**ACTIVE, "UnitFileState": "enabled-runtime"},
    "alias.service": {**ACTIVE, "UnitFileState": "alias"},
    "indirect.service": {**INACTIVE, "UnitFileState": "indirect"},
    "var.mount": {**ACTIVE, "SubState": "mounted", "UnitFileState": "generated"},
    "masked.service": {
        "LoadState": "masked",
        "ActiveState": "inactive",
        "SubState": "dead",
        "UnitFileState": "masked",
    },
    "once.service": {
        **INACTIVE,
        "Result": "success",
        "UnitFileState": "enabled",
        "ExecMainExitTimestampMonotonic": "41000000",
    },
    "forgotten.service": {**INACTIVE, "Result": "success", "ConditionResult": "no"},
    "bad.service": {
        "LoadState": "loaded",
        "ActiveState": "failed",
        "SubState": "failed",
        "Result": "exit-code",
        "ExecMainStatus": "3",
        "UnitFileState": "enabled",
    },
    "typo.service": {"LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead"},
    "applied.service": {"UnitFileState": "enabled", "LoadState": "loaded"},
    "template@.service": {"UnitFileState": "enabled"},
}
JOURNAL = [
    {"UNIT": "bad.service", "MESSAGE": "bad.service: Failed with result 'exit-code'."},
    {"UNIT": "forgotten.service", "MESSAGE": "Finished.", "MESSAGE_ID": UNIT_STARTED},
]
REPORT = Report(state="degraded", units=UNITS, journal=list(JOURNAL), reached=40.0)


def unit(name: str, **wanted: Any) -> Unit:
    return Unit(place=HERE, name=name, **wanted)


TRUE = [
    unit("web.service", exists=True, enabled=True, active=True, masked=False, failed=False),
    unit("web.service", active=True, within=2),
    unit("static.service", enabled=True),
    unit("static.service", enabled=False),
    unit("runtime.service", enabled=True),
    unit("alias.service", enabled=True),
    unit("indirect.service", enabled=True),
    unit("var.mount", enabled=True, active=True),
    unit("off.service", enabled=False, active=False, failed=False),
    unit("masked.service", exists=True, masked=True, enabled=False, active=False, failed=False),
    unit("once.service", enabled=True, failed=False, active=False),
    unit("bad.service", failed=True, active=False),
    unit("typo.service", exists=False),
    unit("typo.service", enabled=False, active=False),
    unit("template@.service", enabled=True),
]
FALSE = [
    (unit("web.service", exists=False), "exists", "not found", "present"),
    (unit("web.service", enabled=False), "enabled", "not enabled", "enabled"),
    (unit("off.service", enabled=True), "enabled", "enabled", "disabled"),
    (unit("masked.service", enabled=True), "enabled", "enabled", "masked"),
    (unit("masked.service", masked=False), "masked", "not masked", "masked"),
    (unit("web.service", masked=True), "masked", "masked", "enabled"),
    (unit("web.service", active=False), "active", "not active", "active (running)"),
    (unit("off.service", active=True), "active", "active", "inactive (dead)"),
    (
        unit("once.service", active=True, within=9),
        "active",
        "active within 9 s",
        "inactive (dead), result success",
    ),
    (
        unit("forgotten.service", active=True),
        "active",
        "active",
        "inactive (dead), result success",
    ),
    (
        unit("web.service", active=True, within=0.4),
        "active",
        "active within 0.4 s",
        "active after 2.0 s",
    ),
    (
        unit("bad.service", failed=False),
        "failed",
        "not failed",
        "failed (failed), result exit-code, status 3",
    ),
    (unit("web.service", failed=True), "failed", "failed", "active (running)"),
    (unit("typo.service", exists=True), "exists", "present", "not found"),
    (unit("typo.service", failed=False), "exists", "present", "not found"),
    (unit("typo.service", active=True), "exists", "present", "not found"),
    (unit("typo.service", enabled=True), "exists", "present", "not found"),
]


@pytest.mark.parametrize("item", TRUE, ids=str)
def test_what_is_so_passes(item: Unit) -> None:
    assert set(statuses(item, REPORT).values()) == {PASSED}


@pytest.mark.parametrize(("item", "prop", "expected", "found"), FALSE, ids=str)
def test_what_is_not_so_fails(item: Unit, prop: str, expected: str, found: str) -> None:
    check = failed(item, REPORT)
    assert (check.prop, check.expected, check.found) == (prop, expected, found)


def test_a_unit_that_was_not_reported_is_not_decided() -> None:
    item = unit("other.service", exists=True, enabled=True, active=True, masked=True, failed=False)
    found = statuses(item, REPORT)
    assert found == dict.fromkeys(("exists", "enabled", "active", "masked", "failed"), NOT_DECIDED)


def test_without_a_boot_only_the_files_of_a_unit_are_judged() -> None:
    item = unit(
        "applied.service", exists=True, enabled=True, masked=False, active=True, failed=False
    )
    assert statuses(item, REPORT) == {
        **dict.fromkeys(("exists", "enabled", "masked"), PASSED),
        **dict.fromkeys(("active", "failed"), NOT_DECIDED),
    }


def test_a_unit_that_ended_is_told_what_to_write() -> None:
    check = failed(unit("once.service", active=True), REPORT)
    assert "RemainAfterExit=yes" in check.detail
    assert "`failed: false`" in check.detail


def test_the_journal_of_a_failed_unit_is_shown() -> None:
    (check,) = checks_of(unit("bad.service", failed=False), REPORT)
    assert check.detail == "bad.service: Failed with result 'exit-code'."
