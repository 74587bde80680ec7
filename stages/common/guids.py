# SPDX-License-Identifier: Apache-2.0
"""GUIDs by which a repeated run recognises its own partitions.

Otherwise an entry without a number would get another partition in every run, and an interrupted boot could
never complete. A GUID that the config leaves open has 74 random bits; the other 48 are a hash of those, of
the config and of the entry. With another config, or on a copy of the disk in another machine, it is just a
GUID.
"""

from __future__ import annotations

import os

from ignition.base.digest import sha512
from ignition.system import gpt

_RANDOM = 10
_TAG = 6


def new_guid(config_digest: str, entry: str) -> str:
    """A version 4 GUID for a partition of this entry; completely random without a digest."""
    if not config_digest:
        return gpt.guid_text(_version_4(os.urandom(_RANDOM + _TAG)))
    return gpt.guid_text(_tagged(os.urandom(_RANDOM), config_digest, entry))


def matches(guid: str, config_digest: str, entry: str) -> bool:
    """Whether `new_guid` created it for this config and entry."""
    if not config_digest:
        return False
    data = gpt.guid_bytes(guid)
    return data == _tagged(data[:_RANDOM], config_digest, entry)


def _tagged(start: bytes, config_digest: str, entry: str) -> bytes:
    start = _version_4(start)
    text = b"\0".join((b"ignition partition", config_digest.encode(), entry.encode(), start))
    return start + bytes.fromhex(sha512(text))[:_TAG]


def _version_4(data: bytes) -> bytes:
    """Sets version and variant, which are in the eighth and ninth byte in on-disk order."""
    return data[:7] + bytes([data[7] & 0x0F | 0x40, data[8] & 0x3F | 0x80]) + data[9:]
