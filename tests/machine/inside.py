# SPDX-License-Identifier: Apache-2.0
"""The part of the harness inside user-mode Linux: runs the requested tests and sends each report."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

SHARED = "IGNITION_TEST_SHARED"
"""Environment variable: the folder shared with the host."""


class Inside:
    def __init__(self, config: pytest.Config, shared: Path) -> None:
        self._config = config
        self._wanted = set((shared / "wanted").read_text().splitlines())
        self._reports = (shared / "reports").open("a")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self._wanted]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._send({"report": data})

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._send({"finished": nodeid})

    def _send(self, entry: dict[str, object]) -> None:
        self._reports.write(json.dumps(entry) + "\n")
        self._reports.flush()
        # user-mode Linux writes back to the host whenever it likes, unless asked to
        os.fsync(self._reports.fileno())
