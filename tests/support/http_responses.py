# SPDX-License-Identifier: Apache-2.0
"""Raw HTTP responses that Ignition accepts (TAKEN) or refuses (REFUSED)."""

from __future__ import annotations

BODY = b'{"ignition":{"version":"3.1.0"},"storage":{"directories":[{"path":"/a"}]}}'
_SIZE = b"%x" % len(BODY)
_LENGTH = b"%d" % len(BODY)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def _chunks(
    size: bytes = _SIZE,
    *,
    extension: bytes = b"",
    end: bytes = b"\r\n",
    last: bytes = b"0\r\n",
    trailer: bytes = b"\r\n",
) -> bytes:
    return CHUNKED + size + extension + b"\r\n" + BODY + end + last + trailer


def _headed(*lines: bytes, status: bytes = OK, length: bytes = _LENGTH) -> bytes:
    head = status + b"Content-Length: " + length + b"\r\n"
    return head + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + BODY


def _status(line: bytes) -> bytes:
    return _headed(status=line + b"\r\n")


def _coded(*codings: bytes) -> bytes:
    lines = b"".join(b"Transfer-Encoding:" + coding + b"\r\n" for coding in codings)
    return OK + lines + b"\r\n" + CHUNKS


CHUNKS = _chunks().removeprefix(CHUNKED)

