# SPDX-License-Identifier: Apache-2.0
"""The memory limit for some shapes of the benchmark; all of them would take ten minutes."""

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


def test_shapes_have_the_requested_size() -> None:
    assert len(SHAPES) == len(list(shapes.shapes())) > 200
    for name, make in SHAPES.items():
        assert SIZE // 4 < len(make(SIZE)) < 2 * SIZE, name


@pytest.mark.parametrize("shape", SOME)
def test_memory_use_is_a_small_multiple_of_the_text(shape: str, tmp_path: Path) -> None:
    text = tmp_path / "config.ign"
    text.write_bytes(SHAPES[shape](SIZE))
    for program, command in growth.programs(shape).items():
        assert growth.share(growth.cost(command, text).peak, text) <= 1, program
