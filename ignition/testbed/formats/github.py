# SPDX-License-Identifier: Apache-2.0
"""Results as github."""

from __future__ import annotations

from ignition.testbed.formats.words import summary
from ignition.testbed.results import RunResult


def write(run: RunResult) -> str:
    return summary(run) + "\n"
