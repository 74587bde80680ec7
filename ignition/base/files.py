# SPDX-License-Identifier: Apache-2.0
"""Writing the engine's own small files: whole or not at all."""

from __future__ import annotations

import os


def write_atomically(path: str, data: bytes, mode: int) -> None:
    """Replaces `path` by a file with exactly this mode. The temporary file stands beside it.

    OSError when it cannot be written; then the old file is untouched and no temporary one is left.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def touch(path: str) -> None:
    """An empty file, its folders made 0755."""
    os.makedirs(os.path.dirname(path) or ".", mode=0o755, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644))
