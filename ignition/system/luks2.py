# SPDX-License-Identifier: Apache-2.0
"""The header of a LUKS volume, read directly from the device.

LUKS2 keeps two copies of its header, each with a counter, a checksum and a JSON text. The newest intact one
counts, as for cryptsetup. Layout: the LUKS2 on-disk format specification.
"""

from __future__ import annotations

import os

from ignition.base import digest, gojson
from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PRIMARY = b"LUKS\xba\xbe"
_SECONDARY = b"SKUL\xba\xbe"
_BINARY = 4096
_CHECKSUM = slice(448, 512)
# A header, with its JSON text, has one of these sizes; the second one follows directly.
_SIZES = [0x4000 << shift for shift in range(9)]


@record
class Header:
    """What a LUKS header says.

    `version` is 1 or 2. `flags` are the persistent flags, such as `allow-discards`. `keyslots` has the
    numbers of the key slots as texts, `tokens` maps number to token. `updates` counts the changes of the
    header: 3 when luksFormat ends. Of LUKS1, only version and UUID are read.
    """

    version: int
    uuid: str
    label: str
    flags: tuple[str, ...]
    keyslots: tuple[str, ...]
    tokens: dict[str, dict[str, Any]]
    updates: int = 0


def read(node: str) -> Header | None:
    """The header of a device, None if it has no intact one. Raises OSError."""
    device = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # cryptsetup writes around the page cache, which may hold an old header.
        os.posix_fadvise(device, 0, 0, os.POSIX_FADV_DONTNEED)
        first = os.pread(device, _BINARY, 0)
        if first.startswith(_PRIMARY + b"\0\1") and len(first) == _BINARY:
            return Header(1, _text(first[168:208]), "", (), (), {})
        found = [_read_copy(device, _PRIMARY, 0)]
        if found[0] is None:
            found += [_read_copy(device, _SECONDARY, offset) for offset in _SIZES]
        else:
            found.append(_read_copy(device, _SECONDARY, _number(first[8:16])))
    finally:
        os.close(device)
    intact = [header for header in found if header is not None]
    return max(intact, key=lambda header: header.updates, default=None)


def read_damaged(node: str) -> Header | None:
    """What the first sector of a device says if no copy of its header is intact; None if it is not LUKS2.

    It has no tokens and no key slots. Raises OSError.
    """
    device = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.posix_fadvise(device, 0, 0, os.POSIX_FADV_DONTNEED)
        sector = os.pread(device, 512, 0)
    finally:
        os.close(device)
    if not sector.startswith(_PRIMARY + b"\0\2"):
        return None
    return Header(
        2, _text(sector[168:208]), _text(sector[24:72]), (), (), {}, _number(sector[16:24])
    )


def _read_copy(device: int, magic: bytes, offset: int) -> Header | None:
    binary = os.pread(device, _BINARY, offset)
    size = _number(binary[8:16])
    if (
        not binary.startswith(magic + b"\0\2")
        or size not in _SIZES
        or _number(binary[256:264]) != offset
    ):
        return None
    data = bytearray(os.pread(device, size, offset))
    if len(data) != size or not _is_intact(data):
        return None
    return _parse(data)


def _is_intact(data: bytearray) -> bool:
    """Whether the checksum, which covers the whole copy with zeros in its own place, is right."""
    algorithm = _text(data[72:104])
    if algorithm not in digest.HEX_DIGITS:
        return False
    stored = data[_CHECKSUM].hex()
    data[_CHECKSUM] = bytes(64)
    hasher = digest.new(algorithm)
    hasher.update(data)
    return stored[: digest.HEX_DIGITS[algorithm]] == hasher.hexdigest()


def _parse(data: bytearray) -> Header | None:
    try:
        value = gojson.loads_untrusted(bytes(data[_BINARY:]).partition(b"\0")[0])
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    config, slots, tokens = (_members(value, name) for name in ("config", "keyslots", "tokens"))
    flags = config.get("flags")
    return Header(
        2,
        _text(data[168:208]),
        _text(data[24:72]),
        tuple(map(str, flags)) if isinstance(flags, list) else (),
        tuple(slots),
        {number: token for number, token in tokens.items() if isinstance(token, dict)},
        _number(data[16:24]),
    )


def _members(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _number(data: bytes | bytearray) -> int:
    return int.from_bytes(data, "big")


def _text(data: bytes | bytearray) -> str:
    return bytes(data).partition(b"\0")[0].decode("utf-8", "replace")
