# SPDX-License-Identifier: Apache-2.0
"""Google's metadata server: 403 without its header, which its own answers have too."""

from __future__ import annotations

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import FORBIDDEN, LINK_LOCAL, NOT_FOUND, WRONG_METHOD

FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}


class Gcp:
    address = LINK_LOCAL
    path = "/computeMetadata/v1/instance/attributes/user-data"

    def __init__(self, user_data: bytes | None) -> None:
        self.user_data = user_data

    def answer(self, seen: Seen) -> Answer:
        if seen.method != "GET":
            return WRONG_METHOD
        if seen.headers.get("metadata-flavor") != "Google" or "x-forwarded-for" in seen.headers:
            return FORBIDDEN
        if seen.target != self.path or self.user_data is None:
            return NOT_FOUND
        return Answer(200, self.user_data, {**FLAVOR, "Content-Type": "application/text"})
