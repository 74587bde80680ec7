# SPDX-License-Identifier: Apache-2.0
"""Standard input, output and error, which may be closed when the program starts.

Reads and writes use the descriptors directly: output is written when the call returns, nothing is lost in a
buffer, and the locale's encoding does not matter.
"""

from __future__ import annotations

import os

from ignition.base.printable import printable_lines

STDOUT, STDERR = 1, 2


def reserve_descriptors() -> None:
    """Opens /dev/null for standard streams that are closed.

    Otherwise the next file to be opened would get the free descriptor, and messages would be written into it.
    /dev/null is opened in the opposite direction, so that using the stream fails as if it were closed.
    """
    for descriptor, wrong_mode in ((0, os.O_WRONLY), (STDOUT, os.O_RDONLY), (STDERR, os.O_RDONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            try:
                os.set_inheritable(os.open(os.devnull, wrong_mode), True)
            except OSError:
                return  # a root without /dev


def write(descriptor: int, text: str) -> None:
    """Writes all of a text as UTF-8, with lone surrogates (bytes of file names) escaped. OSError on
    failure."""
    rest = memoryview(text.encode("utf-8", "backslashreplace"))
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            _wait(descriptor, to_write=True)


def print_error(text: str, *, styled: bool = False) -> None:
    """Prints to standard error. `styled` text may contain terminal escape sequences. Ignores write errors,
    which could not be reported anywhere."""
    try:
        write(STDERR, text if styled else printable_lines(text))
    except OSError:
        pass


def read(descriptor: int, limit: int) -> bytes:
    """Reads to the end, but at most `limit` + 1 bytes, which tells the caller that the limit is exceeded."""
    data = bytearray()
    while len(data) <= limit:
        try:
            chunk = os.read(descriptor, min(1 << 20, limit + 1 - len(data)))
        except BlockingIOError:
            _wait(descriptor, to_write=False)
            continue
        if not chunk:
            break
        data += chunk
    return bytes(data)


def _wait(descriptor: int, *, to_write: bool) -> None:
    """Waits for a stream that another program has set to non-blocking."""
    import select

    ready = select.poll()
    ready.register(descriptor, select.POLLOUT if to_write else select.POLLIN)
    ready.poll()
