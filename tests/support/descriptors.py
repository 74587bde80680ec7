# SPDX-License-Identifier: Apache-2.0
"""Limits the file descriptors that a test can open."""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def descriptors_left(count: int) -> Iterator[None]:
    """Lets this process open `count` more descriptors; what other tests left open doesn't matter."""
    gc.collect()  # sockets that wait for it would be closed while the limit holds
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
