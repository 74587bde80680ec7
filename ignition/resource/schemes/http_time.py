# SPDX-License-Identifier: Apache-2.0
"""Parses dates and Retry-After in response headers."""

from __future__ import annotations

import time
from email.utils import mktime_tz, parsedate_tz

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """The delay of a `Retry-After` header in seconds (RFC 9110, 10.2.3); None without a valid one."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    then = parse_date(text)
    if then is None:
        return None
    # Relative to the server's clock: ours may be at 1970.
    now = parse_date(headers.get("date", ""))
    return float(max(0, then - (int(time.time()) if now is None else now)))


def parse_date(text: str) -> int | None:
    """Seconds since 1970 of an HTTP date; None if it is invalid."""
    try:
        parts = parsedate_tz(text)
        return None if parts is None else int(mktime_tz(parts))
    except (ValueError, OverflowError, TypeError):
        return None
