# SPDX-License-Identifier: Apache-2.0
"""The live view. Text from a config can neither forge lines nor control the terminal."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ignition.base.errors import Failure, InvalidConfig
from ignition.base.finding import ERROR, Finding
from ignition.base.log import Log
from ignition.base.origin import Origin
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config.model import Config
from ignition.engine import executor, plan, report
from ignition.engine.context import PhaseContext
from ignition.engine.report import Outcome
from ignition.engine.step import Step, Task
from ignition.engine.view import View, explain

FORGED = "/etc/a\n  IGN0001  all is well\x1b[2K\u202e"
WRITTEN = "/etc/a\\n  IGN0001  all is well\\x1b[2K\\u202e"


def failure() -> Failure:
    finding = Finding("IGN1006", ERROR, FORGED, Origin(FORGED, "/" + FORGED), FORGED)
    return InvalidConfig("IGN1000", FORGED, Origin(FORGED), hint=FORGED, findings=[finding])


def test_a_failure_message_cannot_contain_forged_lines() -> None:
    lines = explain("files", [failure()]).split("\n")
    assert len(lines) == 6
    assert lines[1] == f"  IGN1000  {WRITTEN}"
    assert all(line.isprintable() for line in lines)


def test_a_step_is_one_line_on_the_console() -> None:
    reading, writing = os.pipe()
    view = View(writing, colour=False)
    view.start_phase("files")
    view.start_step(f"write {FORGED}").end("done", 0.1)
    view.line(FORGED)
    view.failure([failure()])
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as console:
        lines = console.read().split("\n")
    assert lines[0].startswith(f"ignition files: write {WRITTEN}")
    assert lines[1] == f"ignition files: {WRITTEN}"
    assert len(lines) == 10
    assert all(line.isprintable() for line in lines)


def test_the_report_keeps_the_text_and_escapes_control_characters(tmp_path: Path) -> None:
    settings = Settings()
    settings.run_dir = str(tmp_path)
    step = Outcome(FORGED, Origin(FORGED), "done", 1.0, 2.0)
    done = report.Report("files", 1.0, 1.0, [step], [failure()])
    report.append(done, settings, Log(lambda level, text: None))
    text = (tmp_path / report.REPORT_FILE).read_text()
    assert json.loads(text)[0]["steps"][0]["summary"] == FORGED
    assert json.loads(text)[0]["failures"][0]["hint"] == FORGED
    assert all(line.isprintable() for line in text.split("\n"))


def test_a_silent_step_is_announced_with_its_last_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an mkfs that prints nothing for minutes."""
    monkeypatch.setattr(executor, "ANNOUNCEMENT_PAUSE", 0.02)
    monkeypatch.setattr("ignition.engine.view.PROGRESS_INTERVAL", 0.1)
    reading, writing = os.pipe()
    view = View(writing, colour=False)
    view.start_phase("disks")

    def do(task: Task) -> None:
        task.progress("running mkfs.ext4")
        time.sleep(0.35)

    def planned(config: Config, context: PhaseContext) -> Iterator[Step]:
        yield Step("make ext4 on /dev/vdb", Origin("test"), do)
        yield Step("brief", Origin("test"), lambda task: None)

    context = PhaseContext(Settings(), Log(lambda level, text: None), State(), {})
    executor.run(plan.build([("", planned)], Config({}), context), context, view).check()
    view.announce_running()
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as console:
        lines = console.read().splitlines()
    announced = [line for line in lines if "so far" in line]
    assert set(announced) == {
        "ignition disks: make ext4 on /dev/vdb: running mkfs.ext4, 0 s so far"
    }
    assert 2 <= len(announced) <= 3
    assert len(lines) == len(announced) + 2


def test_progress_of_a_step_is_not_announced_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ignition.engine.view.PROGRESS_INTERVAL", 100.0)
    reading, writing = os.pipe()
    view = View(writing, colour=False)
    step = view.start_step("wait for /dev/vdb")
    step._last -= 101.0
    step.progress("waiting for /dev/vdb since 101 s")
    view.announce_running()
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as console:
        assert len(console.read().splitlines()) == 1
