# SPDX-License-Identifier: Apache-2.0
"""Times the disks phase in a guest whose process 1 is systemd, which Ignition asks for devices.

    python -m benchmarks.guest ROUNDS RESULT

writes {load: {engine: [seconds, ...]}} as JSON. The engines run in turns on the same disks, which are blank
before each run: A B, B A, A B, ...
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import engines
from benchmarks.engines import Engine
from benchmarks.loads import DISKS, Config

MEMORY = Path("/run/machine")
# A disk's partitions are formatted with xfs too, which writes a log of 64 MiB.
DISK_SIZE = 8 << 30


def main() -> None:
    rounds, result = int(sys.argv[1]), Path(sys.argv[2])
    folder = MEMORY / "benchmarks"
    folder.mkdir()
    found = [engines.ours(folder), _in_memory(engines.peer_engine(folder), folder)]
    times = {load: _compare(found, config, folder, rounds) for load, config in DISKS.items()}
    result.write_text(json.dumps(times))


def _in_memory(peer: Engine | None, folder: Path) -> Engine:
    """Ignition in the guest's memory, as in an initramfs, and as our engine is."""
    if peer is None:
        raise RuntimeError("Ignition is not here")
    program = shutil.copy(peer.argv[0], folder / "bin/ignition")
    return Engine(peer.name, (str(program),), peer.marks_idle, peer.path)


def _compare(
    found: list[Engine], config: Config, folder: Path, rounds: int
) -> dict[str, list[float]]:
    """Times of each engine, after a round to warm up."""
    path = folder / "config.ign"
    path.write_text(json.dumps(config))
    storage = config["storage"]
    names = [disk["device"] for disk in storage.get("disks", storage.get("luks"))]
    volumes = [volume["name"] for volume in storage.get("luks", [])]
    times: dict[str, list[float]] = {engine.name: [] for engine in found}
    for number in range(rounds + 1):
        for engine in found if number % 2 else reversed(found):
            with _BlankDisks(names):
                seconds = _time(engine, path)
                for volume in volumes:
                    subprocess.run(["cryptsetup", "close", volume], check=True)
            if number:
                times[engine.name].append(seconds)
    return times


class _BlankDisks:
    """Attaches new sparse files to the given loop devices."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def __enter__(self) -> None:
        for name in self._names:
            image = MEMORY / f"image-{Path(name).name}"
            with image.open("wb") as file:
                file.truncate(DISK_SIZE)
            subprocess.run(["losetup", "--partscan", name, image], check=True)
        subprocess.run(["udevadm", "settle"], check=True)

    def __exit__(self, *_: object) -> None:
        subprocess.run(["udevadm", "settle"], check=True)
        for name in self._names:
            subprocess.run(["losetup", "--detach", name], check=True)
            (MEMORY / f"image-{Path(name).name}").unlink()
        subprocess.run(["udevadm", "settle"], check=True)


def _time(engine: Engine, config: Path) -> float:
    folder = config.parent / "boot"
    (folder / "root").mkdir(parents=True)
    engines.forget()
    for phase in ("fetch-offline", "fetch"):
        engine.run(phase, folder / "root", config)
    os.sync()
    begin = time.perf_counter()
    engine.run("disks", folder / "root", config)
    seconds = time.perf_counter() - begin
    shutil.rmtree(folder)
    return seconds


if __name__ == "__main__":
    main()