TAKEN: dict[str, bytes] = {
    "length": _headed(),
    "chunks": _chunks(),
    "chunk size in upper case": _chunks(_SIZE.upper()),
    "chunk size of 16 digits": _chunks(_SIZE.zfill(16)),
    "chunk size, blank after it": _chunks(_SIZE + b" \t"),
    "chunk extension": _chunks(extension=b";a=b"),
    "chunk extension in quotes": _chunks(extension=b'; a="b"'),
    "chunk extension with NUL": _chunks(extension=b";\0"),
    "chunk extension of 3000 bytes": _chunks(extension=b";" + b"x" * 3000),
    "last chunk of two zeros": _chunks(last=b"00\r\n"),
    "last chunk with extension": _chunks(last=b"0;a\r\n"),
    "last chunk with a bare line feed": _chunks(last=b"0\n"),
    "trailer": _chunks(trailer=b"A: b\r\nC: d\r\n\r\n"),
    "trailer that is folded": _chunks(trailer=b"A: b\r\n c\r\n\r\n"),
    "trailer without a name": _chunks(trailer=b": b\r\n\r\n"),
    "trailer with NUL": _chunks(trailer=b"A\0: b\r\n\r\n"),
    "length with blanks": _headed(length=b" \t" + _LENGTH + b" "),
    "length with leading zeros": _headed(length=_LENGTH.zfill(5000)),
    "length twice, the same": _headed(b"Content-Length:  " + _LENGTH + b" "),
    "length that is folded": _headed(length=b"\r\n " + _LENGTH),
    "length that is empty": _headed(length=b""),
    "length that is wrong beside chunks": _chunks().replace(OK, OK + b"Content-Length: 5\r\n"),
    "length that is none beside chunks": _chunks().replace(OK, OK + b"Content-Length: x\r\n"),
    "no length": OK + b"\r\n" + BODY,
    "coding in other letters": _coded(b" Chunked\t"),
    "coding in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
    "header name with NUL": _headed(b"A\0: b"),
    "header name with a blank": _headed(b"A b: c", b"Content-Length : 5"),
    "header name of bytes": _headed(b"\xff: a", b'A"(@: b'),
    "header name that is empty": _headed(b": c"),
    "header with controls": _headed(b"A: b\0c\x01\x7f\xff", b"A: b\rc"),
    "header without a value": _headed(b"A:"),
    "header that is folded": _headed(b"A: b\r\n c\r\n\td\r\n "),
    "header of 1 MB": _headed(b"A: " + b"x" * 1_000_000),
    "101 headers": _headed(*[b"X-%d: a" % number for number in range(101)]),
    "5000 headers of one name": _headed(*[b"X: a"] * 5000),
    "bare line feeds": _headed(b"A: b").replace(b"\r\n", b"\n"),
    "five provisional answers": b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" * 5 + _headed(),
    "status without a phrase": _status(b"HTTP/1.1 200"),
    "status after two blanks": _status(b"HTTP/1.1  200 OK"),
    "phrase of bytes": _status(b"HTTP/1.1 200 \0\xff"),
    "phrase of 70000 bytes": _status(b"HTTP/1.1 200 " + b"x" * 70_000),
    "version 1.0": _status(b"HTTP/1.0 200 OK"),
    "version 1.9": _status(b"HTTP/1.9 200 OK"),
    "version 3.0": _status(b"HTTP/3.0 200 OK"),
}
REFUSED: dict[str, bytes] = {
    "chunk size with 0x": _chunks(b"0x" + _SIZE),
    "chunk size with +": _chunks(b"+" + _SIZE),
    "chunk size with -": _chunks(b"-" + _SIZE),
    "chunk size with _": _chunks(b"0_" + _SIZE),
    "chunk size after a blank": _chunks(b" " + _SIZE),
    "chunk size after a tab": _chunks(b"\t" + _SIZE),
    "chunk size of 17 digits": _chunks(_SIZE.zfill(17)),
    "chunk size that is empty": _chunks(b""),
    "chunk size with NUL": _chunks(_SIZE + b"\0"),
    "blank before a chunk extension": _chunks(extension=b" ;a"),
    "chunk extension of 5000 bytes": _chunks(extension=b";" + b"x" * 5000),
    "no line end after a chunk": _chunks(end=b""),
    "bare line feed after a chunk": _chunks(end=b"\n"),
    "other bytes after a chunk": _chunks(end=b"XX"),
    "no last chunk": _chunks(last=b"", trailer=b""),
    "last chunk with 0x": _chunks(last=b"0x0\r\n"),
    "last chunk with +": _chunks(last=b"+0\r\n"),
    "last chunk with -": _chunks(last=b"-0\r\n"),
    "no line end after the last chunk": _chunks(trailer=b""),
    "trailer without end": _chunks(trailer=b"A: b\r\n"),
    "trailer without a colon": _chunks(trailer=b"A b\r\n\r\n"),
    "trailer that begins with a blank": _chunks(trailer=b" A: b\r\n\r\n"),
    "trailer of 5000 bytes": _chunks(trailer=b"A: " + b"x" * 5000 + b"\r\n\r\n"),
    "length with +": _headed(length=b"+" + _LENGTH),
    "length with -": _headed(length=b"-1"),
    "length with _": _headed(length=b"7_4"),
    "length with 0x": _headed(length=b"0x4a"),
    "length twice in one header": _headed(length=_LENGTH + b", " + _LENGTH),
    "length twice, differing": _headed(b"Content-Length: 5"),
    "length twice, one with a zero": _headed(b"Content-Length: 0" + _LENGTH),
    "length that is folded within": _headed(length=b"7\r\n 4"),
    "length beyond 2^63": _headed(length=b"9" * 30),
    "length with more behind it": _headed(length=_LENGTH + b";"),
    "coding that is unknown": _coded(b" x"),
    "coding that is empty": _coded(b""),
    "coding identity": _coded(b" identity"),
    "coding twice": _coded(b" chunked", b" chunked"),
    "coding twice in one header": _coded(b" chunked, chunked"),
    "coding in quotes": _coded(b' "chunked"'),
    "header without a colon": _headed(b"A"),
    "headers that begin with a blank": OK + b" A: b\r\n\r\n" + BODY,
    "headers of 11 MB": _headed(b"A: " + b"x" * 11_000_000),
    "empty line before the status": b"\r\n" + _headed(),
    "blank before the status": _status(b" HTTP/1.1 200 OK"),
    "tab before the status": _status(b"HTTP/1.1\t200 OK"),
    "tab after the status": _status(b"HTTP/1.1 200\tOK"),
    "status of two digits": _status(b"HTTP/1.1 20 OK"),
    "status of four digits": _status(b"HTTP/1.1 0200 OK"),
    "status with _": _status(b"HTTP/1.1 2_0 OK"),
    "no status": _status(b"HTTP/1.1"),
    "version without a dot": _status(b"HTTP/1 200 OK"),
    "version of two digits": _status(b"HTTP/1.10 200 OK"),
    "version in lower case": _status(b"http/1.1 200 OK"),
    "other protocol": _status(b"ICY 200 OK"),
}
