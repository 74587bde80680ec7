# SPDX-License-Identifier: Apache-2.0
"""Programs of a build: their output, their failures, and their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ignition.base.errors import CommandFailed, Failure
from ignition.testbed import programs
from ignition.testbed.programs import need, run, run_logged


def test_output_and_failure(tmp_path: Path) -> None:
    assert run(["sh", "-c", "echo out; echo err >&2"]) == "out\n"
    with pytest.raises(CommandFailed, match="status 3") as caught:
        run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (caught.value.stdout, caught.value.stderr) == ("out\n", "err\n")


def test_a_log_gets_both_outputs_and_grows(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run_logged(["sh", "-c", "echo one; echo two >&2"], log)
    with pytest.raises(CommandFailed, match="three") as caught:
        run_logged(["sh", "-c", "echo three; exit 1"], log)
    assert log.read_text() == "one\ntwo\nthree\n"
    assert "one" not in caught.value.text


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(Failure) as caught:
        need("sh", "linux.uml-none", "true")
    assert caught.value.code == "IGN8001"
    assert caught.value.text == "cannot find linux.uml-none"


def test_an_interruption_ends_all_that_was_started(tmp_path: Path) -> None:
    """Ctrl-C while a program of a program runs."""
    code = (
        "from pathlib import Path; from ignition.testbed.programs import run_logged\n"
        f"run_logged(['sh', '-c', 'sleep 1000 & echo $!; wait'], Path('{tmp_path}/log'))"
    )
    builder = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    while not (pid := (tmp_path / "log").read_text() if (tmp_path / "log").exists() else ""):
        time.sleep(0.05)
    builder.send_signal(signal.SIGINT)
    builder.wait(30)
    assert builder.returncode != 0
    with pytest.raises(ProcessLookupError):
        while True:  # its new parent may take a moment to reap it
            os.kill(int(pid), 0)
            if (Path("/proc") / pid.strip() / "stat").read_text().split()[2] == "Z":
                raise ProcessLookupError
            time.sleep(0.05)


def test_programs_of_other_threads_can_be_ended() -> None:
    failures: list[Failure] = []

    def work() -> None:
        try:
            programs.run(["sh", "-c", "sleep 60 & wait"])
        except Failure as failure:
            failures.append(failure)

    thread = threading.Thread(target=work)
    thread.start()
    while not programs._running:
        time.sleep(0.01)
    begin = time.monotonic()
    programs.end_all()
    thread.join(10)
    assert time.monotonic() - begin < 10
    assert [failure.code for failure in failures] == ["IGN8002"]
    assert not programs._running
