# SPDX-License-Identifier: Apache-2.0
"""Origins in the JSON output of the review commands."""

from __future__ import annotations

from typing import Any

from ignition.base.origin import Origin
from ignition.review.subject import Subject


def origin_json(subject: Subject, origin: Origin | None) -> dict[str, Any] | None:
    """An origin as an object. `line` and `column` are null if unknown, `by` are configs that lead to it."""
    if origin is None:
        return None
    return {
        "source": origin.source,
        "pointer": origin.pointer,
        "line": origin.line or None,
        "column": origin.column or None,
        "by": subject.chain(origin.source),
    }
