# SPDX-License-Identifier: Apache-2.0
"""The import time of each URL scheme with its libraries, compared with a bare interpreter.

It uses trees that the dracut module builds, but with the libraries of the interpreter that runs this: the
distribution's interpreter need not have the libraries for cloud credentials.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import compare
from benchmarks.table import Row, milliseconds
from ignition.testbed.cache import CHECKOUT
from ignition.testbed.programs import run

CLOSURE = CHECKOUT / "dracut-module/30ignition/closure.py"
SCHEMES = "ignition.resource.schemes."


@dataclass(frozen=True)
class Load:
    """The imports of a scheme in an image for `platform`. `most`: maximum ratio to the bare interpreter."""

    name: str
    modules: tuple[str, ...]
    most: float
    platform: str = "file"

    def code(self, tree: Path) -> str:
        return f"import sys; sys.path[0] = {str(tree)!r}; import {', '.join(self.modules)}"


LOADS = (
    Load("data", (f"{SCHEMES}data",), 1.5),
    Load("tftp", (f"{SCHEMES}tftp",), 2),
    Load("http", (f"{SCHEMES}http",), 13),
    Load("s3, anonymous", (f"{SCHEMES}s3",), 13),
    Load("s3, instance role", (f"{SCHEMES}s3", "botocore.auth", "botocore.awsrequest"), 18, "aws"),
    Load("gs, anonymous", (f"{SCHEMES}gs",), 13),
    Load("gs, service account", (f"{SCHEMES}gs", "google.auth.compute_engine"), 22, "gcp"),
    Load(
        "blobs, managed identity",
        (f"{SCHEMES}azure_blob", "azure.identity", "azure.identity._credentials.imds"),
        24,
        "azure",
    ),
)
MOST_MEMORY = 6


def rows(folder: Path, rounds: int) -> Iterator[Row]:
    """Time and peak memory of each scheme; no values if its library is not installed."""
    there: dict[str, list[str]] = {}
    for load in LOADS:
        tree = folder / load.platform
        if load.platform not in there:
            there[load.platform] = _write_tree(tree, load.platform)
        time, memory = (f"import of {load.name} / bare, {what}" for what in ("time", "memory"))
        if load.platform != "file" and load.modules[1] not in there[load.platform]:
            yield Row(time, None, load.most, [])
            continue
        start = (tree / "bin/python3", "-I", "-S", "-c")
        pair = compare([(*start, load.code(tree))], [(*start, "pass")], rounds)
        ours, theirs = pair.ours, pair.theirs
        times = [milliseconds(ours.wall), milliseconds(theirs.wall)]
        yield Row(time, pair.ratio, load.most, times)
        peaks = [f"{ours.peak:.0f} MiB", f"{theirs.peak:.0f} MiB"]
        yield Row(memory, ours.peak / theirs.peak, MOST_MEMORY, peaks)


def _write_tree(tree: Path, platform: str) -> list[str]:
    """Writes the tree of an image, and returns the modules that it must be able to import."""
    found = run(
        [
            *(sys.executable, "-B", CLOSURE, "--home", CHECKOUT, "--destination", tree),
            *("--platforms", platform),
        ]
    )
    (tree / "bin").mkdir()
    shutil.copy(os.path.realpath(sys.executable), tree / "bin/python3")
    return found.split()
