# SPDX-License-Identifier: Apache-2.0
"""The one way to start a program: logged, timed, its output kept, no shell.

`subprocess` costs 14 ms at every start; `posix_spawn` with two pipes does what is needed here.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import select
import time

from ignition.base.errors import CommandFailed, resource_limit
from ignition.base.log import quote
from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ignition.base.log import Log
    from ignition.base.origin import Origin

HIDDEN = "***"
# Python ignores these two; a program wants to be ended by them, as when a shell starts it.
_DEFAULT = (_signal.SIGPIPE, _signal.SIGXFSZ)


@record
class Result:
    """How a program ended: its exit status (negative: the signal), its output, its time in seconds."""

    status: int
    stdout: str
    stderr: str
    seconds: float


def run(
    log: Log,
    argv: Sequence[str],
    *,
    what: str = "",
    stdin: bytes = b"",
    secret: Sequence[int] = (),
    check: bool = True,
    origin: Origin | None = None,
    environment: dict[str, str] | None = None,
) -> Result:
    """Runs `argv` (looked up in PATH) to its end.

    `what` makes it a logged operation. `secret` holds the indexes of words that no log and no error may
    show. With `check`, an exit status other than 0 raises CommandFailed (IGN7002), as does a program that
    cannot be started (IGN7001). `environment` replaces the inherited one.
    """
    if what:
        with log.operation(what) as inner:
            return _run(inner, argv, stdin, secret, check, origin, environment)
    return _run(log, argv, stdin, secret, check, origin, environment)


def _run(
    log: Log,
    argv: Sequence[str],
    stdin: bytes,
    secret: Sequence[int],
    check: bool,
    origin: Origin | None,
    environment: dict[str, str] | None,
) -> Result:
    shown = " ".join(quote(HIDDEN if index in secret else word) for index, word in enumerate(argv))
    log.debug(f"executing: {shown}")
    started = time.monotonic()
    try:
        status, stdout, stderr = _spawn(argv, stdin, environment)
    except OSError as error:
        code, why, hint = resource_limit(error) or (
            "IGN7001",
            str(error.strerror),
            f"{argv[0]} must be in the initramfs, on PATH",
        )
        raise CommandFailed(
            code, f"cannot start {argv[0]}: {why}", origin, hint=hint, status=127
        ) from error
    except ValueError as error:
        raise CommandFailed(
            "IGN7001", f"cannot start {argv[0]}: a word of its command holds a NUL byte", origin
        ) from error
    result = Result(status, stdout, stderr, time.monotonic() - started)
    if check and status != 0:
        from ignition.system import diagnostics

        stdout, stderr = (_without(text, argv, secret) for text in (stdout, stderr))
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        raise CommandFailed(
            "IGN7002",
            f"{how}: Cmd: {shown} Stdout: {quote(stdout)} Stderr: {quote(stderr)}",
            origin,
            hint=_hint(status, diagnostics.summarize(stdout, stderr, argv, started)),
            status=status,
            stdout=stdout,
            stderr=stderr,
        )
    return result


def _without(text: str, argv: Sequence[str], secret: Sequence[int]) -> str:
    """What a program printed without the secret words of its command, which it may repeat."""
    for index in secret:
        text = text.replace(argv[index], HIDDEN) if argv[index] else text
    return text


def _hint(status: int, said_by_it: str) -> str:
    if not said_by_it and status < 0:
        return f"it was killed by signal {-status}; the kernel's log may say why"
    return said_by_it


def _spawn(
    argv: Sequence[str], stdin: bytes, environment: dict[str, str] | None
) -> tuple[int, str, str]:
    ours: list[int] = []
    theirs: list[int] = []
    try:
        for _ in range(2):
            read, write = os.pipe()
            ours.append(read)
            theirs.append(write)
        if stdin:
            read, write = os.pipe()
            ours.append(write)
        else:
            read = os.open("/dev/null", os.O_RDONLY)
        theirs.append(read)
        # Ours carry close-on-exec (PEP 446); dup2 onto 0, 1, 2 takes it off the program's ends.
        pid = os.posix_spawnp(
            argv[0],
            list(argv),
            os.environ if environment is None else environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, read, 0),
                (os.POSIX_SPAWN_DUP2, theirs[0], 1),
                (os.POSIX_SPAWN_DUP2, theirs[1], 2),
            ],
            setsigdef=_DEFAULT,
        )
    except BaseException:
        _close(ours)
        raise
    finally:
        _close(theirs)
    try:
        output = _communicate(ours, stdin)
    finally:
        # Also when a signal or a want of memory interrupts us: what it does to a disk is not left behind.
        _, wait_status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(wait_status), *output


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _communicate(ours: list[int], stdin: bytes) -> tuple[str, str]:
    """Feeds and drains all pipes at once, so that neither side waits for the other: standard output and
    error of the program, and its input if there is any. All are closed on return."""
    chunks: list[list[bytes]] = [[], []]
    rest = memoryview(stdin)
    waiting = list(ours)
    try:
        poll = select.poll()
        for descriptor in ours[:2]:
            poll.register(descriptor, select.POLLIN)
        for descriptor in ours[2:]:
            os.set_blocking(descriptor, False)
            poll.register(descriptor, select.POLLOUT)
        while waiting:
            for descriptor, _ in poll.poll():
                which = ours.index(descriptor)
                if which == 2:
                    try:
                        rest = rest[os.write(descriptor, rest[:65536]) :]
                    except BrokenPipeError:
                        # It does not want to know: its exit status says whether that is bad.
                        rest = rest[:0]
                    if rest:
                        continue
                else:
                    data = os.read(descriptor, 65536)
                    if data:
                        chunks[which].append(data)
                        continue
                poll.unregister(descriptor)
                waiting.remove(descriptor)
                os.close(descriptor)
    finally:
        _close(waiting)
    return _text(chunks[0]), _text(chunks[1])


def _text(chunks: list[bytes]) -> str:
    return b"".join(chunks).decode("utf-8", "replace")
