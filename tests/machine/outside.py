# SPDX-License-Identifier: Apache-2.0
"""The part of the harness on the host: starts guests, and reports their results as its own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.machine.inside import SHARED
from tests.support import uml

SILENCE = 600
"""Seconds without a report after which the guest is considered hung."""


@dataclass(frozen=True, order=True)
class _Batch:
    """The tests that one guest runs: those of some files, either all with or all without systemd."""

    systemd: bool
    number: int


class Outside:
    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._batches: dict[Path, int] = {}
        self._items: dict[_Batch, list[pytest.Item]] = {}
        self._guests: dict[_Batch, _Guest] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sorts tests by guest, with about the same number of tests in each batch of a kind."""
        ours = [item for item in items if self._is_ours(item)]
        self._batches = _distribute(Counter(item.path for item in ours), _max_guests())
        items.sort(key=lambda item: (self._is_ours(item), self._batch(item)))
        for item in items:
            if self._is_ours(item):
                self._items.setdefault(self._batch(item), []).append(item)

    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        if not self._is_ours(item):
            return None
        reason = uml.missing()
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in [_local_report(item, "skipped", reason)] if reason else self._reports(item):
            hook.pytest_runtest_logreport(report=report)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_sessionfinish(self) -> None:
        for guest in self._guests.values():
            guest.stop()

    def _reports(self, item: pytest.Item) -> Iterator[pytest.TestReport]:
        batch = self._batch(item)
        self._start_guests(batch)
        try:
            yield from self._guests[batch].reports(item)
        except GuestLost as lost:
            yield _local_report(item, "failed", str(lost))

    def _start_guests(self, batch: _Batch) -> None:
        """Starts the guest of `batch` and the following ones, as many as may run at the same time."""
        for former, guest in self._guests.items():
            if former < batch:
                guest.stop()
        later = [each for each in self._items if each >= batch]
        for each in later[: _max_guests()]:
            if each not in self._guests:
                wanted = self._items[each]
                self._guests[each] = _Guest(self._config, wanted, systemd=each.systemd)

    def _batch(self, item: pytest.Item) -> _Batch:
        return _Batch(_wants_systemd(item), self._batches.get(item.path, 0))

    def _is_ours(self, item: pytest.Item) -> bool:
        return self._folder in item.path.parents


def _max_guests() -> int:
    """The number of guests that run at the same time; each has one processor."""
    return len(os.sched_getaffinity(0))


def _distribute(tests: Counter[Path], shares: int) -> dict[Path, int]:
    """Distributes files so that each share has about the same number of tests, largest file first."""
    given = [0] * shares
    dealt = {}
    for path, count in sorted(tests.items(), key=lambda item: (-item[1], item[0])):
        dealt[path] = given.index(min(given))
        given[dealt[path]] += count
    return dealt


class GuestLost(Exception):
    """The guest exited, or was silent for too long, before it reported a test. Shows its last output."""


class _Guest:
    """One boot of user-mode Linux that runs pytest on the given tests."""

    def __init__(self, config: pytest.Config, wanted: list[pytest.Item], *, systemd: bool) -> None:
        self._config = config
        self._shared = Path(tempfile.mkdtemp(prefix="ignition-machine-"))
        (self._shared / "wanted").write_text("".join(f"{item.nodeid}\n" for item in wanted))
        (self._shared / "reports").touch()
        job = self._shared / "job"
        files = dict.fromkeys(str(item.path) for item in wanted)
        job.write_text(_job(config, self._shared, list(files)))
        self._stream = (self._shared / "reports").open()
        self._rest = ""
        self._process: subprocess.Popen[bytes] | None = uml.start(
            job, self._shared, systemd=systemd
        )

    def reports(self, item: pytest.Item) -> Iterator[pytest.TestReport]:
        """The reports of `item`, which must be the guest's next test."""
        for entry in self._entries():
            if entry.get("finished") == item.nodeid:
                return
            if "report" in entry:
                report = self._config.hook.pytest_report_from_serializable(
                    config=self._config, data=entry["report"]
                )
                if report.nodeid == item.nodeid:
                    yield report

    def stop(self) -> None:
        if self._process is not None:
            uml.stop(self._process)
            self._stream.close()
            shutil.rmtree(self._shared, ignore_errors=True)
            self._process = None

    def _entries(self) -> Iterator[dict[str, object]]:
        heard = time.monotonic()
        while True:
            ended = self._process is None or self._process.poll() is not None
            self._rest += self._stream.read()
            line, newline, rest = self._rest.partition("\n")
            if newline:
                self._rest = rest
                heard = time.monotonic()
                yield json.loads(line)
            elif ended:
                raise GuestLost(f"the guest exited before this test\n{self._last_output()}")
            elif time.monotonic() - heard > SILENCE:
                self._process.kill() if self._process is not None else None
                raise GuestLost(f"no report from the guest for {SILENCE} s\n{self._last_output()}")
            else:
                time.sleep(0.05)

    def _last_output(self) -> str:
        output = []
        for name in ("console", "log"):
            file = self._shared / name
            if file.exists():
                lines = file.read_text(errors="replace").splitlines()[-40:]
                output += [f"--- {name}, last lines", *lines]
        return "\n".join(output)


def _job(config: pytest.Config, shared: Path, files: list[str]) -> str:
    """A shell script that runs pytest on these files, and writes nothing into the checkout."""
    args = [
        *(
            sys.executable,
            "-m",
            "pytest",
            "--rootdir",
            str(config.rootpath),
            "-p",
            "no:cacheprovider",
        ),
        *("--basetemp=/run/machine/tmp", "-q", "--tb", config.getoption("tbstyle")),
        *(["--exitfirst"] if config.getoption("maxfail") == 1 else []),
        *(["--slow"] if config.getoption("--slow") else []),
        *files,
    ]
    environ = {
        **{name: value for name, value in os.environ.items() if name.startswith("IGNITION_")},
        SHARED: str(shared),
        "PATH": os.environ["PATH"],
        "CI": os.environ.get("CI", ""),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environ.items())
    return f"{exports}cd {shlex.quote(str(config.rootpath))}\nexec {shlex.join(args)}\n"


def _wants_systemd(item: pytest.Item) -> bool:
    return item.get_closest_marker("systemd") is not None


def _local_report(item: pytest.Item, outcome: str, why: str) -> pytest.TestReport:
    longrepr = (str(item.path), 0, why) if outcome == "skipped" else why
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords={},
        outcome=outcome,  # type: ignore[arg-type]
        longrepr=longrepr,
        when="call",
    )
