# SPDX-License-Identifier: Apache-2.0
"""Replaces charset_normalizer, without which requests warns. The engine only reads bodies as bytes."""

__version__ = "3.0.0"


def detect(_data: bytes) -> dict[str, str | None]:
    """The encoding is unknown, as the real module returns for some bodies."""
    return {"encoding": None}
