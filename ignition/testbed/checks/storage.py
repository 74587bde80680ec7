# SPDX-License-Identifier: Apache-2.0
"""Filesystems, arrays and LUKS volumes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ignition.testbed.checks.devices import (
    NO_DEVICES,
    OUT_OF_SIGHT,
    array_name,
    find,
    is_label,
    is_uuid,
    locate,
    missing,
    same_device,
)
from ignition.testbed.checks.subject import Subject
from ignition.testbed.expectations.model import Array, Filesystem, Luks
from ignition.testbed.facts import Device
from ignition.testbed.report import Report
from ignition.testbed.results import Check


def filesystem(item: Filesystem, report: Report) -> Iterator[Check]:
    subject = Subject(f"filesystem on {item.device}", item.place)
    found = locate(subject, item.device, report)
    if isinstance(found, Check):
        yield found
        return
    kind = found.facts.get("ID_FS_TYPE", "none")
    if item.format is not None:
        yield subject.equal("format", item.format, kind)
    yield from _label_and_uuid(subject, item, found)


def _label_and_uuid(subject: Subject, item: Filesystem | Luks, found: Device) -> Iterator[Check]:
    kind = found.facts.get("ID_FS_TYPE", "")
    if item.label is not None:
        label = found.facts.get("ID_FS_LABEL", "")
        yield subject.check(
            "label", is_label(kind, item.label, label), item.label or "none", label or "none"
        )
    if item.uuid is not None:
        uuid = found.facts.get("ID_FS_UUID", "")
        yield subject.check("uuid", is_uuid(item.uuid, uuid), item.uuid.lower(), uuid or "none")


def array(item: Array, report: Report) -> Iterator[Check]:
    subject = Subject(f"array {item.name}", item.place)
    if report.devices is None:
        yield subject.undecided("exists", NO_DEVICES, "present")
        return
    if report.from_images:
        yield from _members_on_disks(subject, item, report)
        return
    arrays = [one for one in report.devices if one.level or "MD_LEVEL" in one.facts]
    found = _array(item.name, arrays)
    names = ", ".join(array_name(one) or one.path for one in arrays) or "none"
    yield subject.check(
        "exists", found is not None, "present", "present" if found else f"the arrays are {names}"
    )
    if found is None:
        return
    if item.level is not None:
        level = found.level or found.facts.get("MD_LEVEL", "")
        yield subject.check("level", _level(item.level) == _level(level), item.level, level)
    yield from _members(subject, item, found, report)


def _members_on_disks(subject: Subject, item: Array, report: Report) -> Iterator[Check]:
    """What the superblocks on the disk images tell of an array that nobody assembled: its members."""
    devices = report.devices or ()
    plain = item.name.removeprefix("/dev/md/")
    members = [one.path for one in devices if _is_member(one, plain)]
    if members:
        yield subject.check("exists", True, "present", f"members are {', '.join(members)}")
    else:
        yield subject.undecided("exists", OUT_OF_SIGHT, "present")
    for device in item.devices:
        found = find(devices, device)
        if found is None:
            yield replace(missing(subject, device, report), prop="devices", expected=device)
        else:
            shown = "a member" if found.path in members else "no member of it"
            yield subject.check("devices", found.path in members, device, shown)
    for prop, expected in (("level", item.level), ("spares", item.spares)):
        if expected is not None:
            reason = "the array is not assembled outside of the machine"
            yield subject.undecided(prop, reason, str(expected))


def _is_member(device: Device, array: str) -> bool:
    """mdadm writes the name with or without the name of the host: "any:data"."""
    name = device.facts.get("ID_FS_LABEL", "").rpartition(":")[2]
    return device.facts.get("ID_FS_TYPE") == "linux_raid_member" and name == array


def _array(name: str, arrays: Sequence[Device]) -> Device | None:
    plain = name.removeprefix("/dev/md/")
    return next(
        (one for one in arrays if plain in (array_name(one), one.path.removeprefix("/dev/"))),
        None,
    )


def _level(name: str) -> str:
    """mdadm accepts several names for a level."""
    names = {"stripe": "raid0", "0": "raid0", "mirror": "raid1", "1": "raid1"}
    return names.get(name, f"raid{name}" if name.isdecimal() else name)


def _members(subject: Subject, item: Array, found: Device, report: Report) -> Iterator[Check]:
    known = (*found.members, *found.spares)
    if not known and (item.devices or item.spares is not None):
        yield subject.undecided("devices", "the guest did not report the members of the array")
        return
    for device in item.devices:
        inside = any(same_device(report, device, member) for member in known)
        shown = "a member" if inside else f"the members are {', '.join(known)}"
        yield subject.check("devices", inside, device, shown)
    if item.spares is not None:
        yield subject.equal("spares", item.spares, len(found.spares))


def luks(item: Luks, report: Report) -> Iterator[Check]:
    subject = Subject(f"LUKS volume {item.name}", item.place)
    if report.devices is None:
        yield subject.undecided("exists", NO_DEVICES, "present")
        return
    volume = next((one for one in report.devices if one.mapping == item.name), None)
    if item.open is not None:
        words = {True: "open", False: "closed"}
        is_open = volume is not None
        if report.from_images:
            yield subject.undecided("open", "the machine is off", words[item.open])
        else:
            yield subject.check("open", item.open == is_open, words[item.open], words[is_open])
    header = _header(item, volume, report.devices)
    if header is None and report.from_images:
        yield _no_header(subject, item, report)
        return
    if header is None:
        wanted = f"LUKS on {item.device}" if item.device else "present"
        yield subject.check("exists", False, wanted, "no such LUKS device")
        return
    kind = header.facts.get("ID_FS_TYPE", "none")
    yield subject.check("exists", kind == "crypto_LUKS", "LUKS", _named(kind, header))
    if kind != "crypto_LUKS":
        return
    if item.device is not None and volume is not None:
        right = header.path in volume.backing
        shown = ", ".join(volume.backing) or "unknown"
        if volume.backing:
            yield subject.check("device", right, item.device, shown)
    yield from _label_and_uuid(subject, item, header)
    if item.pins:
        yield _pins(subject, item, header, report)


def _no_header(subject: Subject, item: Luks, report: Report) -> Check:
    """The check for a header that is on none of the disk images that were read."""
    if item.device is None:
        return subject.undecided("exists", OUT_OF_SIGHT, "present")
    return missing(subject, item.device, report)


def _named(kind: str, header: Device) -> str:
    return "LUKS" if kind == "crypto_LUKS" else f"{kind} on {header.path}"


def _header(item: Luks, volume: Device | None, devices: Sequence[Device]) -> Device | None:
    """The device that holds the header: the named one, or the one below the open volume, or the one with
    this label or UUID."""
    if item.device is not None:
        return find(devices, item.device)
    for device in devices:
        if volume is not None and device.path in volume.backing:
            return device
    closed = [one for one in devices if one.facts.get("ID_FS_TYPE") == "crypto_LUKS"]
    for device in closed:
        label, uuid = device.facts.get("ID_FS_LABEL", ""), device.facts.get("ID_FS_UUID", "")
        if (item.label and item.label == label) or (item.uuid and is_uuid(item.uuid, uuid)):
            return device
    return None


def _pins(subject: Subject, item: Luks, header: Device, report: Report) -> Check:
    expected = ", ".join(item.pins)
    found = (report.luks or {}).get(header.path)
    if found is None or found.pins is None:
        return subject.undecided(
            "bindings", "the bindings in the LUKS header could not be read", expected
        )
    right = set(item.pins) <= set(found.pins)
    return subject.check("bindings", right, expected, ", ".join(found.pins) or "none")
