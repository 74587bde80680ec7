# SPDX-License-Identifier: Apache-2.0
"""Some shapes of the benchmark, held to the memory that they may take; the whole takes ten minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import growth, shapes

SHAPES = dict(shapes.shapes())
SIZE = growth.SMALL * growth.FACTOR
SOME = (
    "again storage.files",
    "many storage.links",
    "many kernelArguments.shouldExist",
    "unknown list",
    "unknown escapes",
    "deep lists",
    "unknown keys",
    "path of a URL",
    "escaped data URL",
    "merge of many configs",
    "gzip with many members",
)


def test_there_are_many_shapes_and_each_has_the_size_that_was_asked_for() -> None:
    assert len(SHAPES) == len(list(shapes.shapes())) > 200
    for name, make in SHAPES.items():
        assert SIZE // 4 < len(make(SIZE)) < 2 * SIZE, name


@pytest.mark.parametrize("shape", SOME)
def test_memory_stays_a_small_multiple_of_the_text(shape: str, tmp_path: Path) -> None:
    text = tmp_path / "config.ign"
    text.write_bytes(SHAPES[shape](SIZE))
    for program, command in growth.programs(shape).items():
        assert growth.share(growth.cost(command, text).peak, text) <= 1, program
