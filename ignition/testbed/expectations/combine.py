# SPDX-License-Identifier: Apache-2.0
"""Adds a file of expectations to what follows from the config."""

from __future__ import annotations

import dataclasses

from ignition.testbed.expectations import model
from ignition.testbed.expectations.model import Expectation, Expectations
from ignition.testbed.expectations.sections import subject_of


def extend(derived: Expectations, written: Expectations) -> Expectations:
    """`written` alone; with `extends: config` both.

    What is written about an object replaces all that is derived about it, so that an author can correct it.
    A path is one object, whether it is a file, a directory or a link.
    """
    if not written.extends:
        return written
    replaced = {_object(item) for item in written.items}
    kept = tuple(item for item in derived.items if _object(item) not in replaced)
    return dataclasses.replace(written, items=kept + written.items, notes=derived.notes)


def _object(item: Expectation) -> tuple[object, ...]:
    return ("path", item.path) if isinstance(item, model.Node) else subject_of(item)
