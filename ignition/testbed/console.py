# SPDX-License-Identifier: Apache-2.0
"""The serial console of a guest: copied to a file, and passed on line by line."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

ESCAPES = re.compile(
    r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[c78=>])|[\r\x00]"
)
"""Control sequences of terminals (ECMA-48), such as systemd resets the console with."""


class Console:
    """Reads `stream` in a thread of its own until it ends.

    heard    set by the first line, and at the end
    error    why the file could not be written; the stream is read on, so that QEMU does not block
    """

    def __init__(
        self,
        stream: IO[bytes],
        log: Path,
        on_line: Callable[[str], None] | None,
        wanted: frozenset[re.Pattern[str]] = frozenset(),
    ) -> None:
        self._stream, self._log, self._on_line = stream, log, on_line
        self._wanted = set(wanted)
        self._seen: dict[re.Pattern[str], float] = {}
        self.heard = threading.Event()
        self.error: OSError | None = None
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def seen(self, pattern: re.Pattern[str]) -> float | None:
        """When the first line that matches was printed (time.monotonic); None if none was."""
        return self._seen.get(pattern)

    def _copy(self) -> None:
        with self._log.open("wb", buffering=0) as log:
            for raw in self._stream:
                self.heard.set()
                line = ESCAPES.sub("", raw.decode(errors="replace")).rstrip("\n")
                self._note(line)
                if self.error is None:
                    self._write(log, line)
                if self._on_line is not None:
                    self._on_line(line)
        self.heard.set()

    def _note(self, line: str) -> None:
        for pattern in [one for one in self._wanted if one.search(line)]:
            self._seen[pattern] = time.monotonic()
            self._wanted.discard(pattern)

    def _write(self, log: IO[bytes], line: str) -> None:
        try:
            log.write(f"{line}\n".encode())
        except OSError as error:
            self.error = error
