# SPDX-License-Identifier: Apache-2.0
"""The interface of the fakes, and responses that they share."""

from __future__ import annotations

from typing import Protocol

from ignition.testbed.httpserver import Answer, Seen

LINK_LOCAL = "169.254.169.254"
NOT_FOUND = Answer(404, b"<html><title>404 - Not Found</title></html>")
FORBIDDEN = Answer(403)
UNAUTHORIZED = Answer(401)
BAD_REQUEST = Answer(400)
WRONG_METHOD = Answer(405)


class Fake(Protocol):
    """The metadata service of one machine: its IP address, and the path of the user data."""

    address: str
    path: str
    user_data: bytes | None

    def answer(self, seen: Seen) -> Answer:
        """The response of the real service."""
        ...


class FakeOf(Protocol):
    """Creates the service of a machine with this user data."""

    address: str
    path: str

    def __call__(self, user_data: bytes | None) -> Fake: ...


def found(data: bytes | None, content_type: str = "text/plain") -> Answer:
    """200 with the bytes, or 404 if there are none."""
    return NOT_FOUND if data is None else Answer(200, data, {"Content-Type": content_type})


def takes(seen: Seen, content_type: str) -> bool:
    """Whether the Accept header is exactly this type or */*."""
    return seen.headers.get("accept", "*/*") in (content_type, "*/*")
