# SPDX-License-Identifier: Apache-2.0
"""Equinix Metal's metadata service and its endpoint for events.

The real service is https://metadata.packet.net. `home` is the phone-home URL in the metadata.
"""

from __future__ import annotations

import json
from typing import Any

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import BAD_REQUEST, NOT_FOUND, WRONG_METHOD

NOT_ACCEPTABLE = Answer(406)


class Packet:
    address = "127.0.0.1"
    path = "/userdata"

    def __init__(self, user_data: bytes | None, *, home: str = "") -> None:
        self.user_data = user_data
        self.home = home
        self.events: list[dict[str, Any]] = []

    def answer(self, seen: Seen) -> Answer:
        if seen.headers.get("accept", "*/*") != "*/*":
            return NOT_ACCEPTABLE
        if seen.target == "/events":
            return self._event(seen)
        if seen.method != "GET":
            return WRONG_METHOD
        if seen.target == "/metadata":
            return Answer(200, json.dumps({"id": "1", "phone_home_url": self.home}).encode())
        return Answer(200, self.user_data or b"") if seen.target == self.path else NOT_FOUND

    def _event(self, seen: Seen) -> Answer:
        if seen.method != "POST":
            return WRONG_METHOD
        if seen.headers.get("content-type") != "application/json":
            return BAD_REQUEST
        event = json.loads(seen.body)
        if event.get("state") not in ("running", "failed"):
            return BAD_REQUEST
        self.events.append(event)
        return Answer(200)
