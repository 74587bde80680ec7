# SPDX-License-Identifier: Apache-2.0
"""Resource limits and signals: a code, no temporary file left behind, and the next run completes."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ignition.testbed.httpserver import Answer, HttpServer
from tests.unit.engine.target import HELLO, Target, V


@pytest.fixture
def target(tmp_path: Path) -> Target:
    if os.geteuid() != 0:
        pytest.skip("files get their owners from root only")
    return Target(tmp_path)


def files(count: int) -> dict[str, Any]:
    body = "data:," + "x" * 5000
    names = [f"/d{number % 7}/sub/f{number}" for number in range(count)]
    return {"storage": {"files": [{"path": name, "contents": {"source": body}} for name in names]}}


def finish(target: Target, *phases: str, limit: str) -> tuple[int, str]:
    child = target.child(*phases, limit=limit)
    output = child.communicate(timeout=120)[0]
    return child.returncode, output


def test_without_threads_the_steps_run_in_the_main_thread(target: Target) -> None:
    target.config(files(50))
    assert target.run("fetch-offline") == 0
    # Too little for the stack of a thread, 8 MiB by default.
    status, output = finish(target, "files", limit="AS=+6000000")
    assert status == 0, output
    assert target.temporary_files() == []


@pytest.mark.parametrize("limit", ["AS=+300000", "AS=+1500000", "AS=+3000000"])
def test_out_of_memory(target: Target, limit: str) -> None:
    target.config(files(2000))
    assert target.run("fetch-offline") == 0
    status, output = finish(target, "files", limit=limit)
    assert status == 1, output
    assert "IGN6900" not in output and "Traceback" not in output
    assert target.temporary_files() == []
    assert target.run("files") == 0


@pytest.mark.parametrize("number", range(4, 14))
def test_low_limit_of_open_files(target: Target, number: int) -> None:
    target.config(files(20))
    assert target.run("fetch-offline") == 0
    status, output = finish(target, "files", limit=f"NOFILE={number}")
    assert "IGN6900" not in output and "Traceback" not in output
    if status:
        assert "IGN7006" in output
    assert target.temporary_files() == []
    assert target.run("files") == 0


def test_limit_of_the_file_size(target: Target) -> None:
    target.config(files(3))
    assert target.run("fetch-offline") == 0
    status, output = finish(target, "files", limit="FSIZE=4000")
    assert (status, target.codes()) == (1, ["IGN7007"] * len(target.codes())), output
    assert target.temporary_files() == []
    assert target.run("files") == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("phase", ["fetch", "files"])
def test_a_signal_ends_the_run(target: Target, number: signal.Signals, phase: str) -> None:
    with HttpServer({"/late": Answer(body=b"x" * 100_000, drip=0.01)}) as server:
        late = {"source": server.url("/late")}
        if phase == "files":
            target.config({"storage": {"files": [HELLO, {"path": "/late", "contents": late}]}})
            assert target.run("fetch-offline") == 0
        else:
            section = {**V, "config": {"merge": [late]}}
            target.config(json.dumps({"ignition": section}))
        child = target.child(phase)
        while not server.paths():
            time.sleep(0.05)
        time.sleep(0.3)
        child.send_signal(number)
        output = child.communicate(timeout=60)[0]
    assert (child.returncode, target.codes()[0]) == (128 + number, "IGN6205"), output
    assert number.name in output
    assert target.temporary_files() == []
    assert "IGN6900" not in output


def test_an_ignored_signal_stays_ignored(target: Target) -> None:
    target.config({"storage": {"files": [HELLO]}})
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert target.run("fetch-offline", "files") == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
