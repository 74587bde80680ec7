# SPDX-License-Identifier: Apache-2.0
"""Progress of a build on a terminal and elsewhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

CODE = """
import sys, time
from pathlib import Path
from ignition.testbed import live_line
live_line.REMINDER_SECONDS = 0.05
log = Path(sys.argv[1])
with live_line.timed("building a thing", log):
    log.write_bytes(b"earlier\\nlast full line\\n\\x1b[1mcolour\\n\\nunfinished")
    time.sleep(1.3)
"""


def test_plain_lines_in_a_pipe(tmp_path: Path) -> None:
    run = [sys.executable, "-c", CODE, str(tmp_path / "log")]
    done = subprocess.run(run, stderr=subprocess.PIPE, text=True, check=True)
    first, *reminders, last = done.stderr.splitlines()
    assert first == "building a thing …"
    assert reminders
    assert all(line.endswith("so far") for line in reminders)
    assert last == "building a thing … 1 s"
    assert "\x1b" not in done.stderr


def test_one_line_on_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    run = [sys.executable, "-c", CODE, str(tmp_path / "log")]
    subprocess.run(run, stderr=theirs, check=True, env={**os.environ, "COLUMNS": "60"})
    os.close(theirs)
    text = os.read(ours, 65536).decode()
    os.close(ours)
    assert "building a thing … 1 s  last full line" in text
    assert text.count("\n") == 1
    assert text.endswith("\r\x1b[Kbuilding a thing … 1 s\r\n")


def test_work_within_work_has_the_line(tmp_path: Path) -> None:
    code = CODE.replace(
        "    time.sleep(1.3)",
        "    with live_line.timed('part', log.with_name('none')): time.sleep(1.3)",
    )
    run = [sys.executable, "-c", code, str(tmp_path / "log")]
    done = subprocess.run(run, stderr=subprocess.PIPE, text=True, check=True)
    assert "part … 0 s so far" in done.stderr
    between = done.stderr.partition("part …")[2].partition("part … 1 s\n")[0]
    assert "a thing" not in between
