# SPDX-License-Identifier: Apache-2.0
"""Records behave like dataclasses."""

from __future__ import annotations

import pytest

from ignition.base.origin import Origin, pointer
from ignition.base.record import record


@record
class Point:
    x: int
    y: int = 2

    def sum(self) -> int:
        return self.x + self.y


def test_positional_keyword_and_default_values() -> None:
    assert (Point(1), Point(y=3, x=1).sum(), Point(1, 5).y) == (Point(1, 2), 4, 5)
    assert repr(Point(1)) == "Point(x=1, y=2)"
    assert len({Point(1), Point(1, 2), Point(2)}) == 2


@pytest.mark.parametrize(("values", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"z": 1})])
def test_wrong_arguments_are_type_errors(values: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError):
        Point(*values, **named)


def test_unknown_attributes_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]


def test_origin_as_text() -> None:
    origin = Origin("a.ign", "/storage", 3, 15)
    assert str(origin) == "a.ign:3:15: /storage"
    assert str(origin.at("files", 0)) == "a.ign: /storage/files/0"
    assert pointer(("a/b", "c~d", 1)) == "/a~1b/c~0d/1"
