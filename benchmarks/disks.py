# SPDX-License-Identifier: Apache-2.0
"""The disks phase on blank disks, compared with Ignition's in one user-mode Linux.

Both run in turns in the same guest (`guest.py`), so only their ratio means something.
"""

from __future__ import annotations

import json
import os
import shlex
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Row, milliseconds
from ignition.testbed.cache import CHECKOUT
from tests.support import peer, uml

MOST = {"4 disks": 0.4, "1 disk": 0.65, "1 LUKS volume": 1.0}


def rows(rounds: int) -> Iterator[Row]:
    """A row per load; none without user-mode Linux or Ignition."""
    missing = uml.missing() or ("" if peer.engine() else peer.MISSING)
    if missing:
        print(f"disks: {missing}", file=sys.stderr)
        return
    # Not below /dev/shm, which the guest has its own of.
    with tempfile.TemporaryDirectory() as shared:
        measured = measure(Path(shared), rounds)
    for load, times in measured.items():
        # The load of the machine changes during a run, and less so between neighbours.
        ratios = [ours / theirs for ours, theirs in zip(*times.values(), strict=True)]
        medians = [milliseconds(statistics.median(each)) for each in times.values()]
        what = f"disks phase, {load}, ours / Ignition"
        yield Row(what, statistics.median(ratios), MOST[load], medians)


def measure(folder: Path, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Load -> engine -> seconds of each round. RuntimeError with the guest's output if it fails.

    `folder` is shared with the guest.
    """
    job, result = folder / "job", folder / "result"
    names = [name for name in os.environ if name.startswith("IGNITION_") or name == "PATH"]
    exports = "".join(f"export {name}={shlex.quote(os.environ[name])}\n" for name in names)
    command = [sys.executable, "-B", "-m", "benchmarks.guest", str(rounds), str(result)]
    job.write_text(f"{exports}cd {shlex.quote(str(CHECKOUT))}\n{shlex.join(command)}\n")
    uml.start(job, folder, systemd=True).wait()
    status = folder / "status"
    if not status.exists() or status.read_text().strip() != "0":
        outputs = (folder / name for name in ("console", "log"))
        said = [file.read_text(errors="replace")[-3000:] for file in outputs if file.exists()]
        raise RuntimeError("\n".join(["the guest failed", *said]))
    times: dict[str, dict[str, list[float]]] = json.loads(result.read_text())
    return times
