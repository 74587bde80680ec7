# SPDX-License-Identifier: Apache-2.0
"""A config that lies on a drive or in a metadata service, and nobody knows in which: all are asked at once.

The original takes the first answer, even that there is nothing. Here bytes win over no bytes: a source that
has nothing gives the others some seconds more.
"""

from __future__ import annotations

import _queue
import _thread

from ignition.base.errors import Failure, thread_failure
from ignition.providers import configdrive
from ignition.resource.context import silent
from ignition.resource.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ignition.resource.context import FetchContext

    Ask = Callable[[FetchContext], bytes]
    Answer = tuple[str, bytes | BaseException]

POLL = 0.5
# Seconds that the others have after the first one has answered that there is nothing.
GRACE = 10.0


def fetch(
    ctx: FetchContext,
    *,
    drives: Mapping[str, str],
    services: Callable[[], Mapping[str, Ask]] | None = None,
) -> bytes:
    """The first bytes that come from one of the drives, each a label and the path of the file, or from one of
    the services: a name and how to ask it. More services may come to be while it runs.

    No bytes when a source has none and no other has any in time, or when all have failed. Without any
    answer it waits, for ever unless `ignition.wait.fetch=` bounds it (IGN5510).
    """
    race = _Race(ctx, drives)
    limit = float(ctx.settings.wait_fetch)
    what = f"a drive labelled {' or '.join(drives)}"
    what += ", or the metadata service" if services else ""
    try:
        with Watch(ctx.progress, what, limit=limit) as watch:
            while True:
                if services:
                    race.start(services())
                race.look()
                data = race.result()
                if data is not None:
                    return data
                watch.reason = race.state()
                if watch.expired:
                    if race.nothing_until is not None:
                        return b""
                    text = f"no config within {limit:g} s from {what}"
                    raise Failure("IGN5510", text, hint=watch.reason)
    finally:
        race.end()


class _Over(Exception):
    """Ends a thread whose answer nobody waits for any more."""


class _Race:
    def __init__(self, ctx: FetchContext, drives: Mapping[str, str]) -> None:
        self._ctx = ctx
        self._drives = dict(drives)
        self._answers: _queue.SimpleQueue[Answer] = _queue.SimpleQueue()
        self._started: set[str] = set()
        self._pending: set[str] = set()
        self._failed: dict[str, str] = {}
        # Set once a source has answered that it has nothing.
        self.nothing_until: float | None = None
        self._over = _thread.allocate_lock()
        self._over.acquire()
        self._asking = ctx.using(ctx.transport)
        self._asking.progress = silent
        self._asking.sleep = self._sleep

    def start(self, services: Mapping[str, Ask]) -> None:
        for name, ask in services.items():
            if name not in self._started:
                self._started.add(name)
                self._pending.add(name)
                try:
                    _thread.start_new_thread(self._run, (name, ask))
                except RuntimeError as error:
                    raise thread_failure(error) from error

    def _run(self, name: str, ask: Ask) -> None:
        try:
            self._answers.put((name, ask(self._asking)))
        except _Over:
            pass
        except BaseException as error:  # goes on in the thread that waits
            self._answers.put((name, error))

    def _sleep(self, seconds: float) -> None:
        """A sleep that ends with the race."""
        if self._over.acquire(timeout=seconds):
            self._over.release()
            raise _Over

    def look(self) -> None:
        """Reads the drives that have appeared."""
        for label, path in list(self._drives.items()):
            device = configdrive.find(self._ctx, [label])
            if device:
                del self._drives[label]
                self._pending.add(label)
                try:
                    data = configdrive.read(self._ctx, device, configdrive.file(path))
                    self._answers.put((label, data))
                except Failure as failure:
                    self._answers.put((label, failure))

    def result(self) -> bytes | None:
        """What the race has come to after the next answer or some time; None when it goes on."""
        try:
            name, answer = self._answers.get(timeout=POLL)
        except _queue.Empty:
            if self.nothing_until is not None and self._ctx.clock() >= self.nothing_until:
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
            if self.nothing_until is None:
                self.nothing_until = self._ctx.clock() + GRACE
        if self._drives or self._pending:
            return None
        for name, why in self._failed.items():
            self._ctx.progress(f"going on without a config: {name}: {why}")
        return b""

    def state(self) -> str:
        """Why it still waits."""
        waits = [f"no drive labelled {label}" for label in self._drives]
        waits += [f"{name}: {why}" for name, why in self._failed.items()]
        waits += [f"no answer from {name}" for name in sorted(self._pending)]
        return ", ".join(waits)

    def end(self) -> None:
        """Lets the threads end at their next pause."""
        self._over.release()
