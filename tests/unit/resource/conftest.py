# SPDX-License-Identifier: Apache-2.0
"""A fetch context that records log, progress and sleeps, and a certificate authority."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.resource.context import FetchContext, Transport
from ignition.testbed.certificates import Authority


class Bench:
    """Creates contexts and records their output. A sleep only advances the context's clock."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.progress: list[str] = []
        self.sleeps: list[float] = []
        self.now = 0.0
        self.settings = Settings()

    def context(self, transport: Transport | None = None, *, offline: bool = False) -> FetchContext:
        log = Log(lambda _, text: self.lines.append(text))
        ctx = FetchContext(
            self.settings, log, offline=offline, transport=transport, progress=self.progress.append
        )
        ctx.clock = lambda: self.now
        ctx.sleep = self._sleep
        return ctx

    def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def issue(authority: Authority) -> Callable[..., Path]:
    """Issues key and certificate for a server with these names."""
    return authority.issue
