# SPDX-License-Identifier: Apache-2.0
"""URLs, parsed as by Go's net/url, since that decides which configs are valid.

It is more lenient than `urllib.parse` in some places (anything may follow `http:` without slashes) and
stricter in others (control characters, escapes in host names). Reference: Go 1.26 net/url with
`urlstrictcolons=0`, the setting that Ignition is built with.
"""

from __future__ import annotations

import binascii

from ignition.base.record import record

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_SCHEME = frozenset(_LETTERS + _DIGITS + "+-.")
_USERINFO = frozenset(_LETTERS + _DIGITS + "-._:~!$&'()*+,;=%@")
_HOST = (_LETTERS + _DIGITS + "-._~!$&'()*+,;=:[]<>\"").encode()
_NON_ASCII = bytes(range(0x80, 0x100))
_HOST_ESCAPES = _NON_ASCII + b"%"
_ZONE_ESCAPES = _HOST + b" %"
# Go rejects queries with more parameters, as a defence against hash collisions.
_MAX_PARAMETERS = 10000
# _SENT: bytes that Go leaves unescaped in a path that it escapes. _PATH: a path of only these is sent
# unchanged.
_SENT = b"-_.~$&+,/:;=@" + bytes(range(48, 58)) + bytes(range(65, 91)) + bytes(range(97, 123))
_PATH = dict.fromkeys(_SENT + b"!'()*[]%")
_VISIBLE = bytes(range(0x21, 0x7F))


class UrlError(ValueError):
    """Not a valid URL. The message does not repeat the URL, which may contain secrets."""


@record
class Url:
    """The parts of a URL. `scheme` is in lower case, `host` is decoded, the others are literal.

    `opaque` is the text between scheme and query if it does not start with a slash; host and path are empty
    then. `userinfo` is None without an `@`. `host` includes the port and the brackets of an IPv6 address.
    """

    scheme: str
    opaque: str
    userinfo: str | None
    host: str
    path: str
    raw_query: str
    fragment: str

    def hostname(self) -> str:
        """The host without port and brackets."""
        name = self._name_and_port()[0]
        return name[1:-1] if name.startswith("[") and name.endswith("]") else name

    def port(self) -> str:
        """The port as digits, "" if there is none."""
        return self._name_and_port()[1]

    def _name_and_port(self) -> tuple[str, str]:
        name, colon, port = self.host.rpartition(":")
        return (name, port) if colon and not port.strip(_DIGITS) else (self.host, "")

    def redacted(self) -> str:
        """The URL for logs and messages, without user, password, query, fragment and inline data."""
        scheme = f"{self.scheme}:" if self.scheme else ""
        if self.scheme == "data":
            return "data:..."
        slashes = "//" if self.host or self.userinfo is not None else ""
        opaque = self.opaque.rpartition("@")[2]
        return f"{scheme}{opaque}{slashes}{self.host}{self.path}"


def parse(text: str) -> Url:
    """Parses an absolute or relative URL. UrlError if it is invalid."""
    main, _, fragment = text.partition("#")
    if not main.isprintable() and any(each < " " or each == "\x7f" for each in main):
        raise UrlError("control character in URL")
    scheme, rest = _split_scheme(main)
    rest, _, raw_query = rest.partition("?")
    opaque, userinfo, host = "", None, ""
    if scheme and not rest.startswith("/"):
        opaque, rest = rest, ""
    elif ":" in rest.partition("/")[0]:
        raise UrlError("first path segment in URL contains a colon")
    elif rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        userinfo, host = _authority(authority)
        rest = slash + path
    for escaped in (rest, fragment):
        if "%" in escaped:
            _unescape(escaped)
    return Url(scheme, opaque, userinfo, host, rest, raw_query, fragment)


def request_target(text: str, url: Url) -> str:
    """Path and query of an absolute URL, exactly as Go writes them into the request line.

    Escapes and dot segments stay. Characters that are not allowed in a request line are escaped in the query.
    `url` is the parsed `text`.
    """
    path = url.path or "/"
    if path.translate(_PATH):
        path = _escape(_unescape(path), _SENT)
    asked = "?" if "?" in text.partition("#")[0] else ""
    return path + asked + _escape(url.raw_query.encode("utf-8", "surrogatepass"), _VISIBLE)


