# SPDX-License-Identifier: Apache-2.0
"""EC2's instance metadata service, second version: nothing without a token from a PUT.

`v1` is the first version alone, as older regions and look-alikes have it: no tokens, everything by GET.
"""

from __future__ import annotations

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import (
    BAD_REQUEST,
    FORBIDDEN,
    LINK_LOCAL,
    NOT_FOUND,
    UNAUTHORIZED,
    WRONG_METHOD,
    found,
)

TOKEN = "AQAEAN-session=="
LONGEST = 21600
FORWARDED = "x-forwarded-for"


class Aws:
    address = LINK_LOCAL
    path = "/2019-10-01/user-data"

    def __init__(self, user_data: bytes | None, *, v1: bool = False) -> None:
        self.user_data = user_data
        self._v1 = v1

    def answer(self, seen: Seen) -> Answer:
        if seen.path == "/latest/api/token":
            return NOT_FOUND if self._v1 else _token(seen)
        if seen.method != "GET":
            return WRONG_METHOD
        if not self._v1 and seen.headers.get("x-aws-ec2-metadata-token") != TOKEN:
            return UNAUTHORIZED
        if seen.target != self.path:
            return NOT_FOUND
        return found(self.user_data, "application/octet-stream")


def _token(seen: Seen) -> Answer:
    if seen.method != "PUT":
        return WRONG_METHOD
    if FORWARDED in seen.headers:  # a proxy is in the way
        return FORBIDDEN
    ttl = seen.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
    if not ttl.isdigit() or not 1 <= int(ttl) <= LONGEST or seen.body:
        return BAD_REQUEST
    return Answer(200, TOKEN.encode(), {"X-aws-ec2-metadata-token-ttl-seconds": ttl})
