# SPDX-License-Identifier: Apache-2.0
"""Data URLs, parsed as Ignition's library parses them, since it decides which configs are valid.

The grammar is that of RFC 2397 with the library's restrictions: seven top-level media types besides `x-...`,
`base64` last and in lower case, data in printable ASCII. The error messages are the library's too.
"""

from __future__ import annotations

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What to do about a malformed one.
HINT = "encode it again: data:,TEXT or data:;base64,TEXT"

_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_TOKEN = frozenset(_ASCII).difference('()<>@,;:\\"/[]?=')
_MEDIA_TYPES = (
    "text",
    "image",
    "audio",
    "video",
    "application",
    "message",
    "multipart",
    "x-",
    "X-",
)
_PLAIN = "".join(each for each in _ASCII if each not in '<>#"{}|\\^[]`').encode()
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_OCTAL = "01234567"
_HEXADECIMAL = b"0123456789abcdefABCDEF"
# Bytes of percent-encoded data that are decoded at a time.
_CHUNK = 1 << 14


class DataUrlError(ValueError):
    """Not a valid data URL. The message is Ignition's."""


def check(url: str) -> str:
    """Ignition's error message for a data URL, "" if it is valid."""
    try:
        data, is_base64 = _split(url)
        if is_base64:
            _check_base64(data)
        else:
            _check_plain(data)
            for _ in _unescape(data):
                pass
    except DataUrlError as error:
        return str(error)
    return ""


def decode(url: str) -> bytes:
    """Decodes a data URL. DataUrlError exactly when `check` returns a message."""
    data, is_base64 = _split(url)
    if is_base64:
        _check_base64(data)
        return binascii.a2b_base64(data)
    _check_plain(data)
    return b"".join(_unescape(data))


def encode(data: bytes, media_type: str) -> str:
    """A data URL with these bytes in base64."""
    return f"data:{media_type};base64,{binascii.b2a_base64(data, newline=False).decode('ascii')}"


def _split(url: str) -> tuple[bytes, bool]:
    """The encoded data, and whether the encoding is base64."""
    if url.startswith("data:,"):
        return url[6:].encode("utf-8", "surrogatepass"), False
    if url.startswith("data:;base64,"):
        return url[13:].encode("utf-8", "surrogatepass"), True
    if not url.startswith("data:"):
        raise DataUrlError("missing data prefix")
    start, is_base64 = _parameters(url, _media_type(url, 5))
    return url[start:].encode("utf-8", "surrogatepass"), is_base64


def _check_plain(data: bytes) -> None:
    if data.translate(None, _PLAIN):
        raise DataUrlError("invalid data character")


def _check_base64(data: bytes) -> None:
    """Padding is required; unused bits of the last character may be set."""
    digits = data.rstrip(b"=")
    padding = len(data) - len(digits)
    if padding <= 2 and len(data) % 4 == 0 and not digits.translate(None, _BASE64):
        return
    if data.translate(None, _BASE64 + b"="):
        raise DataUrlError("invalid data character")
    raise DataUrlError(f"illegal base64 data at input byte {_base64_error_offset(data)}")


def _base64_error_offset(data: bytes) -> int:
    """The offset that Go's decoder reports for wrong length or padding; the alphabet is already checked."""
    first = data.find(b"=")
    if first < 0:
        return len(data) - len(data) % 4
    within = first % 4
    if within < 2:
        return first
    if within == 3:
        return first + 1
    if first + 1 == len(data):
        return len(data)
    return first + 2 if data[first + 1] == ord("=") else first


def _unescape(data: bytes) -> Iterator[bytes]:
    """Decodes percent-encoded data in chunks: one list of all escapes would take a hundred times the
    memory."""
    at = 0
    while at < len(data):
        end = at + _CHUNK
        if data[end - 1 : end] == b"%":
            end += 2
        elif data[end - 2 : end - 1] == b"%":
            end += 1
        yield _unescape_chunk(data[at:end], end >= len(data))
        at = end


def _unescape_chunk(data: bytes, is_last: bool) -> bytes:
    first, *rest = data.split(b"%")
    try:
        if all(rest):
            return first + b"".join([binascii.unhexlify(part[:2]) + part[2:] for part in rest])
    except ValueError:
        pass
    raise DataUrlError(f"rfc2396: {_escape_error(rest, is_last)} unescape sequence")


