# SPDX-License-Identifier: Apache-2.0
"""The body of an answer: read to its announced end, and gone on with where an earlier answer broke off.

The rest is asked for by `Range` and `If-Range` (RFC 9110, 13.1.5 and 14) where the server offers that and
says which version it serves: by a strong entity tag, or by a time of change that is a minute older than the
answer. What arrives then goes on in the same hash, unpacker and destination.

Bodies are taken as they come, but for those that a redirect led to: where its headers say that such a body
is packed, it is unpacked, as Ignition's library does it there without being asked.
"""

from __future__ import annotations

import http.client
import zlib

import requests
import urllib3

from ignition.base.errors import Failure
from ignition.base.gunzip import Gunzip
from ignition.base.record import record
from ignition.resource.schemes import http_client, http_wire
from ignition.resource.schemes.http_time import parse_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config.urls import Url
    from ignition.resource.body import Body
    from ignition.resource.fetch import Request
    from ignition.resource.watch import Watch

# All that can go wrong between here and the server. `requests` lets some of its library's own through.
TRANSPORT_ERRORS = (
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
)
_CHUNK = 256 * 1024
# A time of change tells two versions apart only if nothing can have modified within the same second, by
# clocks that may differ a little (RFC 7232, 2.2.2).
_STRONG_DATE_AGE = 60
_NO_GZIP = "the answer is not the whole gzip file that its headers announce"


class BadBody(Exception):
    """An answer whose body is not what its headers announce, or not what was asked for."""


@record
class _Version:
    """Which version of the resource a response carries. `length` is the size of the complete body, None if
    unknown; `location` the scheme, host and path of the URL that served it; `validator` the value for
    `If-Range`, "" if the download cannot be resumed."""

    location: tuple[str, str, str]
    tag: str
    modified: str
    length: int | None
    validator: str


class Download:
    """How much of one resource has arrived, over all tries."""

    __slots__ = (
        "_body",
        "_can_resume",
        "_decoder",
        "_progressed",
        "_received",
        "_request",
        "_version",
        "range_requested",
    )

    def __init__(self, request: Request, body: Body) -> None:
        self._request = request
        self._body = body
        self._received = 0
        self._version: _Version | None = None
        self._decoder: Gunzip | None = None
        self._progressed = False
        named = {name.lower() for name, _ in request.headers}
        self._can_resume = request.options.method == "GET" and not named & {"range", "if-range"}
        self.range_requested = False

    def headers(self, parts: Url) -> dict[str, str | bytes]:
        """What the next request, to this URL, says besides, so that only the rest comes. `asked` says then
        whether it does. Another location than that which broke off is not asked: the same tag may mean
        something else there."""
        version = self._version
        self._progressed = self.range_requested = False
        if not (self._can_resume and self._received and version and version.validator):
            return {}
        self.range_requested = version.location == _location(parts)
        return (
            {"range": f"bytes={self._received}-", "if-range": version.validator}
            if self.range_requested
            else {}
        )

    def made_progress(self) -> bool:
        """Whether the last try went on where an earlier one had broken off, and came further."""
        return self._progressed

    def receive(self, response: requests.Response, parts: Url, watch: Watch) -> None:
        """Reads the body of an answer from a URL: status 200 or 204; 206 or 416 if the rest was asked for.

        BadBody if it ends too early or is not the rest; the next try goes on, or begins anew. Failure IGN4022
        if the resource is another one than that which broke off.
        """
        version = _version(response, parts)
        if response.status_code in (200, 204):
            redirected = parts is not self._request.parts
            self._start(version, content_encoded=redirected and _is_gzip_encoded(response))
            end = version.length
        else:
            end = self._resume(response, version)
        self._read(response, end, watch)
        if end is not None and end != version.length:
            raise BadBody(f"the answer ends after {end} of {version.length} bytes")

    def _start(self, version: _Version, *, content_encoded: bool) -> None:
        """All of it comes, from its first byte on."""
        self._refuse_other_version(version)
        self._body.begin(content_encoded=content_encoded)
        self._decoder = Gunzip() if content_encoded else None
        self._received = 0
        self._version = version
        if content_encoded:
            version.validator = ""  # it begins anew after a break
        elif version.length is not None:
            self._body.expect(version.length)

    def _resume(self, response: requests.Response, version: _Version) -> int:
        """Where the range ends that comes. It must begin where the body broke off, and be of the same
        version; what an answer does not say is not taken for granted."""
        known = self._version
        span = _content_range(response.headers.get("content-range", ""))
        if known is not None and span is not None:
            start, end, version.length = span
            self._refuse_other_version(version)
            same = known.tag == version.tag and (known.tag or known.modified == version.modified)
            if (
                same
                and start == self._received
                and _content_length(response) in (None, end - start)
            ):
                known.length = version.length
                return end
        self._can_resume = False
        raise BadBody("the server does not send the rest that it was asked for")

    def _refuse_other_version(self, version: _Version) -> None:
        """Without a hash nobody can say which of two versions the config means."""
        known = self._version
        if (
            not self._received
            or known is None
            or self._body.verified
            or not _certainly_differ(known, version)
        ):
            return
        raise Failure(
            "IGN4022",
            f"the resource changed while it was fetched: {self._request.name}",
            self._request.origin,
            hint=f"it broke off after {self._received} bytes, and then another version came; "
            "verification.hash would say which one is meant",
        )

    def _read(self, response: requests.Response, end: int | None, watch: Watch) -> None:
        """The body from where it stands to `end`, None for as long as it comes."""
        read = http_client.body_reader(response)
        begun = self._received
        watch.total = end
        try:
            while chunk := read(_CHUNK):
                if end is not None and self._received + len(chunk) > end:
                    self._can_resume = False
                    raise BadBody(f"the answer is longer than the {end} bytes announced")
                self._write(chunk)
                self._received += len(chunk)
                watch.received = self._received
        except TRANSPORT_ERRORS as error:
            raise BadBody(
                f"the answer breaks off after {self._received} bytes: {http_client.describe_error(error)}"
            ) from error
        finally:
            watch.received = 0
            self._progressed = 0 < begun < self._received
        if end is not None and self._received != end:
            raise BadBody(f"the answer breaks off after {self._received} of {end} bytes")
        if self._decoder is not None and self._received and not self._decoder.whole:
            raise BadBody(_NO_GZIP)

    def _write(self, chunk: bytes) -> None:
        if self._decoder is None:
            self._body.write(chunk)
            return
        try:
            for piece in self._decoder.feed(chunk):
                self._body.write(piece)
        except zlib.error as error:
            raise BadBody(_NO_GZIP) from error


