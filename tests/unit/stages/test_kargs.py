# SPDX-License-Identifier: Apache-2.0
"""The kargs phase: the arguments of the helper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config.model import Config
from ignition.engine import executor, plan
from ignition.engine.context import PhaseContext
from ignition.engine.view import View
from ignition.stages import kargs

# Records the arguments of each run in one line, separated by |.
RECORDER = """#!/bin/sh
for word; do printf '%s|' "$word"; done >>"$0.args"
echo >>"$0.args"
echo out; echo err >&2
exit ${STATUS:-0}
"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "ignition-kargs-helper"
    program.write_text(RECORDER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


def run(arguments: dict[str, Any]) -> None:
    context = PhaseContext(Settings(), Log(lambda level, text: None), State(), {})
    nodes = plan.build([("", kargs.plan)], Config({"kernelArguments": arguments}), context)
    executor.run(nodes, context, View(-1, colour=False)).check()


def recorded_args(helper: Path) -> list[str]:
    file = helper.with_name(helper.name + ".args")
    return file.read_text().splitlines() if file.exists() else []


def test_helper_does_not_run_without_arguments(helper: Path) -> None:
    run({})
    run({"shouldExist": [], "shouldNotExist": []})
    assert recorded_args(helper) == []


def test_helper_runs_once_with_each_argument_as_one_word(helper: Path) -> None:
    run({"shouldExist": ["a", "b c"], "shouldNotExist": ["d"]})
    assert recorded_args(helper) == ["--should-exist|a|--should-exist|b c|--should-not-exist|d|"]


def test_failing_helper_stops_the_phase_with_its_output(
    helper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATUS", "1")
    with pytest.raises(Failure, match=r'Stdout: "out\\n" Stderr: "err\\n"') as caught:
        run({"shouldExist": ["a"]})
    assert caught.value.code == "IGN2601"
    assert str(caught.value).startswith("failed adding kernel arguments: exit status 1")


def test_missing_helper_stops_the_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Failure) as caught:
        run({"shouldExist": ["a"]})
    assert caught.value.code == "IGN2601"
