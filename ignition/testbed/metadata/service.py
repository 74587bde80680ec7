# SPDX-License-Identifier: Apache-2.0
"""What all fakes have in common."""

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
    """One machine's metadata service. `address` is where it lives, `path` where its user data is."""

    address: str
    path: str
    user_data: bytes | None

    def answer(self, seen: Seen) -> Answer:
        """What the real one would answer."""
        ...


class FakeOf(Protocol):
    """Makes the service of a machine with this user data."""

    address: str
    path: str

    def __call__(self, user_data: bytes | None) -> Fake: ...


def found(data: bytes | None, content_type: str = "text/plain") -> Answer:
    """200 with the bytes; 404 without any."""
    return NOT_FOUND if data is None else Answer(200, data, {"Content-Type": content_type})


def takes(seen: Seen, content_type: str) -> bool:
    """Whether the request's Accept header names exactly this type or any."""
    return seen.headers.get("accept", "*/*") in (content_type, "*/*")
