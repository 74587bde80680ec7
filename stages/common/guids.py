# SPDX-License-Identifier: Apache-2.0
"""GUIDs by which a repeated run knows the partitions that it made itself.

An entry without a number would get another partition in every run, and a boot that was cut short could never
come to its end. So a GUID that the config leaves open is random in 74 of its bits; the other 48 follow from
those, from the config and from the entry. With another config, or on a copied disk of another machine, it is
just a GUID.
"""

from __future__ import annotations

import os

from ignition.resource.digest import sha512
from ignition.system import gpt

_RANDOM = 10
_TAG = 6


def new_guid(config_digest: str, entry: str) -> str:
    """A GUID (version 4) for a partition of this entry; wholly random without a digest."""
    if not config_digest:
        return gpt.guid_text(_version_4(os.urandom(_RANDOM + _TAG)))
    return gpt.guid_text(_marked(os.urandom(_RANDOM), config_digest, entry))


def is_ours(guid: str, config_digest: str, entry: str) -> bool:
    """Whether `new_guid` made it for this config and entry."""
    if not config_digest:
        return False
    data = gpt.guid_bytes(guid)
    return data == _marked(data[:_RANDOM], config_digest, entry)


def _marked(start: bytes, config_digest: str, entry: str) -> bytes:
    start = _version_4(start)
    text = b"\0".join((b"ignition partition", config_digest.encode(), entry.encode(), start))
    return start + bytes.fromhex(sha512(text))[:_TAG]


def _version_4(data: bytes) -> bytes:
    """The bytes with version and variant set, which lie in the eighth and ninth as they stand on disk."""
    return data[:7] + bytes([data[7] & 0x0F | 0x40, data[8] & 0x3F | 0x80]) + data[9:]
