# SPDX-License-Identifier: Apache-2.0
"""Block devices of the guest, from its udev database, sysfs, and what blkid and mdadm read on the devices."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ignition.testbed.facts import Device, LuksHeader, integer

SECTOR = 512
"""Bytes of a sector in sysfs and in udev's properties, on every disk."""
_BLKID = {
    "TYPE": "ID_FS_TYPE",
    "UUID": "ID_FS_UUID",
    "LABEL": "ID_FS_LABEL",
    "PTTYPE": "ID_PART_TABLE_TYPE",
    "PTUUID": "ID_PART_TABLE_UUID",
}


def devices(
    udev: str | None, sysfs: str | None, probe: str | None, mdadm: str | None
) -> tuple[Device, ...] | None:
    """All block devices; None if neither udev nor sysfs was collected."""
    if udev is None and sysfs is None:
        return None
    records = {record["name"]: record for record in _udev(udev or "")}
    values = _Sysfs(sysfs or "")
    probed = {block.get("DEVNAME", ""): as_udev(block) for block in exports(probe or "")}
    arrays = {block.get("DEVNAME", ""): block for block in exports(mdadm or "")}
    found = [
        _device(name, records, values, probed, arrays)
        for name in dict.fromkeys([*records, *values.sizes])
    ]
    labels = {one.path: one.facts.get("ID_FS_LABEL", "") for one in found}
    return tuple(_named(one, labels) for one in found)


def _named(device: Device, labels: Mapping[str, str]) -> Device:
    """An array without its name, in a guest without mdadm, gets it from the superblock of a member."""
    name = next((labels[path] for path in device.members if labels.get(path)), "")
    if not device.level or not name or "MD_NAME" in device.facts:
        return device
    return replace(device, facts={**device.facts, "MD_NAME": name})


def _device(
    name: str,
    records: Mapping[str, dict[str, Any]],
    values: _Sysfs,
    probed: Mapping[str, dict[str, str]],
    arrays: Mapping[str, dict[str, str]],
) -> Device:
    record = records.get(name, {})
    path = f"/dev/{record.get('node', name.replace('!', '/'))}"
    facts = {**record.get("facts", {}), **arrays.get(path, {}), **probed.get(path, {})}
    offset = integer(facts.get("ID_PART_ENTRY_OFFSET"))
    is_partition = facts.get("DEVTYPE") == "partition"
    parent = records.get(facts.get("DEVPATH", "").rpartition("/")[0].rpartition("/")[2], {})
    states = values.members.get(name, {})
    return Device(
        path=path,
        links=tuple(record.get("links", ())),
        kind="partition" if is_partition else "disk",
        parent=f"/dev/{parent['node']}" if is_partition and parent else "",
        size=values.sizes.get(name),
        start=None if offset is None else offset * SECTOR,
        number=integer(facts.get("ID_PART_ENTRY_NUMBER") or facts.get("PARTN")) or 0,
        facts=facts,
        members=tuple(f"/dev/{member}" for member, active in states.items() if active),
        spares=tuple(f"/dev/{member}" for member, active in states.items() if not active),
        backing=tuple(f"/dev/{below}" for below in values.slaves.get(name, ())),
        level=values.levels.get(name, ""),
        mapping=values.mappings.get(name, ""),
    )


def _udev(text: str) -> Iterator[dict[str, Any]]:
    """The block devices of `udevadm info --export-db`."""
    for block in text.split("\n\n"):
        facts: dict[str, str] = {}
        links: list[str] = []
        node = ""
        for line in block.splitlines():
            kind, _, rest = line.partition(": ")
            if kind == "E":
                key, _, value = rest.partition("=")
                facts[key] = value
            elif kind == "N":
                node = rest
            elif kind == "S":
                links.append(f"/dev/{rest}")
        if facts.get("SUBSYSTEM") == "block" and node:
            for key in ("ID_FS_LABEL", "ID_PART_ENTRY_NAME"):
                encoded = facts.get(f"{key}_ENC", facts.get(key))
                if encoded is not None:
                    facts[key] = _decoded(encoded)
            name = facts.get("DEVPATH", "").rpartition("/")[2]
            yield {"name": name, "node": node, "links": sorted(links), "facts": facts}


