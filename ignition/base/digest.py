# SPDX-License-Identifier: Apache-2.0
"""SHA-256 and SHA-512 without OpenSSL.

`hashlib` loads libcrypto, which costs 5 ms and 4 MiB. The interpreter's built-in modules are half as fast,
which is enough until something else (TLS) has loaded libcrypto anyway.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Hash(Protocol):
        """The part of a hash object that the callers use."""

        def update(self, data: bytes | bytearray | memoryview, /) -> None: ...
        def hexdigest(self) -> str: ...


# Algorithm -> number of hexadecimal digits.
HEX_DIGITS = {"sha256": 64, "sha512": 128}


def new(algorithm: str) -> Hash:
    """A new hash object; `algorithm` is a key of `HEX_DIGITS`."""
    if "hashlib" not in sys.modules:
        try:
            return _built_in(algorithm)
        except ImportError:
            pass  # Fedora's interpreter leaves them out, and has OpenSSL compute every digest.
    import hashlib

    fast: Hash = hashlib.new(algorithm)
    return fast


def _built_in(algorithm: str) -> Hash:
    # Import statements, so that the initramfs build sees which modules are needed.
    hasher: Hash
    if sys.version_info >= (3, 12):
        import _sha2

        hasher = getattr(_sha2, algorithm)()
    elif algorithm == "sha256":
        import _sha256  # type: ignore[import-not-found]

        hasher = _sha256.sha256()
    else:
        import _sha512  # type: ignore[import-not-found]

        hasher = _sha512.sha512()
    return hasher


def sha512(data: bytes) -> str:
    """The SHA-512 digest in hexadecimal."""
    hasher = new("sha512")
    hasher.update(data)
    return hasher.hexdigest()
