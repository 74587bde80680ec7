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
from ignition.resource.schemes.http_time import date

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
# A time of change tells two versions apart only if nothing can have changed within the same second, by
# clocks that may differ a little (RFC 7232, 2.2.2).
_SETTLED = 60
_NO_GZIP = "the answer is not the whole gzip file that its headers announce"


class Broken(Exception):
    """An answer whose body is not what its headers announce, or not what was asked for."""


@record
class _Version:
    """What an answer says of the version of the resource that it holds. `length` is that of the whole body,
    None if unknown; `place` scheme, host and path of the URL that answered; `proof` what `If-Range` may
    hold, "" if the rest cannot be asked for."""

    place: tuple[str, str, str]
    tag: str
    changed: str
    length: int | None
    proof: str


class Arrival:
    """How much of one resource has arrived, over all tries."""

    __slots__ = ("_body", "_coding", "_gained", "_got", "_may_ask", "_request", "_version", "asked")

    def __init__(self, request: Request, body: Body) -> None:
        self._request = request
        self._body = body
        self._got = 0
        self._version: _Version | None = None
        self._coding: Gunzip | None = None
        self._gained = False
        named = {name.lower() for name, _ in request.headers}
        self._may_ask = request.ask.method == "GET" and not named & {"range", "if-range"}
        self.asked = False

    def headers(self, parts: Url) -> dict[str, str | bytes]:
        """What the next request, to this URL, says besides, so that only the rest comes. `asked` says then
        whether it does. Another place than that which broke off is not asked: the same tag may mean
        something else there."""
        version = self._version
        self._gained = self.asked = False
        if not (self._may_ask and self._got and version and version.proof):
            return {}
        self.asked = version.place == _place(parts)
        return {"range": f"bytes={self._got}-", "if-range": version.proof} if self.asked else {}

    def gained(self) -> bool:
        """Whether the last try went on where an earlier one had broken off, and came further."""
        return self._gained

    def take(self, response: requests.Response, parts: Url, watch: Watch) -> None:
        """Reads the body of an answer from a URL: status 200 or 204; 206 or 416 if the rest was asked for.

        Broken if it ends too early or is not the rest; the next try goes on, or begins anew. Failure IGN4022
        if the resource is another one than that which broke off.
        """
        version = _version(response, parts)
        if response.status_code in (200, 204):
            redirected = parts is not self._request.parts
            self._begin(version, coded=redirected and _says_gzip(response))
            end = version.length
        else:
            end = self._rest(response, version)
        self._read(response, end, watch)
        if end is not None and end != version.length:
            raise Broken(f"the answer ends after {end} of {version.length} bytes")

    def _begin(self, version: _Version, *, coded: bool) -> None:
        """All of it comes, from its first byte on."""
        self._refuse_another(version)
        self._body.begin(coded=coded)
        self._coding = Gunzip() if coded else None
        self._got = 0
        self._version = version
        if coded:
            version.proof = ""  # it begins anew after a break
        elif version.length is not None:
            self._body.expect(version.length)

    def _rest(self, response: requests.Response, version: _Version) -> int:
        """Where the range ends that comes. It must begin where the body broke off, and be of the same
        version; what an answer does not say is not taken for granted."""
        known = self._version
        span = _span(response.headers.get("content-range", ""))
        if known is not None and span is not None:
            start, end, version.length = span
            self._refuse_another(version)
            same = known.tag == version.tag and (known.tag or known.changed == version.changed)
            if same and start == self._got and _length(response) in (None, end - start):
                known.length = version.length
                return end
        self._may_ask = False
        raise Broken("the server does not send the rest that it was asked for")

    def _refuse_another(self, version: _Version) -> None:
        """Without a hash nobody can say which of two versions the config means."""
        known = self._version
        if not self._got or known is None or self._body.verified or not _differ(known, version):
            return
        raise Failure(
            "IGN4022",
            f"the resource changed while it was fetched: {self._request.name}",
            self._request.origin,
            hint=f"it broke off after {self._got} bytes, and then another version came; "
            "verification.hash would say which one is meant",
        )

    def _read(self, response: requests.Response, end: int | None, watch: Watch) -> None:
        """The body from where it stands to `end`, None for as long as it comes."""
        read = http_client.body_reader(response)
        begun = self._got
        watch.whole = end
        try:
            while chunk := read(_CHUNK):
                if end is not None and self._got + len(chunk) > end:
                    self._may_ask = False
                    raise Broken(f"the answer is longer than the {end} bytes announced")
                self._write(chunk)
                self._got += len(chunk)
                watch.arrived = self._got
        except TRANSPORT_ERRORS as error:
            raise Broken(
                f"the answer breaks off after {self._got} bytes: {http_client.reason(error)}"
            ) from error
        finally:
            watch.arrived = 0
            self._gained = 0 < begun < self._got
        if end is not None and self._got != end:
            raise Broken(f"the answer breaks off after {self._got} of {end} bytes")
        if self._coding is not None and self._got and not self._coding.whole:
            raise Broken(_NO_GZIP)

    def _write(self, chunk: bytes) -> None:
        if self._coding is None:
            self._body.write(chunk)
            return
        try:
            for piece in self._coding.feed(chunk):
                self._body.write(piece)
        except zlib.error as error:
            raise Broken(_NO_GZIP) from error


