# SPDX-License-Identifier: Apache-2.0
"""Text from a config can neither forge lines of the live view nor control the terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ignition.base.errors import Failure, InvalidConfig
from ignition.base.finding import ERROR, Finding
from ignition.base.log import Log
from ignition.base.origin import Origin
from ignition.base.settings import Settings
from ignition.engine import report
from ignition.engine.report import Outcome
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
