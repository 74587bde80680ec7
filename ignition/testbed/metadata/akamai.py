# SPDX-License-Identifier: Apache-2.0
"""Akamai's metadata service: a token from a PUT, a strict Accept header, and user data in base64."""

from __future__ import annotations

import base64

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import (
    BAD_REQUEST,
    LINK_LOCAL,
    NOT_FOUND,
    UNAUTHORIZED,
    WRONG_METHOD,
    takes,
)

TOKEN = "akamai-session"
NOT_ACCEPTABLE = Answer(406)


class Akamai:
    address = LINK_LOCAL
    path = "/v1/user-data"

    def __init__(self, user_data: bytes | None) -> None:
        self.user_data = user_data

    def answer(self, seen: Seen) -> Answer:
        if not takes(seen, "text/plain"):
            return NOT_ACCEPTABLE
        if seen.target == "/v1/token":
            if seen.method != "PUT":
                return WRONG_METHOD
            expiry = seen.headers.get("metadata-token-expiry-seconds", "")
            # With a line end, which clients must strip.
            return Answer(200, f"{TOKEN}\n".encode()) if expiry.isdigit() else BAD_REQUEST
        if seen.method != "GET":
            return WRONG_METHOD
        if seen.headers.get("metadata-token") != TOKEN:
            return UNAUTHORIZED
        if seen.target != self.path:
            return NOT_FOUND
        return Answer(200, base64.encodebytes(self.user_data or b""))
