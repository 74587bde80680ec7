# SPDX-License-Identifier: Apache-2.0
"""What a failed system call on the target's files means, in words."""

from __future__ import annotations

import errno

from ignition.base.errors import Failure, limit
from ignition.base.files import Unfit

# errno -> (code, what it means here, what to do about it)
_TROUBLE = {
    errno.ENOSPC: ("IGN3001", "no space left on the file system", "make it larger, or write less"),
    errno.EDQUOT: ("IGN3001", "the disk quota is used up", "raise it, or write less"),
    errno.EROFS: ("IGN3002", "the file system is read-only", "mount it writable before this phase"),
    errno.ENOTDIR: ("IGN3003", "a part of the path is not a directory", ""),
    errno.ELOOP: ("IGN3004", "too many symlinks in the path", "do the links form a loop?"),
    errno.EACCES: ("IGN3005", "permission denied", ""),
    errno.EPERM: ("IGN3005", "operation not permitted", "is it immutable, or no root at hand?"),
    errno.EBUSY: ("IGN3006", "it is in use, by a mount for example", ""),
    errno.ENAMETOOLONG: ("IGN3007", "the name is too long for the file system", ""),
    errno.EXDEV: ("IGN3008", "both must lie on the same file system", ""),
}


def trouble(error: OSError, doing: str) -> Failure:
    """The failure to report for a failed system call; `doing` is like `cannot write /sysroot/etc/x`."""
    if isinstance(error, Unfit):
        hint = "remove it from the image"
        return Failure(error.code, f"{doing}: {error.strerror}", hint=hint, cause=error)
    known = _TROUBLE.get(error.errno or 0) or limit(error)
    code, meaning, hint = known or ("IGN3000", (error.strerror or str(error)).lower(), "")
    return Failure(code, f"{doing}: {meaning}", hint=hint, cause=error)
