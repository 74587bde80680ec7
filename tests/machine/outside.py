# SPDX-License-Identifier: Apache-2.0
"""The harness on the developer's machine: starts the guest, and reports what comes out of it as if the tests
had run here."""

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
"""Seconds without a report after which the guest is taken for hung."""


@dataclass(frozen=True, order=True)
class _Lot:
    """The tests that one guest runs: those of some files, all with systemd or all without."""

    systemd: bool
    number: int


class Outside:
    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._lots: dict[Path, int] = {}
        self._items: dict[_Lot, list[pytest.Item]] = {}
        self._guests: dict[_Lot, _Guest] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sorts the tests by guest, with about as many tests in each lot of a kind."""
        ours = [item for item in items if self._is_ours(item)]
        self._lots = _shares(Counter(item.path for item in ours), _at_once())
        items.sort(key=lambda item: (self._is_ours(item), self._lot(item)))
        for item in items:
            if self._is_ours(item):
                self._items.setdefault(self._lot(item), []).append(item)

    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        if not self._is_ours(item):
            return None
        reason = uml.missing()
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in [_made_here(item, "skipped", reason)] if reason else self._reports(item):
            hook.pytest_runtest_logreport(report=report)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_sessionfinish(self) -> None:
        for guest in self._guests.values():
            guest.stop()

    def _reports(self, item: pytest.Item) -> Iterator[pytest.TestReport]:
        lot = self._lot(item)
        self._start_guests(lot)
        try:
            yield from self._guests[lot].reports(item)
        except GuestLost as lost:
            yield _made_here(item, "failed", str(lost))

    def _start_guests(self, lot: _Lot) -> None:
        """Starts the guest of `lot` and those after it, as many as may run side by side."""
        for former, guest in self._guests.items():
            if former < lot:
                guest.stop()
        later = [each for each in self._items if each >= lot]
        for each in later[: _at_once()]:
            if each not in self._guests:
                wanted = self._items[each]
                self._guests[each] = _Guest(self._config, wanted, systemd=each.systemd)

    def _lot(self, item: pytest.Item) -> _Lot:
        return _Lot(_wants_systemd(item), self._lots.get(item.path, 0))

    def _is_ours(self, item: pytest.Item) -> bool:
        return self._folder in item.path.parents


def _at_once() -> int:
    """Guests that run side by side: each has one processor."""
    return len(os.sched_getaffinity(0))


def _shares(tests: Counter[Path], shares: int) -> dict[Path, int]:
    """Deals files out so that each share has about as many tests: largest file first."""
    given = [0] * shares
    dealt = {}
    for path, count in sorted(tests.items(), key=lambda item: (-item[1], item[0])):
        dealt[path] = given.index(min(given))
        given[dealt[path]] += count
    return dealt


class GuestLost(Exception):
    """The guest ended, or said nothing for too long, before it reported a test. Shows its last words."""


class _Guest:
    """One boot of user-mode Linux that runs pytest on the wanted tests."""

    def __init__(self, config: pytest.Config, wanted: list[pytest.Item], *, systemd: bool) -> None:
        self._config = config
        self._shared = Path(tempfile.mkdtemp(prefix="ignition-machine-"))
        (self._shared / "wanted").write_text("".join(f"{item.nodeid}\n" for item in wanted))
        (self._shared / "reports").touch()
        job = self._shared / "job"
        job.write_text(_job(config, self._shared, sorted({str(item.path) for item in wanted})))
        self._stream = (self._shared / "reports").open()
        self._rest = ""
        self._process: subprocess.Popen[bytes] | None = uml.start(
            job, self._shared, systemd=systemd
        )

    def reports(self, item: pytest.Item) -> Iterator[pytest.TestReport]:
        """The reports of `item`, which is the next one that the guest runs."""
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
                raise GuestLost(f"the guest ended before this test\n{self._last_words()}")
            elif time.monotonic() - heard > SILENCE:
                self._process.kill() if self._process is not None else None
                raise GuestLost(f"no word from the guest for {SILENCE} s\n{self._last_words()}")
            else:
                time.sleep(0.05)

    def _last_words(self) -> str:
        said = []
        for name in ("console", "log"):
            file = self._shared / name
            if file.exists():
                lines = file.read_text(errors="replace").splitlines()[-40:]
                said += [f"--- {name}, last lines", *lines]
        return "\n".join(said)


def _job(config: pytest.Config, shared: Path, files: list[str]) -> str:
    """A shell script: pytest as it runs here, on these files, without traces in the checkout."""
    argv = [
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
    return f"{exports}cd {shlex.quote(str(config.rootpath))}\nexec {shlex.join(argv)}\n"


def _wants_systemd(item: pytest.Item) -> bool:
    return item.get_closest_marker("systemd") is not None


def _made_here(item: pytest.Item, outcome: str, why: str) -> pytest.TestReport:
    longrepr = (str(item.path), 0, why) if outcome == "skipped" else why
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords={},
        outcome=outcome,  # type: ignore[arg-type]
        longrepr=longrepr,
        when="call",
    )
