# SPDX-License-Identifier: Apache-2.0
"""The files phase with remote files, compared with Ignition: many small files, and one of 1 GiB.

Only this phase is timed. The server is a separate process on this machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import server
from benchmarks.engines import INTERPRETER, Engine, forget
from benchmarks.loads import Config
from benchmarks.measure import Command, Pair, compare
from benchmarks.table import Row, milliseconds
from ignition.testbed.certificates import Authority

SMALL_FILES = 200
# A server that provisions a whole fleet must not see more connections per machine.
MOST_SOCKETS = 32


@dataclass(frozen=True)
class Load:
    """Files to fetch: their paths on the server, and the maximum ratio of our time to Ignition's."""

    name: str
    paths: list[str]
    most: float
    size: int = server.SMALL
    tls: bool = False
    hashed: bool = False

    def config(self, port: int, authority: Authority) -> Config:
        ignition: Config = {"version": "3.3.0"}
        if self.tls:
            pem = base64.b64encode(authority.pem).decode()
            known = [{"source": f"data:;base64,{pem}"}]
            ignition["security"] = {"tls": {"certificateAuthorities": known}}
        at = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"
        more = {"verification": {"hash": _sha512(self.size)}} if self.hashed else {}
        files = [
            {
                "path": f"/srv/{number % 10}/file-{number}",
                "contents": {"source": at + path, **more},
            }
            for number, path in enumerate(self.paths)
        ]
        return {"ignition": ignition, "storage": {"files": files}}


SMALL = [f"/{number}" for number in range(SMALL_FILES)]
LARGE = ["/large"]
LOADS = (
    Load("one file", ["/0"], 4.0),
    Load("200 files", SMALL, 0.15),
    Load("200 files, headers apart", ["/apart" + path for path in SMALL], 0.06),
    Load("200 files by https", SMALL, 0.15, tls=True),
    Load("1 GiB", LARGE, 1.0, size=server.LARGE),
    Load("1 GiB with its sha512", LARGE, 1.0, size=server.LARGE, hashed=True),
)
# The maximum ratio of peak memory, for all loads.
MOST_MEMORY = 1.3


def _sha512(size: int) -> str:
    """The hash of `size` zero bytes, which the server sends."""
    digest = hashlib.sha512()
    piece = bytes(min(size, 1 << 20))
    for _ in range(size // len(piece)):
        digest.update(piece)
    return f"sha512-{digest.hexdigest()}"


def rows(folder: Path, rounds: int, ours: Engine, peer: Engine | None) -> Iterator[Row]:
    """Time and peak memory of each load, and the number of connections that the server counted."""
    (folder / "tls").mkdir()
    authority = Authority(folder / "tls")
    bundle = authority.issue("127.0.0.1")
    for number, load in enumerate(LOADS):
        own = folder / str(number)
        own.mkdir()
        with Running(bundle if load.tls else None) as running:
            config = own / "config.ign"
            config.write_text(json.dumps(load.config(running.port, authority)))
            yield from _rows(own, rounds, ours, peer, load, running)
        shutil.rmtree(own)


def _rows(
    folder: Path,
    rounds: int,
    ours: Engine,
    peer: Engine | None,
    load: Load,
    running: Running,
) -> Iterator[Row]:
    phases = [FilesPhase(engine, folder, load) for engine in (ours, peer) if engine]

    def before() -> None:
        for phase in phases:
            phase.prepare()

    one, other = phases[0].command, phases[-1].command
    pair = compare([one], [other], rounds, before)
    for phase in phases:
        phase.check()
    yield _time(load, pair, phases)
    yield _memory(load, pair, phases)
    phases[0].prepare()
    running.counts()
    subprocess.run(one, check=True, capture_output=True)
    most, made = running.counts()
    yield Row(f"{load.name}, sockets at most", most, MOST_SOCKETS, [f"{made} made in all"])


def _time(load: Load, pair: Pair, phases: Sequence[FilesPhase]) -> Row:
    times = [milliseconds(cost.wall) for cost in (pair.ours, pair.theirs)[: len(phases)]]
    ratio = pair.ratio if len(phases) > 1 else None
    return Row(f"{load.name}, ours / Ignition", ratio, load.most, times)


def _memory(load: Load, pair: Pair, phases: Sequence[FilesPhase]) -> Row:
    peaks = [cost.peak for cost in (pair.ours, pair.theirs)[: len(phases)]]
    ratio = peaks[0] / peaks[1] if len(phases) > 1 else None
    of = [f"{peak:.1f} MiB" for peak in peaks]
    return Row(f"{load.name}, peak memory", ratio, MOST_MEMORY, of)


class FilesPhase:
    """Repeated files phases of one engine, after a single fetch phase."""

    def __init__(self, engine: Engine, folder: Path, load: Load) -> None:
        self._folder = folder / engine.name
        self._folder.mkdir()
        self._load = load
        self._root = self._folder / "root"
        self._state = self._folder / "state"
        self._prepare_root()
        config = folder / "config.ign"
        subprocess.run(engine.command("fetch", self._root, config), check=True, capture_output=True)
        self._fetched = self._state.read_bytes()
        self.command: Command = engine.command("files", self._root, config)

    def prepare(self) -> None:
        """Restores an empty root, and the state after the fetch phase."""
        forget()
        self._state.write_bytes(self._fetched)
        shutil.rmtree(self._root)
        self._prepare_root()
        os.sync()  # our engine ends with a sync, which must not wait for data of others

    def _prepare_root(self) -> None:
        (self._root / "etc/selinux").mkdir(parents=True)
        (self._root / "etc/selinux/config").write_text("SELINUXTYPE=none\n")

    def check(self) -> None:
        """RuntimeError unless all files of the load were written."""
        sizes = [file.stat().st_size for file in (self._root / "srv").rglob("file-*")]
        if sizes != [self._load.size] * len(self._load.paths):
            raise RuntimeError(f"{self._load.name}: {len(sizes)} files of {set(sizes)} bytes")


class Running:
    """A process that runs `benchmarks.server`, as a context manager."""

    def __init__(self, bundle: Path | None) -> None:
        words = [str(INTERPRETER), "-I", server.__file__, *([str(bundle)] if bundle else [])]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True)
        self.port = int(self._line())

    def counts(self) -> tuple[int, int]:
        """The maximum of open connections, and the number of new ones, since the last call."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        most, made = self._line().split()
        return int(most), int(made)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line: str = self._process.stdout.readline()
        return line

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
