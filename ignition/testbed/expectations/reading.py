# SPDX-License-Identifier: Apache-2.0
"""Reads an expectations file: YAML or JSON, checked against schemas/testing/expectations.json."""

from __future__ import annotations

from ignition.testbed.expectations.model import Expectations


def load(path: str, data: bytes) -> Expectations:
    """The expectations in a file. `path` is its name in messages.

    InvalidConfig (IGN8101) with all findings, each with line and column, if anything is wrong with it.
    """
    raise NotImplementedError
