# SPDX-License-Identifier: Apache-2.0
"""The times in the headers of an answer: when, and how long to wait before the next try."""

from __future__ import annotations

import time
from email.utils import mktime_tz, parsedate_tz

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that `Retry-After` asks for (RFC 9110, 10.2.3), None if it does not."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    then = parse_date(text)
    if then is None:
        return None
    # By the server's clock: ours may stand at 1970.
    now = parse_date(headers.get("date", ""))
    return float(max(0, then - (int(time.time()) if now is None else now)))


def parse_date(text: str) -> int | None:
    """The time that a header names, in seconds since 1970; None if it is none."""
    try:
        parts = parsedate_tz(text)
        return None if parts is None else int(mktime_tz(parts))
    except (ValueError, OverflowError, TypeError):
        return None
