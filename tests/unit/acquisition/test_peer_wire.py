# SPDX-License-Identifier: Apache-2.0
"""Malformed answers: Ignition accepts and rejects what our tests claim."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support import peer
from tests.support.http_responses import REFUSED, TAKEN
from tests.support.listening import listening
from tests.unit.acquisition.comparison import Pair

pytestmark = pytest.mark.skipif(not peer.engine(), reason=peer.MISSING)


def taken(folder: Path, answer: bytes) -> bool:
    """Whether Ignition writes a cache for a config in this answer."""

    def send(connection: socket.socket, _: bytes) -> None:
        with suppress(OSError):
            connection.sendall(answer)

    with listening(send) as port:
        references = {"merge": [{"source": f"http://127.0.0.1:{port}/a"}]}
        timeouts = {"httpTotal": 1}
        value = {"version": "3.3.0", "config": references, "timeouts": timeouts}
        machine = Pair(folder, "file")
        for below in ("system", "run", "root"):
            (folder / "theirs" / below).mkdir(parents=True)
        (folder / "theirs/config.ign").write_text(json.dumps({"ignition": value}))
        machine.theirs("fetch")
    return (folder / "theirs/run/cache").exists()


def test_ignition_accepts_and_rejects_the_same_answers(tmp_path: Path) -> None:
    answers = TAKEN | REFUSED
    folders = {name: tmp_path / str(number) for number, name in enumerate(answers)}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda name: taken(folders[name], answers[name]), answers))
    wrong = {name for name, was in zip(answers, found, strict=True) if was != (name in TAKEN)}
    assert wrong == set()
