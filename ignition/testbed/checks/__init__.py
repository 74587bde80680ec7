# SPDX-License-Identifier: Apache-2.0
"""The judgement on a machine: expectations against the facts of its report."""

from __future__ import annotations

from ignition.base.origin import Origin
from ignition.testbed.expectations.model import Expectations, ExpectedFailure
from ignition.testbed.report import Report
from ignition.testbed.results import Check


def judge(expectations: Expectations, report: Report) -> tuple[Check, ...]:
    """A check for each property that is expected, in the order of the expectations."""
    raise NotImplementedError


def unchanged(first: Report, second: Report, place: Origin) -> tuple[Check, ...]:
    """That the second boot provisioned nothing and changed nothing that the first one had made."""
    raise NotImplementedError


def failure(
    expected: ExpectedFailure, found_phase: str, found_code: str, found_text: str
) -> tuple[Check, ...]:
    """Whether provisioning failed as expected. All three are "" if it did not fail."""
    raise NotImplementedError
