# SPDX-License-Identifier: Apache-2.0
"""Runs a program so that every outcome becomes an exit status and, for failures, a message."""

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
    """Runs `work` and returns the exit status. Never prints a traceback, even with closed streams.

    130 after Ctrl-C, 141 after a broken pipe: the statuses that a shell reports for SIGINT and SIGPIPE.
    """
    try:
        streams.reserve_descriptors()
        status, failure = _call(work)
        if failure is not None:
            print_failure(program, failure)
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        _discard_unflushed()


def print_failure(program: str, failure: Failure) -> None:
    """Prints a failure to standard error: code and text, then the hint on a second line."""
    hint = f"\n  {printable(failure.hint)}" if failure.hint else ""
    streams.print_error(f"{program}: {failure.code}: {printable(failure.text)}{hint}\n")


def _call(work: Callable[[], int]) -> tuple[int, Failure | None]:
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
        pass  # reported below: leaving the handler frees the frames that hold the memory
    except Exception as crash:
        return _WRONG, crash_failure(crash)
    return _WRONG, crash_failure(MemoryError())


def _discard_unflushed() -> None:
    """Flushes the streams, or points them at /dev/null: the interpreter prints an error if it cannot flush
    them at exit."""
    for descriptor, stream in ((streams.STDOUT, sys.stdout), (streams.STDERR, sys.stderr)):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            try:
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
            except OSError:
                pass
