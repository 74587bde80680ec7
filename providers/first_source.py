# SPDX-License-Identifier: Apache-2.0
"""Asks several drives and metadata services at once, and uses the first config.

Ignition takes the first answer, even an empty one. Here a config wins over an empty answer: after the first
empty answer the other sources get `GRACE_PERIOD` more seconds.
"""

from __future__ import annotations

import _queue
import _thread

from ignition.base.errors import Failure, thread_failure
from ignition.providers import configdrive
from ignition.resource.context import no_progress
from ignition.resource.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ignition.resource.context import FetchContext

    Service = Callable[[FetchContext], bytes]
    Answer = tuple[str, bytes | BaseException]

POLL_INTERVAL = 0.5
# Seconds for the other sources after the first empty answer.
GRACE_PERIOD = 10.0


def fetch(
    ctx: FetchContext,
    *,
    drives: Mapping[str, str],
    services: Callable[[], Mapping[str, Service]] | None = None,
) -> bytes:
    """The first config from one of the sources.

    `drives` maps filesystem labels to the path of the file. `services()` maps names to functions that ask a
    metadata service; it is called repeatedly, because services may appear when an interface comes up.

    Returns b"" after an empty answer and the grace period, or if all sources failed. Without any answer it
    waits, for ever unless `ignition.wait.fetch=` sets a limit (IGN5510).
    """
    search = _Search(ctx, drives)
    limit = float(ctx.settings.wait_fetch)
    what = f"a drive labelled {' or '.join(drives)}"
    what += ", or the metadata service" if services else ""
    try:
        with Watch(ctx.progress, what, limit=limit) as watch:
            while True:
                if services:
                    search.start(services())
                search.read_drives()
                data = search.next_result()
                if data is not None:
                    return data
                watch.reason = search.waiting_for()
                if watch.expired:
                    if search.empty_after is not None:
                        return b""
                    text = f"no config within {limit:g} s from {what}"
                    raise Failure("IGN5510", text, hint=watch.reason)
    finally:
        search.stop()


class _SearchEnded(Exception):
    """Ends a thread whose answer is no longer needed."""


class _Search:
    def __init__(self, ctx: FetchContext, drives: Mapping[str, str]) -> None:
        self._ctx = ctx
        self._drives = dict(drives)
        self._answers: _queue.SimpleQueue[Answer] = _queue.SimpleQueue()
        self._started: set[str] = set()
        self._pending: set[str] = set()
        self._failed: dict[str, str] = {}
        # When to return b"", set by the first empty answer.
        self.empty_after: float | None = None
        self._ended = _thread.allocate_lock()
        self._ended.acquire()
        self._service_ctx = ctx.with_transport(ctx.transport)
        self._service_ctx.progress = no_progress
        self._service_ctx.sleep = self._sleep

    def start(self, services: Mapping[str, Service]) -> None:
        for name, service in services.items():
            if name not in self._started:
                self._started.add(name)
                self._pending.add(name)
                try:
                    _thread.start_new_thread(self._run, (name, service))
                except RuntimeError as error:
                    raise thread_failure(error) from error

    def _run(self, name: str, service: Service) -> None:
        try:
            self._answers.put((name, service(self._service_ctx)))
        except _SearchEnded:
            pass
        except BaseException as error:  # raised again in the waiting thread
            self._answers.put((name, error))

    def _sleep(self, seconds: float) -> None:
        """A sleep that is cut short when the search ends."""
        if self._ended.acquire(timeout=seconds):
            self._ended.release()
            raise _SearchEnded

    def read_drives(self) -> None:
        """Reads drives that have appeared."""
        for label, path in list(self._drives.items()):
            device = configdrive.find_device(self._ctx, [label])
            if device:
                del self._drives[label]
                self._pending.add(label)
                try:
                    data = configdrive.read(self._ctx, device, configdrive.file_reader(path))
                    self._answers.put((label, data))
                except Failure as failure:
                    self._answers.put((label, failure))

    def next_result(self) -> bytes | None:
        """Processes the next answer, or waits for `POLL_INTERVAL`. None if the search continues."""
        try:
            name, answer = self._answers.get(timeout=POLL_INTERVAL)
        except _queue.Empty:
            if self.empty_after is not None and self._ctx.clock() >= self.empty_after:
                return b""
            return None
        self._pending.discard(name)
        if isinstance(answer, Failure):
            self._failed[name] = f"{answer.text} ({answer.hint})" if answer.hint else answer.text
            self._ctx.log.warning(f"no config from {name}: {self._failed[name]}")
        elif isinstance(answer, BaseException):
            raise answer
        elif answer:
            self._ctx.log.info(f"the config comes from {name}")
            return answer
        else:
            self._ctx.log.info(f"{name} has no config")
            if self.empty_after is None:
                self.empty_after = self._ctx.clock() + GRACE_PERIOD
        if self._drives or self._pending:
            return None
        for name, why in self._failed.items():
            self._ctx.progress(f"going on without a config: {name}: {why}")
        return b""

    def waiting_for(self) -> str:
        """What the search is waiting for, for the console."""
        waits = [f"no drive labelled {label}" for label in self._drives]
        waits += [f"{name}: {why}" for name, why in self._failed.items()]
        waits += [f"no answer from {name}" for name in sorted(self._pending)]
        return ", ".join(waits)

    def stop(self) -> None:
        """Makes the threads end at their next sleep."""
        self._ended.release()
