# SPDX-License-Identifier: Apache-2.0
"""What all classes of `model` have in common."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class View:
    """A typed look at one object of a canonical value; `raw` is that object itself, not a copy."""

    __slots__ = ("raw",)

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.raw == self.raw

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # Values may be secrets; the names of what is set are enough to tell views apart.
        return f"{type(self).__name__}({', '.join(self.raw)})"
