# SPDX-License-Identifier: Apache-2.0
"""Azure's instance metadata service: it checks the header, the API version and the format, and refuses
requests through a proxy. Without user data the response is empty.

It also issues tokens of the managed identity. `Blobs` is a storage account with access control.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import (
    BAD_REQUEST,
    LINK_LOCAL,
    NOT_FOUND,
    WRONG_METHOD,
)

TOKENS = "/metadata/identity/oauth2/token"
STORAGE = "https://storage.azure.com"
JSON = {"Content-Type": "application/json; charset=utf-8"}
NO_IDENTITY = Answer(
    400, b'{"error":"invalid_request","error_description":"Identity not found"}', JSON
)


class Azure:
    """`token`: the token of the managed identity for storage; "" for a machine without an identity."""

    address = LINK_LOCAL
    path = "/metadata/instance/compute/userData"

    def __init__(self, user_data: bytes | None, *, token: str = "") -> None:
        self.user_data = user_data
        self._token = token

    def answer(self, seen: Seen) -> Answer:
        if seen.method != "GET":
            return WRONG_METHOD
        if seen.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in seen.headers:
            return BAD_REQUEST
        url = urlsplit(seen.target)
        query = parse_qs(url.query)
        if url.path == TOKENS:
            return self._issue_token(query)
        if url.path != self.path:
            return NOT_FOUND
        # the oldest API version with userData
        if query != {"api-version": ["2021-01-01"], "format": ["text"]}:
            return BAD_REQUEST
        return Answer(200, base64.b64encode(self.user_data or b""), {"Content-Type": "text/plain"})

    def _issue_token(self, query: dict[str, list[str]]) -> Answer:
        if query != {"api-version": ["2018-02-01"], "resource": [STORAGE]}:
            return BAD_REQUEST
        if not self._token:
            return NO_IDENTITY
        token = {"access_token": self._token, "token_type": "Bearer", "resource": STORAGE}
        times = {"expires_in": "86399", "expires_on": "1900000000"}
        return Answer(200, json.dumps({**token, **times}).encode(), JSON)


class Blobs:
    """A storage account. `public` and `private` map paths to bytes. Private blobs need `token` as a bearer
    token or a URL signed with `signature`. `role`: whether the identity has permission to read them."""

    host = "account.blob.core.windows.net"

    def __init__(
        self,
        public: Mapping[str, bytes],
        private: Mapping[str, bytes],
        token: str,
        *,
        signature: str = "",
        role: bool = True,
    ) -> None:
        self._public = public
        self._private = private
        self._token = token
        self._signature = signature
        self._role = role

    def answer(self, seen: Seen) -> Answer:
        if seen.method != "GET":
            return WRONG_METHOD
        if seen.headers.get("host") != self.host:
            return BAD_REQUEST
        url = urlsplit(seen.target)
        signed = parse_qs(url.query).get("sig")
        proof = seen.headers.get("authorization")
        if proof is not None:
            # Older API versions do not support tokens; without the header the oldest is used.
            if signed or seen.headers.get("x-ms-version", "") < "2017-11-09":
                return _refusal(400, "InvalidAuthenticationInfo")
            if proof != f"Bearer {self._token}":
                return _refusal(401, "InvalidAuthenticationInfo")
            if not self._role:
                return _refusal(403, "AuthorizationPermissionMismatch")
            found = {**self._public, **self._private}.get(url.path)
            return _refusal(404, "BlobNotFound") if found is None else Answer(200, found)
        if url.path in self._public:
            return Answer(200, self._public[url.path])
        if signed == [self._signature] and url.path in self._private:
            return Answer(200, self._private[url.path])
        return _refusal(403, "AuthenticationFailed") if signed else _refusal(404, "NotFound")


def _refusal(status: int, code: str) -> Answer:
    return Answer(status, headers={"x-ms-error-code": code})
