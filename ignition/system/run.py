# SPDX-License-Identifier: Apache-2.0
"""The only way to run a program: logged, timed, with captured output, without a shell.

Importing `subprocess` takes 14 ms; `posix_spawn` with two pipes is enough.
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
# Python ignores these signals; child processes expect the default action.
_DEFAULT = (_signal.SIGPIPE, _signal.SIGXFSZ)


@record
class Result:
    """Exit status (negative: the signal), output, and duration in seconds."""

    status: int
    stdout: str
    stderr: str
    seconds: float


def run(
    log: Log,
    args: Sequence[str],
    *,
    what: str = "",
    stdin: bytes = b"",
    secret: Sequence[int] = (),
    keep: Sequence[int] = (),
    check: bool = True,
    origin: Origin | None = None,
    environment: dict[str, str] | None = None,
    hidden: Sequence[str] = (),
) -> Result:
    """Runs a command and waits for it. `args[0]` is looked up in PATH.

    `what` makes it a logged operation. `secret` lists the indexes of arguments that must not appear in logs
    and errors. With `check`, a non-zero exit status raises CommandFailed (IGN7002). A program that cannot be
    started raises it too (IGN7001). `environment` replaces the inherited one. The program inherits the
    descriptors `keep` under the same numbers. `hidden` are texts that must not appear in errors.
    """
    if what:
        with log.operation(what) as inner:
            return _run(inner, args, stdin, secret, keep, check, origin, environment, hidden)
    return _run(log, args, stdin, secret, keep, check, origin, environment, hidden)


def _run(
    log: Log,
    args: Sequence[str],
    stdin: bytes,
    secret: Sequence[int],
    keep: Sequence[int],
    check: bool,
    origin: Origin | None,
    environment: dict[str, str] | None,
    hidden: Sequence[str],
) -> Result:
    shown = " ".join(quote(HIDDEN if index in secret else arg) for index, arg in enumerate(args))
    log.debug(f"executing: {shown}")
    started = time.monotonic()
    try:
        status, stdout, stderr = _spawn(args, stdin, keep, environment)
    except OSError as error:
        code, why, hint = resource_limit(error) or (
            "IGN7001",
            str(error.strerror),
            f"{args[0]} must be in the initramfs, on PATH",
        )
        raise CommandFailed(
            code, f"cannot start {args[0]}: {why}", origin, hint=hint, status=127
        ) from error
    except ValueError as error:
        raise CommandFailed(
            "IGN7001", f"cannot start {args[0]}: an argument contains a NUL byte", origin
        ) from error
    result = Result(status, stdout, stderr, time.monotonic() - started)
    if check and status != 0:
        from ignition.system import diagnostics

        texts = [*(args[index] for index in secret), *hidden]
        stdout, stderr = (_without(text, texts) for text in (stdout, stderr))
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        raise CommandFailed(
            "IGN7002",
            f"{how}: Cmd: {shown} Stdout: {quote(stdout)} Stderr: {quote(stderr)}",
            origin,
            hint=_hint(status, diagnostics.summarize(stdout, stderr, args, started)),
            status=status,
            stdout=stdout,
            stderr=stderr,
        )
    return result


def _without(text: str, secrets: Sequence[str]) -> str:
    """A program's output without secrets, such as arguments that it repeats."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN) if secret else text
    return text


def _hint(status: int, diagnosis: str) -> str:
    if not diagnosis and status < 0:
        return f"killed by signal {-status}; the kernel log may say why"
    return diagnosis


def _spawn(
    args: Sequence[str], stdin: bytes, keep: Sequence[int], environment: dict[str, str] | None
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
        # All descriptors are close-on-exec (PEP 446); dup2 clears that for the child, also onto themselves.
        pid = os.posix_spawnp(
            args[0],
            list(args),
            os.environ if environment is None else environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, read, 0),
                (os.POSIX_SPAWN_DUP2, theirs[0], 1),
                (os.POSIX_SPAWN_DUP2, theirs[1], 2),
                *((os.POSIX_SPAWN_DUP2, fileno, fileno) for fileno in keep),
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
        # Even after an interrupt or a MemoryError: the program may still be writing to a disk.
        _, wait_status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(wait_status), *output


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _communicate(ours: list[int], stdin: bytes) -> tuple[str, str]:
    """Writes stdin and reads stdout and stderr concurrently, so that neither side blocks on a full pipe.
    Closes all of our descriptors."""
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
                        # The program does not read all of its input; its exit status decides.
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
