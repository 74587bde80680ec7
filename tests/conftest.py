# SPDX-License-Identifier: Apache-2.0
"""For all tests: with CI=true a skip is a failure, so that nothing passes by not running."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

STRICT = os.environ.get("CI", "").lower() in ("1", "true", "yes")
Report = pytest.TestReport | pytest.CollectReport


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> Generator[None, None, None]:
    _no_skip(report)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collectreport(report: pytest.CollectReport) -> Generator[None, None, None]:
    _no_skip(report)
    return (yield)


def _no_skip(report: Report) -> None:
    if STRICT and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {reason}"
