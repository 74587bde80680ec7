# SPDX-License-Identifier: Apache-2.0
"""The base class of the generated classes in `model`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class View:
    """A typed view of one object of a canonical value. `raw` is the object itself, not a copy."""

    __slots__ = ("raw",)

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.raw == self.raw

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # Values may be secrets, so only the names of the members are shown.
        return f"{type(self).__name__}({', '.join(self.raw)})"
