# SPDX-License-Identifier: Apache-2.0
"""Disks and times of a boot as the pictures of a result page need them."""

from __future__ import annotations

from ignition.testbed.report import Report
from ignition.testbed.results import DiskView, StepTime


def disk_views(report: Report) -> tuple[DiskView, ...]:
    """The disks of the machine; none if they were not collected."""
    raise NotImplementedError


def step_times(report: Report) -> tuple[StepTime, ...]:
    """The phases, and the steps of each if the engine left its report."""
    raise NotImplementedError
