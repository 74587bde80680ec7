# SPDX-License-Identifier: Apache-2.0
"""Headless Chromium, driven through a pipe by its DevTools protocol.

Source: https://chromedevtools.github.io/devtools-protocol
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_SECONDS = 90
_FLAGS = (
    *(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
    ),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-quic", "--disable-extensions", "--remote-debugging-pipe"),
)


@dataclass
class Browser:
    """One tab. `requests` are the URLs that the page asked for, `problems` what its console says."""

    _commands: int
    _answers: int
    _log: Path
    _session: str = ""
    _number: int = 0
    _unread: bytes = b""
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _events: list[str] = field(default_factory=list)

    def open_tab(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "Accessibility"):
            self.call(f"{domain}.enable")

    def show(self, page: Path, *, width: int, height: int = 900, scheme: str = "light") -> None:
        """Loads a file in a window of so many pixels, for readers who prefer "light" or "dark"."""
        self.requests.clear()
        self.problems.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        self._events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while "Page.loadEventFired" not in self._events:
            self._receive()

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression. Scripts of the page itself are another matter."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def screenshot(self, clip: dict[str, float] | None = None) -> bytes:
        """The whole page, or a part of it (x, y, width, height), as PNG."""
        more = {"clip": {**clip, "scale": 1}} if clip else {}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, **more)
        return base64.b64decode(shot["data"])

    def call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        session = {"sessionId": self._session} if self._session else {}
        message = {"id": self._number, "method": method, "params": parameters, **session}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _receive(self) -> dict[str, Any]:
        """The next message; events are noted."""
        deadline = time.monotonic() + _SECONDS
        while b"\0" not in self._unread:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self._answers], [], [], left)[0], "no answer"
            data = os.read(self._answers, 1 << 20)
            assert data, f"Chromium has ended: {self._log.read_text(errors='replace')[-2000:]}"
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        method = message.get("method", "")
        self._events.append(method)
        if method == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        elif method in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
            self.problems.append(json.dumps(message["params"]))
        return message


def _pipe() -> tuple[int, int]:
    """A pipe with descriptors from 10 on, out of the way of those that the browser uses."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A browser with a new profile; skips the test if there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    (theirs_in, ours_out), (ours_in, theirs_out) = _pipe(), _pipe()
    # Chromium expects its ends of the pipes as descriptors 3 and 4.
    start = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
    log = profile.with_suffix(".log")
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [
                *("bash", "-c", start, "bash", str(theirs_in), str(theirs_out)),
                *(program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"),
            ],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        browser = Browser(ours_out, ours_in, log)
        browser.open_tab()
        yield browser
        browser._session = ""
        browser.call("Browser.close")
    finally:
        os.close(ours_out)
        os.close(ours_in)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
