# SPDX-License-Identifier: Apache-2.0
"""Partitions get the sectors that GPT fdisk would choose; every case is also run through sgdisk."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ignition.system import gpt
from ignition.system.placement import Layout, NoSpace, alignment

pytestmark = pytest.mark.skipif(shutil.which("sgdisk") is None, reason="sgdisk is not installed")

SECTORS = 204_800
Wanted = tuple[int, int, int]  # number, start, size


def image(path: Path, partitions: list[Wanted], sectors: int = SECTORS) -> Path:
    """A disk image with a table written by sfdisk; without a table if there are no partitions."""
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(sectors * 512)
    if partitions:
        rows = [f"{number} : start={start}, size={size}" for number, start, size in partitions]
        script = f"label: gpt\nfirst-lba: 34\nlast-lba: {sectors - 34}\nunit: sectors\n\n"
        subprocess.run(
            ["sfdisk", "--no-reread", "--no-tell-kernel", "--quiet", path],
            input=script + "\n".join(rows) + "\n",
            text=True,
            check=True,
        )
    return path


def by_sgdisk(disk: Path, deleted: list[int], wanted: list[Wanted]) -> list[tuple[int, int]] | None:
    """Start and size of each partition according to `sgdisk --pretend`; None if it refuses."""
    args = ["sgdisk", "--pretend", *(f"--delete={number}" for number in deleted)]
    args += [f"--new={number}:{start}:+{size}" for number, start, size in wanted]
    args += [f"--info={number}" for number, _, _ in wanted]
    done = subprocess.run([*args, disk], capture_output=True, text=True)
    if done.returncode:
        return None
    firsts = [int(line.split()[2]) for line in done.stdout.splitlines() if line.startswith("First")]
    lasts = [int(line.split()[2]) for line in done.stdout.splitlines() if line.startswith("Last")]
    return [(first, last - first + 1) for first, last in zip(firsts, lasts, strict=True)]


def by_layout(disk: Path, deleted: list[int], wanted: list[Wanted]) -> list[tuple[int, int]] | None:
    sectors = disk.stat().st_size // 512
    device = os.open(disk, os.O_RDONLY)
    try:
        table = gpt.read(device, 512, sectors) or gpt.empty(512, sectors)
    finally:
        os.close(device)
    layout = Layout(table, 512, sectors)
    for number in deleted:
        layout.remove(number)
    try:
        return [layout.add(*one) for one in wanted]
    except NoSpace:
        return None


CASES: dict[str, tuple[list[Wanted], list[int], list[Wanted]]] = {
    "empty disk, one that fills": ([], [], [(1, 0, 0)]),
    "empty disk, by size": ([], [], [(1, 0, 65536), (2, 0, 65536), (3, 0, 0)]),
    "empty disk, explicit start": ([], [], [(1, 4096, 2048)]),
    "largest of two gaps": ([(1, 2048, 2048), (2, 20480, 2048)], [], [(3, 0, 2048)]),
    "first of equal gaps": ([(1, 34, 733), (2, 100_767, 4000)], [], [(3, 0, 0)]),
    "start in the smaller gap, size 0": ([(1, 2048, 2048), (2, 20480, 2048)], [], [(3, 4096, 0)]),
    "start in the smaller gap with a size": (
        [(1, 2048, 2048), (2, 20480, 2048)],
        [],
        [(3, 4096, 2048)],
    ),
    "size 0 from a start inside the largest gap": ([(1, 2048, 2048)], [], [(2, 40960, 0)]),
    "too large for the gap": ([(1, 2048, 2048), (2, 20480, 2048)], [], [(3, 4096, 20480)]),
    "overlap with an unlisted one": ([(1, 2048, 20480)], [], [(2, 4096, 2048)]),
    "number taken": ([(1, 2048, 2048)], [], [(1, 8192, 2048)]),
    "number too large": ([(1, 2048, 2048)], [], [(129, 0, 2048)]),
    "last number": ([(1, 2048, 2048)], [], [(128, 0, 2048)]),
    "unaligned start moves down": ([(1, 2048, 2048)], [], [(2, 10001, 2048)]),
    "unaligned neighbour lowers the alignment": ([(1, 40, 100)], [], [(2, 0, 500)]),
    "lone one at 40, deleted and remade": ([(1, 40, 100)], [1], [(1, 40, 100)]),
    "full disk": ([(1, 34, 204733)], [], [(2, 0, 1)]),
    "last usable sector": ([(1, 2048, 2048)], [], [(2, 4096, 200671)]),
    "behind the last usable sector": ([(1, 2048, 2048)], [], [(2, 4096, 200672)]),
    "before the first usable sector": ([(1, 4096, 2048)], [], [(2, 3, 10)]),
    "swap positions": ([(1, 2048, 2048), (2, 4096, 2048)], [1, 2], [(2, 2048, 4096), (1, 0, 0)]),
}


@pytest.mark.parametrize("before, deleted, wanted", CASES.values(), ids=CASES)
def test_same_sectors_as_sgdisk(
    tmp_path: Path, before: list[Wanted], deleted: list[int], wanted: list[Wanted]
) -> None:
    disk = image(tmp_path / "disk", before)
    assert by_layout(disk, deleted, wanted) == by_sgdisk(disk, deleted, wanted)


def random_case(rng: random.Random) -> tuple[list[Wanted], list[int], list[Wanted]]:
    """A few partitions in order, some of them deleted, and a few random requests."""
    grain = rng.choice([1, 8, 64, 2048])
    before, at = [], 40
    for number in rng.sample(range(1, 9), rng.randint(1, 5)):
        start = -(-(at + rng.choice([0, 0, rng.randint(1, 40_000)])) // grain) * grain
        size = rng.randint(1, 30_000)
        if start + size > SECTORS - 40:
            break
        before.append((number, start, size))
        at = start + size
    used = [number for number, _, _ in before]
    deleted = [number for number in used if rng.random() < 0.5]
    free = [number for number in range(1, 13) if number not in used or number in deleted]
    wanted = []
    for number in rng.sample(free, rng.randint(1, 4)):
        start = rng.choice([0, 0, rng.randint(1, SECTORS), rng.randint(1, 90) * 2048])
        wanted.append((number, start, rng.choice([0, rng.randint(1, 20_000), 2048])))
    return before, deleted, wanted


def random_cases(count: int) -> Iterator[tuple[list[Wanted], list[int], list[Wanted]]]:
    rng = random.Random(4)
    for _ in range(count):
        yield random_case(rng)


def test_same_sectors_as_sgdisk_on_random_tables(tmp_path: Path) -> None:
    agreed = 0
    for before, deleted, wanted in random_cases(int(os.environ.get("PLACEMENT_CASES", "60"))):
        if before:
            disk = image(tmp_path / "disk", before)
            expected = by_sgdisk(disk, deleted, wanted)
            assert by_layout(disk, deleted, wanted) == expected, (before, deleted, wanted)
            agreed += expected is not None
    assert agreed > 10, "hardly any random case fits"


@pytest.mark.parametrize(
    "starts, sector_size, sectors, expected",
    [
        pytest.param([], 512, SECTORS, 2048, id="empty, 512"),
        pytest.param([], 4096, SECTORS, 256, id="empty, 4096"),
        pytest.param([2048, 6144], 512, SECTORS, 2048, id="1 MiB"),
        pytest.param([2048, 40], 512, SECTORS, 8, id="lowest common power of two"),
        pytest.param([63], 512, SECTORS, 1, id="odd start"),
        pytest.param([63], 512, 585_937_500, 8, id="odd start on a large disk"),
    ],
)
def test_alignment(starts: list[int], sector_size: int, sectors: int, expected: int) -> None:
    assert alignment(starts, sector_size, sectors) == expected
