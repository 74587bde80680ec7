# SPDX-License-Identifier: Apache-2.0
"""Writes expectations as YAML or JSON that `reading.load` reads."""

from __future__ import annotations

from ignition.testbed.expectations.model import Expectations


def to_yaml(expectations: Expectations) -> str:
    """A commented expectations file."""
    raise NotImplementedError


def to_json(expectations: Expectations) -> str:
    """The same as JSON, without comments."""
    raise NotImplementedError
