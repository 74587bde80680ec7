# SPDX-License-Identifier: Apache-2.0
"""Oracle's metadata service, version 2: it needs its Authorization header; user data is in base64."""

from __future__ import annotations

import base64

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import (
    LINK_LOCAL,
    NOT_FOUND,
    UNAUTHORIZED,
    WRONG_METHOD,
    found,
)


class OracleCloud:
    address = LINK_LOCAL
    path = "/opc/v2/instance/metadata/user_data"

    def __init__(self, user_data: bytes | None) -> None:
        self.user_data = user_data

    def answer(self, seen: Seen) -> Answer:
        if seen.method != "GET":
            return WRONG_METHOD
        if seen.headers.get("authorization") != "Bearer Oracle":
            return UNAUTHORIZED
        if seen.target != self.path or self.user_data is None:
            return NOT_FOUND
        return found(base64.b64encode(self.user_data))
