# SPDX-License-Identifier: Apache-2.0
"""Scaleway's user data service: only for clients with a source port below 1024, which takes root."""

from __future__ import annotations

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import FORBIDDEN, NOT_FOUND, WRONG_METHOD, found

FIRST_UNPRIVILEGED_PORT = 1024


class Scaleway:
    """`any_port`: serves clients on all ports; through QEMU's network the guest's own port is unknown."""

    address = "169.254.42.42"
    path = "/user_data/cloud-init"

    def __init__(self, user_data: bytes | None, *, any_port: bool = False) -> None:
        self.user_data = user_data
        self._any_port = any_port

    def answer(self, seen: Seen) -> Answer:
        if seen.peer[1] >= FIRST_UNPRIVILEGED_PORT and not self._any_port:
            return FORBIDDEN
        if seen.method != "GET":
            return WRONG_METHOD
        return found(self.user_data) if seen.target == self.path else NOT_FOUND