def _is_gzip_encoded(response: requests.Response) -> bool:
    codings = response.raw.headers.getlist("content-encoding")
    return bool(codings) and codings[0].lower() == "gzip"


def _version(response: requests.Response, parts: Url) -> _Version:
    headers = response.headers
    tag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    units = {unit.strip().lower() for unit in headers.get("accept-ranges", "").split(",")}
    validator = ""
    if "bytes" in units:
        if tag:
            validator = tag if tag.startswith('"') else ""
        elif _is_strong_date(modified, headers.get("date", "")):
            validator = modified
    return _Version(_location(parts), tag, modified, _content_length(response), validator)


def _is_strong_date(modified: str, answered: str) -> bool:
    then, now = parse_date(modified), parse_date(answered)
    return then is not None and now is not None and now - then >= _STRONG_DATE_AGE


def _location(parts: Url) -> tuple[str, str, str]:
    # Without the query: where a server redirects to signed URLs, each try has another signature.
    return parts.scheme, parts.host.lower(), parts.path


def _certainly_differ(known: _Version, version: _Version) -> bool:
    """Whether two responses certainly differ in content. Tags and dates only compare within one location."""
    if None not in (known.length, version.length) and known.length != version.length:
        return True
    if known.location != version.location:
        return False
    if known.tag and version.tag:
        return known.tag.removeprefix("W/") != version.tag.removeprefix("W/")
    return bool(known.modified and version.modified and known.modified != version.modified)


def _content_length(response: requests.Response) -> int | None:
    """The length that the headers announce. None if they need not: chunks, or until the connection ends."""
    if response.status_code == 204:
        return 0
    coding = response.headers.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked":  # the library would take it for none
            raise BadBody("the answer comes in an unknown transfer encoding")
        return None
    texts = set(response.raw.headers.getlist("content-length"))
    if not any(texts):  # an empty one says nothing
        return None
    length = http_wire.parse_length(texts.pop())
    if texts or length is None:
        raise BadBody("the answer announces a length that is no number")
    return length


def _content_range(text: str) -> tuple[int, int, int] | None:
    """First byte, end and whole length of a `Content-Range`; None if it does not name all three."""
    unit, _, rest = text.strip().partition(" ")
    span, _, whole = rest.partition("/")
    first, _, last = span.partition("-")
    numbers = [http_wire.parse_length(part.strip()) for part in (first, last, whole)]
    if unit.lower() != "bytes" or None in numbers:
        return None
    start, end, length = (number or 0 for number in numbers)
    return (start, end + 1, length) if start <= end < length else None
