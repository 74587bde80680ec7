# SPDX-License-Identifier: Apache-2.0
"""Downloads the body of a response to its announced end, and resumes an interrupted download.

The remaining bytes are requested with `Range` and `If-Range` (RFC 9110, 13.1.5 and 14) if the server supports
ranges and identifies the version it serves: by a strong entity tag, or by a Last-Modified date at least a
minute older than the response. They continue in the same hash, decompressor and destination.

Content-Encoding is ignored, except after a redirect: there a gzip body is decompressed, because Go's net/http
does that for Ignition.
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

# Everything that can fail between here and the server. requests passes some errors of urllib3 and
# http.client on.
TRANSPORT_ERRORS = (
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
)
_CHUNK = 256 * 1024
# A date only identifies a version if the resource cannot have changed twice within that second, with clocks
# that may differ a little (RFC 7232, 2.2.2).
_STRONG_DATE_AGE = 60
_NO_GZIP = "the response is not the complete gzip file that its headers announce"


class BadBody(Exception):
    """The body does not match the headers of its response, or is not the requested range. A retry may
    help."""


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
    """The download of one resource, over all attempts. `range_requested`: the last request asked for the
    rest."""

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
        """The range headers that resume the download at this URL; {} for a complete download.

        A download is only resumed at the location that it started from: an entity tag means nothing
        elsewhere.
        """
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
        """Whether the last attempt resumed the download and received new bytes."""
        return self._progressed

    def receive(self, response: requests.Response, parts: Url, watch: Watch) -> None:
        """Reads the body of a response from this URL: status 200 or 204, or 206 or 416 if a range was
        requested.

        Raises BadBody if the body ends early or is not the requested range; the next attempt resumes it or
        starts over. Failure IGN4022 if the resource changed since the interruption.
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
            raise BadBody(f"the response ends after {end} of {version.length} bytes")

    def _start(self, version: _Version, *, content_encoded: bool) -> None:
        """Starts over with a complete body."""
        self._refuse_other_version(version)
        self._body.begin(content_encoded=content_encoded)
        self._decoder = Gunzip() if content_encoded else None
        self._received = 0
        self._version = version
        if content_encoded:
            version.validator = ""  # start over after an interruption
        elif version.length is not None:
            self._body.expect(version.length)

    def _resume(self, response: requests.Response, version: _Version) -> int:
        """The end of the range that the response carries. It must start where the download stopped, and be
        the same version; a response that does not tell is refused."""
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
        raise BadBody("the server did not send the requested range")

    def _refuse_other_version(self, version: _Version) -> None:
        """Fails if the resource changed and the config has no hash that tells which version it means."""
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
            hint=f"the download stopped after {self._received} bytes, then the server sent another "
            "version; verification.hash in the config would tell which one is right",
        )

    def _read(self, response: requests.Response, end: int | None, watch: Watch) -> None:
        """Reads the body up to offset `end` of the resource; None = to the end of the response."""
        read = http_client.body_reader(response)
        started = self._received
        watch.total = end
        try:
            while chunk := read(_CHUNK):
                if end is not None and self._received + len(chunk) > end:
                    self._can_resume = False
                    raise BadBody(f"the response is longer than the {end} bytes announced")
                self._write(chunk)
                self._received += len(chunk)
                watch.received = self._received
        except TRANSPORT_ERRORS as error:
            raise BadBody(
                f"the response ended after {self._received} bytes: {http_client.describe_error(error)}"
            ) from error
        finally:
            watch.received = 0
            self._progressed = 0 < started < self._received
        if end is not None and self._received != end:
            raise BadBody(f"the response ended after {self._received} of {end} bytes")
        if self._decoder is not None and self._received and not self._decoder.complete:
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
    # Without the query: redirects to signed URLs have another signature each time.
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
    """The announced length; None for a chunked body, or one that ends with the connection."""
    if response.status_code == 204:
        return 0
    coding = response.headers.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked":  # urllib3 would ignore it
            raise BadBody("the response has an unknown transfer encoding")
        return None
    texts = set(response.raw.headers.getlist("content-length"))
    if not any(texts):  # ignore empty headers
        return None
    length = http_wire.parse_length(texts.pop())
    if texts or length is None:
        raise BadBody("the response has an invalid length")
    return length


def _content_range(text: str) -> tuple[int, int, int] | None:
    """Start, end and total length of a `Content-Range`; None if one of them is missing."""
    unit, _, rest = text.strip().partition(" ")
    span, _, whole = rest.partition("/")
    first, _, last = span.partition("-")
    numbers = [http_wire.parse_length(part.strip()) for part in (first, last, whole)]
    if unit.lower() != "bytes" or None in numbers:
        return None
    start, end, length = (number or 0 for number in numbers)
    return (start, end + 1, length) if start <= end < length else None
