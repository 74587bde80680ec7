# SPDX-License-Identifier: Apache-2.0
"""Azure's instance metadata service: the header, the version and the format must be right. No proxy may be in
the way. A machine without user data gets no bytes."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import (
    BAD_REQUEST,
    LINK_LOCAL,
    NOT_FOUND,
    WRONG_METHOD,
)


class Azure:
    address = LINK_LOCAL
    path = "/metadata/instance/compute/userData"

    def __init__(self, user_data: bytes | None) -> None:
        self.user_data = user_data

    def answer(self, seen: Seen) -> Answer:
        if seen.method != "GET":
            return WRONG_METHOD
        if seen.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in seen.headers:
            return BAD_REQUEST
        url = urlsplit(seen.target)
        if url.path != self.path:
            return NOT_FOUND
        # userData is there since this version
        if parse_qs(url.query) != {"api-version": ["2021-01-01"], "format": ["text"]}:
            return BAD_REQUEST
        return Answer(200, base64.b64encode(self.user_data or b""), {"Content-Type": "text/plain"})