def _escape_error(parts: list[bytes], is_last: bool) -> str:
    """The error of the first invalid escape. `parts` is the text after each percent sign."""
    for part in parts[: -1 if is_last else None]:
        if len(part) < 2 or part[:2].strip(_HEXADECIMAL):
            return "invalid char 0x25 in"
    return (
        "unexpected end of"
        if is_last and not parts[-1][:2].strip(_HEXADECIMAL)
        else "invalid char 0x25 in"
    )


def _token_end(url: str, start: int) -> int:
    while url[start : start + 1] in _TOKEN:
        start += 1
    return start


def _media_type(url: str, start: int) -> int:
    """Skips the optional media type; returns the index of the `;` or `,` after it."""
    first = url[start : start + 1]
    if not first:
        raise DataUrlError("missing comma before data")
    if first in ";,":
        return start
    if first not in _TOKEN:
        raise DataUrlError("invalid character after data prefix")
    # The library expects `x-` here, and skips the byte after the letter without checking it.
    slash = _token_end(url, start + 2 if first in "xX" else start)
    if slash >= len(url):
        raise DataUrlError("missing media type slash")
    if url[slash] != "/":
        raise DataUrlError("invalid character for media type")
    if not url.startswith(_MEDIA_TYPES, start):
        raise DataUrlError("invalid media type")
    end = _token_end(url, slash + 1)
    if end >= len(url):
        raise DataUrlError("incomplete media type")
    if url[end] not in ";,":
        raise DataUrlError("invalid character for media subtype")
    return end


def _parameters(url: str, at: int) -> tuple[int, bool]:
    """Skips the parameters; returns the start of the data and whether they are base64. `at` is at a `;` or
    `,`."""
    quoted = False
    while url[at] == ";":
        first = url[at + 1 : at + 2]
        if not first or first in "=,":
            raise DataUrlError("unterminated parameter sequence")
        end = _token_end(url, at + 1)
        if end >= len(url):
            raise DataUrlError("unterminated parameter sequence")
        name = url[at + 1 : end]
        if url[end] == ",":
            if name != "base64":
                raise DataUrlError("expected base64")
            return end + 1, True
        if url[end] != "=":
            raise DataUrlError("invalid character for parameter attribute")
        at, quoted = _parameter_value(url, end + 1, quoted)
    return at + 1, False


def _parameter_value(url: str, start: int, quoted: bool) -> tuple[int, bool]:
    """Skips a value; returns its end, and whether the library takes the next value for a quoted one.

    That is a bug of the library: it checks the value after an empty quoted value as quoted text.
    """
    if url.startswith('"', start):
        end = _closing_quote(url, start + 1)
        text = url[start + 1 : end]
        if not _is_go_string(text):
            raise DataUrlError("invalid syntax")
        end += 1
        if end >= len(url):
            raise DataUrlError("missing comma before data")
        if url[end] not in ";,":
            raise DataUrlError("expected semicolon or comma")
        return end, not text
    end = _token_end(url, start)
    if end >= len(url):
        raise DataUrlError("missing comma before data")
    if end == start or url[end] not in ";,":
        raise DataUrlError("invalid character for parameter value")
    if not quoted:
        for _ in _unescape(url[start:end].encode()):
            pass
    return end, False


def _closing_quote(url: str, start: int) -> int:
    escaped = False
    for at in range(start, len(url)):
        each = url[at]
        if each == '"' and not escaped:
            return at
        if each > "\x7f":
            kind = "escaped character" if escaped else "character for parameter value"
            raise DataUrlError(f"invalid {kind}")
        escaped = each == "\\" and not escaped
    raise DataUrlError("unclosed quoted string")


def _is_go_string(text: str) -> bool:
    """Whether text may stand between double quotes in Go source."""
    at = 0
    while at < len(text):
        if text[at] != "\\":
            if text[at] == "\n":
                return False
            at += 1
            continue
        kind = text[at + 1 : at + 2]
        width = {"x": 2, "u": 4, "U": 8}.get(kind, 0)
        if width:
            digits, at = text[at + 2 : at + 2 + width], at + 2 + width
            if len(digits) < width or digits.strip("0123456789abcdefABCDEF"):
                return False
            code = int(digits, 16)
            if width > 2 and (code > 0x10FFFF or 0xD800 <= code < 0xE000):
                return False
        elif kind in _OCTAL and kind:
            digits, at = text[at + 1 : at + 4], at + 4
            if len(digits) < 3 or digits.strip(_OCTAL) or int(digits, 8) > 255:
                return False
        elif kind and kind in 'abfnrtv\\"':
            at += 2
        else:
            return False
    return True
