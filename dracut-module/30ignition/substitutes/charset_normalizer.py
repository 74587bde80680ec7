# SPDX-License-Identifier: Apache-2.0
"""Stands in for charset_normalizer, without which requests warns: here every body is bytes."""

__version__ = "3.0.0"


def detect(_data: bytes) -> dict[str, str | None]:
    """Says, as the original does for some bodies, that the encoding is unknown."""
    return {"encoding": None}
