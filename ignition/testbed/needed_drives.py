# SPDX-License-Identifier: Apache-2.0
"""The data disks that a config names, so that the guest has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from ignition.acquisition.rendered import Rendered
from ignition.base.errors import Failure
from ignition.base.suggest import closest
from ignition.testbed import space
from ignition.testbed.device_names import SERIAL_LIMIT, Named, Unplayable, drive_of
from ignition.testbed.drives import Bus

MIB = 1 << 20
DEFAULT_SIZE = 1 << 30
LARGEST = 1 << 43
"""8 TiB: the image is sparse, but ext4 on the host has no larger files than 16 TiB."""
MOST_DRIVES = 24
BUSES: tuple[Bus, ...] = get_args(Bus)
FIRST_NAMES: dict[Bus, str] = {
    "virtio": "/dev/vda",
    "scsi": "/dev/sda",
    "nvme": "/dev/nvme0n1",
    "ide": "/dev/sda",
}
BOOT_BUSES: tuple[Bus, ...] = ("virtio", "scsi", "nvme")
"""Where the boot disk may be, the first that is free."""
UNITS = {"K": 1 << 10, "M": MIB, "G": 1 << 30, "T": 1 << 40}


@dataclass(frozen=True)
class DriveSpec:
    """An empty data disk. `size` in bytes; `device` is the name that the config uses, "" if none."""

    bus: Bus = "virtio"
    serial: str = ""
    size: int = DEFAULT_SIZE
    device: str = ""
    model: str = ""
    wwn: str = ""


@dataclass(frozen=True)
class Needed:
    """The data disks in the order in which they must be attached, and sentences about devices that the
    testbed cannot play.

    boot_bus   where the boot disk goes, so that it takes no name of a data disk: it is the first drive there,
               or the last if the config names the first of every bus
    """

    drives: tuple[DriveSpec, ...] = ()
    boot_bus: Bus = "virtio"
    notes: tuple[str, ...] = ()


def needed(rendered: Rendered, *, foreign: bool = False) -> Needed:
    """The data disks that the config names.

    With a `foreign` image the first virtio disk is the boot disk, unless the config wipes its table, and
    names that the image may know are not noted.
    """
    storage = rendered.value.get("storage") or {}
    drives: dict[str, Named] = {}
    notes: dict[str, None] = {}
    for device in _devices(storage):
        found = drive_of(device)
        if isinstance(found, Unplayable):
            if not (foreign and found.disk.startswith("/dev/disk/")):
                notes[f"{found.disk} cannot be played: {found.reason}"] = None
        elif found is not None and not (foreign and _is_boot_disk(found, storage)):
            drives.setdefault(found.disk, found)
    return _arranged(list(drives.values()), storage, list(notes))


def _devices(storage: Mapping[str, Any]) -> Iterator[str]:
    """All devices that the config names, in order."""
    for section in ("disks", "raid", "luks", "filesystems"):
        for entry in storage.get(section) or ():
            yield from [entry["device"]] if entry.get("device") else ()
            yield from entry.get("devices") or ()


def _is_boot_disk(named: Named, storage: Mapping[str, Any]) -> bool:
    wiped = any(
        disk.get("wipeTable") and disk.get("device") == named.disk
        for disk in storage.get("disks") or ()
    )
    return (named.bus, named.index) == ("virtio", 0) and not wiped


def _arranged(drives: list[Named], storage: Mapping[str, Any], notes: list[str]) -> Needed:
    firsts = {named.bus for named in drives if named.index == 0}
    boot_bus = next((bus for bus in BOOT_BUSES if bus not in firsts), BOOT_BUSES[0])
    specs: list[DriveSpec] = []
    for bus in BUSES:
        there = [named for named in drives if named.bus == bus]
        taken = 1 if bus == boot_bus and bus not in firsts else 0
        specs += _on_bus(there, taken, storage, notes)
    return Needed(tuple(_same_sizes(specs)), boot_bus, tuple(notes))


def _on_bus(
    there: list[Named], taken: int, storage: Mapping[str, Any], notes: list[str]
) -> list[DriveSpec]:
    """The drives of one bus, whose first `taken` names are not free. Gaps are filled with small drives."""
    placed = {named.index: named for named in there if named.index is not None}
    last = max(placed, default=-1)
    if last >= MOST_DRIVES:
        notes.append(
            f"{placed[last].disk} cannot be played: a guest has at most {MOST_DRIVES} disks"
        )
        placed = {index: named for index, named in placed.items() if index < MOST_DRIVES}
        last = max(placed, default=-1)
    ordered = [placed.get(index) for index in range(taken, last + 1)]
    ordered += [named for named in there if named.index is None]
    bus = there[0].bus if there else "virtio"
    return [
        _spec(named, storage) if named else DriveSpec(bus, size=DEFAULT_SIZE) for named in ordered
    ]


def _spec(named: Named, storage: Mapping[str, Any]) -> DriveSpec:
    size = max(DEFAULT_SIZE, space.needed(named.disk, storage) * MIB)
    return DriveSpec(
        named.bus, named.serial, min(size, LARGEST), named.disk, named.model, named.wwn
    )


def _same_sizes(specs: list[DriveSpec]) -> Iterator[DriveSpec]:
    """Kernels name SCSI and NVMe drives in the order in which they answer: these must not differ in size."""
    for spec in specs:
        if spec.bus == "virtio":
            yield spec
        else:
            largest = max(other.size for other in specs if other.bus == spec.bus)
            yield replace(spec, size=largest)


def parse_disk(text: str) -> DriveSpec:
    """A disk from the command line, `SIZE[,bus=BUS][,serial=SERIAL]`. Failure IGN8320."""
    first, *rest = text.split(",")
    spec = DriveSpec(size=_size(first))
    for word in rest:
        key, _, value = word.partition("=")
        if key == "bus":
            spec = replace(spec, bus=_bus(value))
        elif key == "serial":
            spec = replace(spec, serial=_serial(value))
        else:
            near = closest(key, ("bus", "serial"))
            raise _wrong(text, f"there is no {key!r}", f"did you mean {near}=?" if near else "")
    return spec


def _size(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,12})([KMGT])(?:i?B)?", text, re.IGNORECASE | re.ASCII)
    size = int(found[1]) * UNITS[found[2].upper()] if found else 0
    if not MIB <= size <= LARGEST:
        raise _wrong(text, "the size must be 1M to 8T, with its unit", "write 2G or 512M")
    return size


def _bus(text: str) -> Bus:
    for bus in BUSES:
        if text == bus:
            return bus
    near = closest(text, BUSES)
    raise _wrong(
        text,
        f"there is no bus {text!r}",
        f"did you mean {near}?" if near else f"there are {', '.join(BUSES)}",
    )


def _serial(text: str) -> str:
    if not re.fullmatch(rf"[!-+.-~-]{{1,{SERIAL_LIMIT}}}", text):
        raise _wrong(
            text,
            f"a serial number has 1 to {SERIAL_LIMIT} printable characters, and no space or comma",
            "",
        )
    return text


def _wrong(text: str, sentence: str, hint: str) -> Failure:
    usage = "disks are written SIZE[,bus=virtio|scsi|nvme|ide][,serial=TEXT]"
    return Failure("IGN8320", f"disk {text!r}: {sentence}", hint=hint or usage)
