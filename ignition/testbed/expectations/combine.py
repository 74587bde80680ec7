# SPDX-License-Identifier: Apache-2.0
"""Adds a file of expectations to what follows from the config."""

from __future__ import annotations

from ignition.testbed.expectations.model import Expectations


def extend(derived: Expectations, written: Expectations) -> Expectations:
    """`written` alone, or with `extends` both; what is written about an object replaces what is derived."""
    raise NotImplementedError
