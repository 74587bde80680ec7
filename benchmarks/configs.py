# SPDX-License-Identifier: Apache-2.0
"""Validation: `ignition lint` and `ignition-validate`, compared with Ignition's ignition-validate."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import loads
from benchmarks.engines import BARE, INTERPRETER
from benchmarks.measure import Command, Pair, compare, cost, median
from benchmarks.table import Row, milliseconds

FILES = 10_000


def rows(folder: Path, rounds: int, installed: Path, peer: str) -> Iterator[Row]:
    """`installed`: path of our program. `peer`: path of Ignition's validator, or ""."""
    lint: Command = (INTERPRETER, "-I", installed, "lint")
    validate: Command = (INTERPRETER, "-I", installed.with_name("ignition-validate"))
    ours = {"validate": validate, "lint": lint}
    yield from _tiny(folder, rounds * 5, ours)
    yield from _large(folder, rounds, ours, peer)
    yield from _many(folder, rounds, lint, peer)


def _tiny(folder: Path, rounds: int, ours: dict[str, Command]) -> Iterator[Row]:
    tiny = _written(folder / "tiny.ign", loads.tiny())
    for name, command in ours.items():
        pair = compare([[*command, tiny]], [BARE], rounds)
        yield _row(f"a tiny config, {name} / bare interpreter", 6.5, pair)


def _large(folder: Path, rounds: int, ours: dict[str, Command], peer: str) -> Iterator[Row]:
    large = _written(folder / "large.ign", loads.files(FILES))
    larger = _written(folder / "larger.ign", loads.files(10 * FILES))
    for name, command in ours.items():
        most = {"validate": 0.2, "lint": 0.6}[name]
        if peer:
            pair = compare([[*command, large]], [[peer, large]], rounds)
            yield _row(f"{FILES:,} files, {name} / Ignition", most, pair)
        few = median([cost([[*command, large]]) for _ in range(rounds)])
        many = median([cost([[*command, larger]]) for _ in range(rounds)])
        yield Row(
            f"{10 * FILES:,} / {FILES:,} files, {name}, CPU",
            many.cpu / few.cpu,
            11,
            [milliseconds(many.cpu), milliseconds(few.cpu)],
        )
        yield Row(f"{FILES:,} files, {name}, peak MiB", few.peak, 80, [])


def _many(folder: Path, rounds: int, lint: Command, peer: str) -> Iterator[Row]:
    """A thousand different configs of 3 to 30 kB, with files, units, a user and a disk."""
    if not peer:
        return
    (folder / "many").mkdir()
    rng = random.Random(1)
    once_each: Sequence[Command] = [
        [
            peer,
            _written(folder / f"many/{number}.ign", loads.ordinary(rng, rng.uniform(3e3, 29e3))),
        ]
        for number in range(1000)
    ]
    pair = compare([[*lint, folder / "many"]], once_each, rounds)
    yield _row("1,000 configs of 3 to 30 kB, lint / Ignition", 0.5, pair)


def _row(what: str, most: float, pair: Pair) -> Row:
    return Row(
        what, pair.ratio, most, [milliseconds(pair.ours.wall), milliseconds(pair.theirs.wall)]
    )


def _written(path: Path, config: loads.Config) -> Path:
    path.write_text(json.dumps(config))
    return path
