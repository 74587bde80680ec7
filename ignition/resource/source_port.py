# SPDX-License-Identifier: Apache-2.0
"""A source port that only root may bind, for services that accept it as proof of identity."""

from __future__ import annotations

import _socket
import errno
import os

from ignition.base.errors import Failure

LOWEST, HIGHEST = 1, 1022
# On average every port is tried once before the search fails.
_ATTEMPTS = 1000


def find_free() -> int:
    """A random free port below 1023. Failure IGN4030 if the process may not bind one, or none is free."""
    for _ in range(_ATTEMPTS):
        port = LOWEST + int.from_bytes(os.urandom(4), "big") % (HIGHEST - LOWEST + 1)
        probe = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        try:
            probe.bind(("", port))
            return port
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            raise Failure(
                "IGN4030",
                f"cannot send from a port below {HIGHEST + 1}: {error.strerror}",
                hint="this needs root or the capability CAP_NET_BIND_SERVICE",
            ) from error
        finally:
            probe.close()
    raise Failure("IGN4030", f"no port below {HIGHEST + 1} is free")
