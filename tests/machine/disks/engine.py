# SPDX-License-Identifier: Apache-2.0
"""Runs a phase of the engine in this process, except for fetching the config."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ignition.base.errors import Failure, flatten
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config.model import Config
from ignition.engine import executor, plan
from ignition.engine.context import PhaseContext
from ignition.engine.view import View

CACHE = "/run/machine/ignition.json"
STAGES = {
    "kargs": [("", "kargs", "plan")],
    "disks": [
        ("createPartitions", "partitions", "plan"),
        ("createRaids", "raid", "plan"),
        ("createLuks", "luks", "plan"),
        ("createFilesystems", "filesystems", "plan"),
    ],
    "mount": [("", "mount", "plan")],
    "files": [
        ("", "luks.records", "plan"),
        ("", "finish", "plan"),
        ("", "luks.records", "plan_ready"),
    ],
    "umount": [("", "mount", "plan_umount")],
}


@dataclass
class Ran:
    """How a phase ended: its log lines without levels, and its failure if there was one."""

    log: list[str]
    failures: list[Failure]
    summary: list[str] = field(default_factory=list)
    state: State = field(default_factory=State)

    @property
    def codes(self) -> list[str]:
        return [failure.code for failure in self.failures]

    def text(self) -> str:
        return "\n".join([*map(str, self.failures), *self.log])

    def logged(self, text: str) -> list[str]:
        return [line for line in self.log if text in line]


def run(
    phase: str,
    storage: dict[str, Any],
    root: str | Path = "/",
    state: State | None = None,
    **more: Any,
) -> Ran:
    """Runs a phase with this `storage` section.

    `more` are settings, `config`, the whole config, or `watch`, a function that gets each line of the log.
    """
    settings = Settings()
    settings.root = str(root)
    settings.wait_device = 5
    watch = more.pop("watch", lambda line: None)
    value = more.pop("config", {"ignition": {"version": "3.7.0-experimental"}, "storage": storage})
    for name, setting in more.items():
        setattr(settings, name, setting)
    # As left by a fetch phase; the digest distinguishes an interrupted run from another config.
    settings.config_cache = CACHE
    Path(CACHE).write_text(json.dumps(value))
    ran = Ran([], [], state=state or State())

    def write(_: object, text: str) -> None:
        ran.log.append(text)
        watch(text)

    log = Log(write).child(phase)
    context = PhaseContext(settings, log, ran.state, {})
    stages = [
        (prefix, getattr(importlib.import_module(f"ignition.stages.{module}"), function))
        for prefix, module, function in STAGES[phase]
    ]
    try:
        nodes = plan.build(stages, Config(value), context)
        ran.summary = [node.step.summary for node in nodes]
        executor.run(nodes, context, View(-1, colour=False)).check()
    except Failure as failure:
        ran.failures = flatten(failure)
    return ran


def succeed(phase: str, storage: dict[str, Any], root: str | Path = "/", **more: Any) -> Ran:
    """Like `run`, for a phase that must succeed."""
    ran = run(phase, storage, root, **more)
    assert not ran.failures, ran.text()
    return ran