def _says_gzip(response: requests.Response) -> bool:
    codings = response.raw.headers.getlist("content-encoding")
    return bool(codings) and codings[0].lower() == "gzip"


def _version(response: requests.Response, parts: Url) -> _Version:
    headers = response.headers
    tag, changed = headers.get("etag", ""), headers.get("last-modified", "")
    units = {unit.strip().lower() for unit in headers.get("accept-ranges", "").split(",")}
    proof = ""
    if "bytes" in units:
        if tag:
            proof = tag if tag.startswith('"') else ""
        elif _settled(changed, headers.get("date", "")):
            proof = changed
    return _Version(_place(parts), tag, changed, _length(response), proof)


def _settled(changed: str, answered: str) -> bool:
    then, now = date(changed), date(answered)
    return then is not None and now is not None and now - then >= _SETTLED


def _place(parts: Url) -> tuple[str, str, str]:
    # Without the query: where a server redirects to signed URLs, each try has another signature.
    return parts.scheme, parts.host.lower(), parts.path


def _differ(known: _Version, version: _Version) -> bool:
    """Whether two answers certainly hold different bytes. Tags and times say something in one place only."""
    if None not in (known.length, version.length) and known.length != version.length:
        return True
    if known.place != version.place:
        return False
    if known.tag and version.tag:
        return known.tag.removeprefix("W/") != version.tag.removeprefix("W/")
    return bool(known.changed and version.changed and known.changed != version.changed)


def _length(response: requests.Response) -> int | None:
    """The length that the headers announce. None if they need not: chunks, or until the connection ends."""
    if response.status_code == 204:
        return 0
    coding = response.headers.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked":  # the library would take it for none
            raise Broken("the answer comes in an unknown transfer encoding")
        return None
    texts = set(response.raw.headers.getlist("content-length"))
    if not any(texts):  # an empty one says nothing
        return None
    length = http_wire.number(texts.pop())
    if texts or length is None:
        raise Broken("the answer announces a length that is no number")
    return length


def _span(text: str) -> tuple[int, int, int] | None:
    """First byte, end and whole length of a `Content-Range`; None if it does not name all three."""
    unit, _, rest = text.strip().partition(" ")
    span, _, whole = rest.partition("/")
    first, _, last = span.partition("-")
    numbers = [http_wire.number(part.strip()) for part in (first, last, whole)]
    if unit.lower() != "bytes" or None in numbers:
        return None
    start, end, length = (number or 0 for number in numbers)
    return (start, end + 1, length) if start <= end < length else None
