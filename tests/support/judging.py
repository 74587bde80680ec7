# SPDX-License-Identifier: Apache-2.0
"""Judges single expectations, for tests of `ignition.testbed.checks`."""

from __future__ import annotations

from ignition.base.origin import Origin
from ignition.testbed.checks import judge
from ignition.testbed.expectations.model import Expectation, Expectations
from ignition.testbed.report import Report
from ignition.testbed.results import Check, Status

HERE = Origin("web.expect.yaml", line=3, column=5)
PASSED, FAILED, NOT_DECIDED = Status.PASSED, Status.FAILED, Status.NOT_DECIDED


def checks_of(item: Expectation, report: Report) -> tuple[Check, ...]:
    return judge(Expectations("web.expect.yaml", items=(item,)), report)


def statuses(item: Expectation, report: Report) -> dict[str, Status]:
    """Property -> status. A property that is checked several times has its worst status."""
    order = (PASSED, NOT_DECIDED, FAILED)
    found: dict[str, Status] = {}
    for check in checks_of(item, report):
        found[check.prop] = max(found.get(check.prop, PASSED), check.status, key=order.index)
    return found


def failed(item: Expectation, report: Report) -> Check:
    """The only check that failed."""
    (check,) = (one for one in checks_of(item, report) if one.status is FAILED)
    return check
