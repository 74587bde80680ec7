# SPDX-License-Identifier: Apache-2.0
"""An idle phase compared with an idle interpreter: the cost of the engine's imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.engines import BARE, INTERPRETER, Engine, forget
from benchmarks.measure import Command, compare, cost
from benchmarks.table import Row, milliseconds

# On a boot idle phases are not started; this matters only for a phase started by hand.
MOST = 2.0


def rows(
    folder: Path, rounds: int, ours: Engine, installed: Path, peer: Engine | None
) -> Iterator[Row]:
    """`ours`: the tree of an initramfs. `installed`: the program of an installed system."""
    trees: dict[str, Command] = {
        "initramfs": ours.argv,
        "installed": (INTERPRETER, "-I", installed),
    }
    if peer is not None:
        trees["Ignition"] = peer.argv
    config = folder / "config.ign"
    config.write_text('{"ignition":{"version":"3.3.0"}}')
    for tree, argv in trees.items():
        own = folder / tree
        (own / "root").mkdir(parents=True)
        words = [*argv, "-platform=file", f"-root={own}/root", "-log-to-stdout"]
        words += [f"-config-cache={own}/cache", f"-state-file={own}/state"]
        words += [f"-neednet={own}/neednet"]
        cost([["/usr/bin/env", f"IGNITION_CONFIG_FILE={config}", *words, "-stage=fetch-offline"]])
        state = (own / "state").read_bytes()

        def fetched(path: Path = own / "state", state: bytes = state) -> None:
            forget()
            path.write_bytes(state)

        for phase in ("kargs", "disks", "mount") if tree == "initramfs" else ("kargs",):
            pair = compare([[*words, f"-stage={phase}"]], [BARE], rounds * 5, fetched)
            yield Row(
                f"idle {phase}, {tree} / bare interpreter",
                pair.ratio,
                MOST,
                [milliseconds(pair.ours.wall), milliseconds(pair.theirs.wall)],
            )
