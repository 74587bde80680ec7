# SPDX-License-Identifier: Apache-2.0
"""The border of every program: whatever happens inside becomes an exit status and words for people."""

from __future__ import annotations

import os
import sys

from ignition.base import streams
from ignition.base.errors import Failure, crash_failure
from ignition.base.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED, BROKEN_PIPE = 130, 141
_WRONG = 2


def run(program: str, work: Callable[[], int]) -> int:
    """Runs a program and returns its exit status; never a traceback, whatever the streams are.

    130 after Ctrl-C, 141 when nobody reads the output any more, as shells say it.
    """
    try:
        streams.reserve_descriptors()
        status, failure = _ended(work)
        if failure is not None:
            print_failure(program, failure)
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        _let_go()


def print_failure(program: str, failure: Failure) -> None:
    """A failure in two lines on standard error: what, and what to do."""
    hint = f"\n  {printable(failure.hint)}" if failure.hint else ""
    streams.print_error(f"{program}: {failure.code}: {printable(failure.text)}{hint}\n")


def _ended(work: Callable[[], int]) -> tuple[int, Failure | None]:
    try:
        return work(), None
    except Failure as failure:
        return failure.exit_status, failure
    except KeyboardInterrupt:
        return INTERRUPTED, None
    except BrokenPipeError:
        return BROKEN_PIPE, None
    except SystemExit as asked:  # argparse, after --help
        return asked.code if isinstance(asked.code, int) else 0, None
    except MemoryError:
        pass  # said below, when what took the memory is gone with the exception
    except Exception as crash:
        return _WRONG, crash_failure(crash)
    return _WRONG, crash_failure(MemoryError())


def _let_go() -> None:
    """Leaves nothing for the interpreter to complain of when it flushes its streams at the end."""
    for descriptor, stream in ((streams.STDOUT, sys.stdout), (streams.STDERR, sys.stderr)):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            try:
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
            except OSError:
                pass
