# SPDX-License-Identifier: Apache-2.0
"""The role and the region of this EC2 instance, from its metadata service.

Credentials in the environment or in home directories are ignored. As in Ignition, the request bypasses the
config's proxy. It takes `LIMIT` seconds at most, because the service may be disabled.
"""

from __future__ import annotations

import _socket
import _thread
import calendar
import time

from ignition.base import gojson
from ignition.base.errors import Failure
from ignition.resource import imds, metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

LIMIT = 10.0
ROLE = "/latest/meta-data/iam/security-credentials/"
DOCUMENT = "/latest/dynamic/instance-identity/document"
# Seconds before their expiry when credentials are renewed; the service has new ones 5 minutes before.
_RENEW_BEFORE = 120
# Keys of `ctx.clients`.
_ROLE, _NO_ROLE, _REGION = "s3 role", "s3 no role", "s3 region of this instance"
# Files are fetched in parallel; one lookup serves all.
_lookup_lock = _thread.allocate_lock()


class Role:
    """Credentials with the attribute names of botocore; `expires` is in seconds since 1970.

    A plain class, not a record: its repr must not show the secrets."""

    __slots__ = ("access_key", "expires", "secret_key", "token")

    def __init__(self, access_key: str, secret_key: str, token: str, expires: float) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token
        self.expires = expires


class NoRole(Exception):
    """This instance has no role, or its metadata service does not tell. The text gives the reason."""


def role(ctx: FetchContext, deadline: float) -> Role:
    """The credentials of this instance, cached and renewed before they expire. Raises NoRole.

    `deadline` is a time of the context's clock; 0 = none.
    """
    with _lookup_lock:
        found: Role | None = ctx.clients.get(_ROLE)
        why: str = ctx.clients.get(_NO_ROLE, "")
        if not why and (found is None or found.expires - time.time() < _RENEW_BEFORE):
            service = _MetadataService(ctx, deadline)
            try:
                found = ctx.clients[_ROLE] = _look_up_role(service)
            except Failure as failure:
                why = f"{failure.text}: {failure.hint}" if failure.hint else failure.text
                if service.had_full_time:
                    ctx.clients[_NO_ROLE] = why
    if found is None or why:
        raise NoRole(why)
    return found


def region(ctx: FetchContext, deadline: float) -> str:
    """The region of this instance; "" if the metadata service does not tell."""
    with _lookup_lock:
        found: str | None = ctx.clients.get(_REGION)
        if found is None:
            service = _MetadataService(ctx, deadline)
            try:
                found = _text(service.document(DOCUMENT), "region")
            except Failure as failure:
                ctx.log.warning(f"the region of this instance is unknown: {failure.text}")
                found = ""
            if found or service.had_full_time:
                ctx.clients[_REGION] = found
    return found


class _MetadataService:
    """The metadata service, within one limit for all that is asked. `had_full_time`: the deadline of the
    resource did not cut that short."""

    __slots__ = ("_base", "_ctx", "_end", "_session", "had_full_time")

    def __init__(self, ctx: FetchContext, deadline: float) -> None:
        self._ctx = ctx
        self._end = ctx.clock() + LIMIT
        self.had_full_time = not deadline or self._end <= deadline
        if not self.had_full_time:
            self._end = deadline
        self._base = _service_base()
        self._session: list[tuple[str, str | None]] | None = None

    def get(self, path: str) -> bytes:
        """GETs a path. Raises the failures of `fetch_bytes`."""
        if self._session is None:
            self._session = imds.session_header(self._context(), self._base)
        return metadata.get(self._context(), self._base + path, headers=self._session)

    def document(self, path: str) -> dict[str, object]:
        """The JSON object at a path."""
        try:
            value = gojson.loads(self.get(path).decode())
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Failure("IGN4206", "the metadata service does not answer with a JSON object")
        return value

    def _context(self) -> FetchContext:
        return self._ctx.for_metadata_service(self._end)


def _look_up_role(service: _MetadataService) -> Role:
    name = service.get(ROLE).decode("utf-8", "replace").partition("\n")[0].strip()
    if not name:
        raise Failure("IGN4206", "the metadata service names no role")
    document = service.document(ROLE + name)
    return Role(
        _text(document, "AccessKeyId"),
        _text(document, "SecretAccessKey"),
        _text(document, "Token"),
        parse_time(_text(document, "Expiration")),
    )


def _service_base() -> str:
    """The address of the service: IPv6 if there is no route to the IPv4 address."""
    probe = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        probe.connect((imds.IPV4.rpartition("/")[2], 80))  # for UDP this sends nothing
    except OSError:
        return imds.IPV6
    finally:
        probe.close()
    return imds.IPV4


def _text(document: dict[str, object], name: str) -> str:
    text = document.get(name)
    if not isinstance(text, str) or not (text and text.isascii() and text.isprintable()):
        raise Failure("IGN4206", f"the metadata service returned no {name}")
    return text


def parse_time(text: str) -> float:
    """Seconds since 1970 of a time like 2026-01-31T06:00:00Z; 0 (expired) if it is malformed."""
    day, _, clock = text.removesuffix("Z").partition("T")
    try:
        year, month, date = map(int, day.split("-"))
        hour, minute, second = map(int, clock.split(":"))
        return float(calendar.timegm((year, month, date, hour, minute, second, 0, 0, 0)))
    except (ValueError, OverflowError):
        return 0.0
