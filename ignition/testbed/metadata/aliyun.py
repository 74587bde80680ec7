# SPDX-License-Identifier: Apache-2.0
"""Alibaba Cloud's metadata service; with `hardened`, requests without a token get a 403."""

from __future__ import annotations

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import (
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    WRONG_METHOD,
    found,
)

TOKEN = "aliyun-session=="


class Aliyun:
    address = "100.100.100.200"
    path = "/latest/user-data"

    def __init__(self, user_data: bytes | None, *, hardened: bool = False) -> None:
        self.user_data = user_data
        self._hardened = hardened

    def answer(self, seen: Seen) -> Answer:
        if seen.target == "/latest/api/token":
            if seen.method != "PUT":
                return WRONG_METHOD
            ttl = seen.headers.get("x-aliyun-ecs-metadata-token-ttl-seconds", "")
            return Answer(200, TOKEN.encode()) if ttl.isdigit() else BAD_REQUEST
        if seen.method != "GET":
            return WRONG_METHOD
        if self._hardened and seen.headers.get("x-aliyun-ecs-metadata-token") != TOKEN:
            return FORBIDDEN
        return found(self.user_data) if seen.target == self.path else NOT_FOUND
