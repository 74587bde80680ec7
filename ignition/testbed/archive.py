# SPDX-License-Identifier: Apache-2.0
"""The archive that the reporter in the guest sent: over its port, or packed into lines of the console.

What a guest sends is not trusted: it may be cut off, damaged or huge.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import tarfile
import zlib
from pathlib import Path

from ignition.base.errors import Failure

LIMIT = 1 << 30
"""Bytes of a report. A larger one is refused rather than read into memory."""
PREFIX = "@ignition-test "
"""Begins each line of a report on the console."""
_FRAME = re.compile(r"@ignition-test (begin|=|end) (\S+)")


def load(path: Path, console: Path | None = None) -> dict[str, bytes]:
    """The files of the archive; empty if there is none, or not a complete one.

    Failure (IGN8150) if it is huge, (IGN8151) if it cannot be read.
    """
    try:
        body = _from_port(path) or _from_console(console)
    except OSError as error:
        raise Failure(
            "IGN8151", f"cannot read the guest's report: {error.strerror}", cause=error
        ) from None
    parts = members(body)
    return parts if "complete" in parts else {}


def members(body: bytes) -> dict[str, bytes]:
    """The regular files of a tar archive, as far as it can be read."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as tar:
            for entry in tar:
                file = tar.extractfile(entry) if entry.isfile() else None
                data = file.read() if file is not None else b""
                if file is not None and len(data) == entry.size:
                    found[entry.name.removeprefix("./")] = data
    except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError):
        pass
    return found


def without_report(console: str) -> str:
    """The console without the lines of a report."""
    lines = console.splitlines(keepends=True)
    return "".join(line for line in lines if PREFIX not in line)


def _from_port(path: Path) -> bytes:
    if not path.exists():
        return b""
    size = path.stat().st_size
    if size > LIMIT:
        raise _huge(size)
    # It has password hashes, and files that only root may read.
    path.chmod(0o600)
    return path.read_bytes()


def _from_console(console: Path | None) -> bytes:
    if console is None or not console.exists():
        return b""
    return unframe(console.read_text(errors="replace"))


def unframe(console: str) -> bytes:
    """The archive of the last report on the console; empty if there is none, or a damaged one."""
    form = ""
    packed: list[str] = []
    for kind, word in _FRAME.findall(console):
        if kind == "begin":
            form, packed = word, []
        elif kind == "=":
            packed.append(word)
        elif form:
            return _unpack(form, "".join(packed), digest=word)
    return b""


def _unpack(form: str, text: str, *, digest: str) -> bytes:
    try:
        body = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    if hashlib.sha256(body).hexdigest() != digest:
        return b""
    if form != "gzip":
        return body
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = stream.decompress(body, LIMIT + 1)
    except zlib.error:
        return b""
    if len(unpacked) > LIMIT:
        raise _huge(len(unpacked))
    return unpacked


def _huge(size: int) -> Failure:
    return Failure(
        "IGN8150",
        f"the guest's report has {size >> 20} MiB, more than {LIMIT >> 20}",
        hint="expect the sha256 of large files, and less output of commands",
    )