def _decoded(text: str) -> str:
    r"""Resolves \x20 as udev and blkid write it."""
    data = re.sub(
        rb"\\x([0-9a-fA-F]{2})",
        lambda match: bytes([int(match[1], 16)]),
        text.encode(errors="surrogateescape"),
    )
    return data.decode(errors="replace")


class _Sysfs:
    """The values that the reporter read below /sys/class/block, by kernel name of the device."""

    def __init__(self, text: str) -> None:
        self.sizes: dict[str, int] = {}
        self.mappings: dict[str, str] = {}
        self.levels: dict[str, str] = {}
        self.slaves: dict[str, list[str]] = {}
        self.members: dict[str, dict[str, bool]] = {}
        for line in text.splitlines():
            path, _, value = line.partition(" ")
            name, _, key = path.removeprefix("/sys/class/block/").partition("/")
            self._add(name, key.split("/"), value)

    def _add(self, name: str, key: list[str], value: str) -> None:
        match key:
            case ["size"] if (sectors := integer(value)) is not None:
                self.sizes[name] = sectors * SECTOR
            case ["dm", "name"]:
                self.mappings[name] = value
            case ["md", "level"]:
                self.levels[name] = value
            case ["slaves", below]:
                self.slaves.setdefault(name, []).append(below)
            case ["md", member, "slot"] if member.startswith("dev-"):
                states = self.members.setdefault(name, {})
                states[member.removeprefix("dev-")] = value.isdecimal()
            case _:
                pass


def exports(text: str) -> list[dict[str, str]]:
    """Parses `blkid --output export` and its like: per device a block of NAME=value lines."""
    blocks = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in text.strip().split("\n\n")
    ]
    return [block for block in blocks if block]


def as_udev(block: Mapping[str, str]) -> dict[str, str]:
    """What blkid found, under the names that udev gives it."""
    facts: dict[str, str] = {}
    for key, value in block.items():
        name = _BLKID.get(key) or (f"ID_{key}" if key.startswith("PART_ENTRY_") else "")
        if name:
            facts[name] = re.sub(r"\\(.)", r"\1", value)
    return facts


def luks_header(device: str, metadata: str | None, clevis: str | None) -> LuksHeader:
    """The clevis pins of a device, from its header as cryptsetup prints it, or from `clevis luks list`."""
    pins = _pins_of_tokens(metadata) if metadata is not None else None
    if pins is None and clevis is not None:
        pins = tuple(
            pin
            for name, settings in re.findall(r"^\d+: (\S+) '(.*)'$", clevis, re.MULTILINE)
            for pin in (name, *_pins_of_settings(settings))
        )
    return LuksHeader(device, pins)


def _pins_of_tokens(metadata: str) -> tuple[str, ...] | None:
    try:
        tokens = json.loads(metadata)["tokens"]
        found: list[str] = []
        for token in tokens.values():
            if token.get("type") == "clevis":
                found += _pins(token["jwe"]["protected"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return tuple(found)


def _pins(protected: str) -> list[str]:
    """The pin in the protected header of a JWE, and with sss all pins below it."""
    padded = protected + "=" * (-len(protected) % 4)
    clevis = json.loads(base64.urlsafe_b64decode(padded))["clevis"]
    pin = clevis["pin"]
    below = clevis.get(pin, {}).get("jwe", [])
    return [pin, *(name for jwe in below for name in _pins(jwe.partition(".")[0]))]


def _pins_of_settings(settings: str) -> list[str]:
    """The pins below sss in its settings: {"t":1,"pins":{"tang":[…]}}."""
    try:
        pins = json.loads(settings).get("pins", {})
        return [
            name
            for pin, several in pins.items()
            for one in (several if isinstance(several, list) else [several])
            for name in (pin, *_pins_of_settings(json.dumps(one)))
        ]
    except (ValueError, AttributeError, RecursionError):
        return []