def _escape(data: bytes, plain: bytes) -> str:
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in data)


def unescape(text: str) -> str:
    """Decodes each `%XX`. UrlError if a `%` is not followed by two hexadecimal digits."""
    return _unescape(text).decode("utf-8", "replace") if "%" in text else text


def unescape_bytes(text: str) -> bytes:
    """As `unescape`, but returns bytes, since file names need not be UTF-8."""
    return _unescape(text)


def query_values(raw_query: str, name: str) -> list[str]:
    """The decoded values of a query parameter, in order. Malformed parameters are ignored."""
    values: list[str] = []
    if raw_query.count("&") >= _MAX_PARAMETERS:
        return values
    for part in raw_query.split("&"):
        if not part or ";" in part:
            continue
        key, _, value = part.replace("+", " ").partition("=")
        try:
            if unescape(key) == name:
                values.append(unescape(value))
        except UrlError:
            continue
    return values


def _split_scheme(text: str) -> tuple[str, str]:
    scheme, colon, rest = text.partition(":")
    if colon and not scheme:
        raise UrlError("missing protocol scheme")
    if not colon or scheme[0] not in _LETTERS or not _SCHEME.issuperset(scheme):
        return "", text
    return scheme.lower(), rest


def _authority(text: str) -> tuple[str | None, str]:
    """The user information (None without an `@`), and the decoded host with its port."""
    userinfo, at, host = text.rpartition("@")
    if not _USERINFO.issuperset(userinfo):
        raise UrlError("invalid user information in URL")
    _unescape(userinfo)
    return (userinfo if at else None), _host(host)


def _host(text: str) -> str:
    if "[" in text:
        return _bracketed_host(text)
    _, _, port = text.rpartition(":")
    if port != text:
        _check_port(port)
    return _unescape(text, _HOST + _NON_ASCII, _HOST_ESCAPES).decode("utf-8", "replace")


def _bracketed_host(text: str) -> str:
    """Checks an IPv6 address in brackets, with an optional zone (`%25eth0`) and port."""
    inner, closing, tail = text[1:].rpartition("]")
    if text[0] != "[" or not closing:
        raise UrlError("invalid IP address in host")
    if tail[:1] not in ("", ":"):
        raise UrlError("invalid port after host")
    _check_port(tail[1:])
    address, percent, zone = inner.partition("%25")
    zone = _unescape(percent + zone, _HOST + _NON_ASCII, _ZONE_ESCAPES).decode()
    if zone == "%" or not _is_ipv6(address):
        raise UrlError("invalid IP address in host")
    return f"[{address}{zone}]{tail}"


def _check_port(text: str) -> None:
    if text.strip(_DIGITS):
        raise UrlError("invalid port after host")


def _is_ipv6(text: str) -> bool:
    import _socket

    try:
        _socket.inet_pton(_socket.AF_INET6, text)
    except (OSError, ValueError):
        return False
    return True


def _unescape(text: str, plain: bytes | None = None, escapable: bytes | None = None) -> bytes:
    """Decodes each `%XX`. `plain` limits the literal bytes, `escapable` the escaped ones (None: any)."""
    data = text.encode("utf-8", "surrogatepass")
    decoded, literal, at = bytearray(), bytearray(), 0
    while True:
        percent = data.find(b"%", at)
        run = data[at:percent] if percent >= 0 else data[at:]
        decoded += run
        if plain is not None:
            literal += run
        if percent < 0:
            break
        try:
            byte = binascii.unhexlify(data[percent + 1 : percent + 3])
        except ValueError:
            byte = b""
        if not byte or (escapable is not None and byte not in escapable):
            raise UrlError("invalid URL escape")
        decoded += byte
        at = percent + 3
    if plain is not None and literal.translate(None, plain):
        raise UrlError("invalid character in host name")
    return bytes(decoded)
