# SPDX-License-Identifier: Apache-2.0
"""Google's metadata server: 403 without the Metadata-Flavor header, which responses have too.

It also issues tokens of the service account. `Storage` is Cloud Storage with access control.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import (
    BAD_REQUEST,
    FORBIDDEN,
    LINK_LOCAL,
    NOT_FOUND,
    UNAUTHORIZED,
    WRONG_METHOD,
)

FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}
READ_ONLY = "https://www.googleapis.com/auth/devstorage.read_only"
EMAIL = "42-compute@developer.gserviceaccount.com"
ACCOUNTS = "/computeMetadata/v1/instance/service-accounts/"
ACCOUNT = f"{ACCOUNTS}default/"


class Gcp:
    """`token`: the token of the service account; "" for a machine without one. `lasts`: seconds until it
    expires."""

    address = LINK_LOCAL
    path = "/computeMetadata/v1/instance/attributes/user-data"

    def __init__(self, user_data: bytes | None, *, token: str = "", lasts: int = 3600) -> None:
        self.user_data = user_data
        self.token = token
        self._lasts = lasts

    def answer(self, seen: Seen) -> Answer:
        if seen.method != "GET":
            return WRONG_METHOD
        if seen.headers.get("metadata-flavor") != "Google" or "x-forwarded-for" in seen.headers:
            return FORBIDDEN
        if seen.target == "/":
            return Answer(200, b"computeMetadata/\n", FLAVOR)
        if seen.path.startswith((ACCOUNT, f"{ACCOUNTS}{EMAIL}/")) and self.token:
            return self._account(seen)
        if seen.target != self.path or self.user_data is None:
            return NOT_FOUND
        return Answer(200, self.user_data, {**FLAVOR, "Content-Type": "application/text"})

    def _account(self, seen: Seen) -> Answer:
        query = parse_qs(urlsplit(seen.target).query)
        match seen.path.removeprefix(ACCOUNTS).partition("/")[2]:
            case "scopes":
                return Answer(200, f"{READ_ONLY}\n".encode(), FLAVOR)
            case "" if query == {"recursive": ["true"]}:
                return _json({"aliases": ["default"], "email": EMAIL, "scopes": [READ_ONLY]})
            case "token" if query in ({}, {"scopes": [READ_ONLY]}):
                return _json(
                    {
                        "access_token": self.token,
                        "expires_in": self._lasts,
                        "token_type": "Bearer",
                    }
                )
            case "token":
                return BAD_REQUEST
        return NOT_FOUND


class Storage:
    """The JSON API of Cloud Storage. `public` and `private` map (bucket, object) to bytes. Private objects
    need `token` as a bearer token."""

    host = "storage.googleapis.com"

    def __init__(
        self,
        public: Mapping[tuple[str, str], bytes],
        private: Mapping[tuple[str, str], bytes],
        token: str,
    ) -> None:
        self._public = public
        self._private = private
        self._token = token

    def answer(self, seen: Seen) -> Answer:
        if seen.method != "GET":
            return WRONG_METHOD
        if seen.headers.get("host") != self.host:
            return NOT_FOUND
        # An unescaped slash in the object name makes another resource path.
        segments = seen.path.split("/")
        if len(segments) != 7 or segments[:4] + segments[5:6] != ["", "storage", "v1", "b", "o"]:
            return NOT_FOUND
        if parse_qs(urlsplit(seen.target).query) != {"alt": ["media"]}:
            return BAD_REQUEST  # without alt=media it is a request for the object's metadata
        key = unquote(segments[4]), unquote(segments[6])
        proof = seen.headers.get("authorization")
        if proof not in (None, f"Bearer {self._token}"):
            return UNAUTHORIZED
        if key in self._public:
            return Answer(200, self._public[key])
        if proof is None:
            return UNAUTHORIZED
        return Answer(200, self._private[key]) if key in self._private else NOT_FOUND


def _json(value: object) -> Answer:
    return Answer(200, json.dumps(value).encode(), {**FLAVOR, "Content-Type": "application/json"})
