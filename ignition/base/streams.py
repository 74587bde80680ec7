# SPDX-License-Identifier: Apache-2.0
"""Standard input, output and error, whatever state they are in when the program starts.

All bytes go by the descriptors: what is said is out when the call returns, nothing waits in a buffer for an
end that may come too early, and the encoding of the locale has no say.
"""

from __future__ import annotations

import os

from ignition.base.printable import printable_lines

STDOUT, STDERR = 1, 2


def reserve_descriptors() -> None:
    """Puts something in the place of standard streams that are closed.

    The next file to be opened would get the free descriptor, and whatever is said would be written into it.
    /dev/null stands there the wrong way round, so that using the stream fails as if it were still closed.
    """
    for descriptor, wrong_way in ((0, os.O_WRONLY), (STDOUT, os.O_RDONLY), (STDERR, os.O_RDONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            try:
                os.set_inheritable(os.open(os.devnull, wrong_way), True)
            except OSError:
                return  # a root without /dev


def write(descriptor: int, text: str) -> None:
    """All of a text, as UTF-8; what UTF-8 cannot hold (bytes of file names, lone surrogates) is escaped.

    OSError when it cannot be written.
    """
    rest = memoryview(text.encode("utf-8", "backslashreplace"))
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            _wait(descriptor, to_write=True)


def print_error(text: str, *, painted: bool = False) -> None:
    """To standard error; what is `painted` may have escape sequences. If nobody can hear it, there is nobody
    to tell."""
    try:
        write(STDERR, text if painted else printable_lines(text))
    except OSError:
        pass


def read(descriptor: int, limit: int) -> bytes:
    """All that is to be read, but only a little more than `limit` bytes. OSError when it cannot be read."""
    data = bytearray()
    while len(data) <= limit:
        try:
            piece = os.read(descriptor, min(1 << 20, limit + 1 - len(data)))
        except BlockingIOError:
            _wait(descriptor, to_write=False)
            continue
        if not piece:
            break
        data += piece
    return bytes(data)


def _wait(descriptor: int, *, to_write: bool) -> None:
    """For a stream that another program has made non-blocking."""
    import select

    ready = select.poll()
    ready.register(descriptor, select.POLLOUT if to_write else select.POLLIN)
    ready.poll()
