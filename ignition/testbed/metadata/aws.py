# SPDX-License-Identifier: Apache-2.0
"""EC2's instance metadata service, version 2: every request needs a token from a PUT.

With `v1` it is version 1, as in older regions and compatible clouds: GET requests without tokens. It also
serves the credentials of the role of the instance, if there is one.
"""

from __future__ import annotations

import dataclasses
import json
import time

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


@dataclasses.dataclass(frozen=True)
class Role:
    """The role of an instance. `lasts`: seconds until its credentials expire."""

    name: str
    access_key: str
    secret_key: str
    token: str
    lasts: int = 6 * 3600


class Aws:
    address = LINK_LOCAL
    path = "/2019-10-01/user-data"

    def __init__(
        self,
        user_data: bytes | None,
        *,
        v1: bool = False,
        role: Role | None = None,
        region: str = "us-east-1",
    ) -> None:
        self.user_data = user_data
        self.role = role
        self._region = region
        self._v1 = v1

    def answer(self, seen: Seen) -> Answer:
        if seen.path == "/latest/api/token":
            return NOT_FOUND if self._v1 else _token(seen)
        if seen.method != "GET":
            return WRONG_METHOD
        if not self._v1 and seen.headers.get("x-aws-ec2-metadata-token") != TOKEN:
            return UNAUTHORIZED
        if seen.target == self.path:
            return found(self.user_data, "application/octet-stream")
        return self._about_the_instance(seen.target)

    def _about_the_instance(self, target: str) -> Answer:
        if target == "/latest/dynamic/instance-identity/document":
            return _json({"region": self._region, "instanceId": "i-1234567890abcdef0"})
        roles = "/latest/meta-data/iam/security-credentials/"
        if self.role is None or not target.startswith(roles):
            return NOT_FOUND
        name = target.removeprefix(roles)
        if not name:
            return found(self.role.name.encode())
        return _json(_credentials(self.role)) if name == self.role.name else NOT_FOUND


def _credentials(role: Role) -> dict[str, str]:
    ends = time.gmtime(time.time() + role.lasts)
    return {
        "Code": "Success",
        "LastUpdated": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "Type": "AWS-HMAC",
        "AccessKeyId": role.access_key,
        "SecretAccessKey": role.secret_key,
        "Token": role.token,
        "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", ends),
    }


def _json(value: dict[str, str]) -> Answer:
    # The service sends JSON as text/plain.
    return found(json.dumps(value, indent=1).encode())


def _token(seen: Seen) -> Answer:
    if seen.method != "PUT":
        return WRONG_METHOD
    if FORWARDED in seen.headers:  # the request came through a proxy
        return FORBIDDEN
    ttl = seen.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
    if not ttl.isdigit() or not 1 <= int(ttl) <= LONGEST or seen.body:
        return BAD_REQUEST
    return Answer(200, TOKEN.encode(), {"X-aws-ec2-metadata-token-ttl-seconds": ttl})
