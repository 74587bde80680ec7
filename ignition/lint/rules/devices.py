# SPDX-License-Identifier: Apache-2.0
"""References to devices that nothing in the config creates: a first boot would wait for them in vain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ignition.lint.rule import LintRule
from ignition.lint.typos import KnownNames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

UNKNOWN_PARTITION_LABEL = LintRule(
    "IGN1821",
    "no partition in the config has this label",
    hint="add the label to a partition under storage.disks, or use the label of an existing partition",
)
"""udev creates `/dev/disk/by-partlabel/LABEL` for the partition with that label. If there is none, the engine
waits for the device, by default forever. Labels that are common in images (`root`, `boot`, `EFI-SYSTEM`,
`OEM` and others) are not reported."""

UNKNOWN_PARTITION_NUMBER = LintRule(
    "IGN1822",
    "the config does not create this partition",
    hint="add a partition with this number to the disk, or use another partition",
)
"""The config wipes the partition table of the disk (`wipeTable`) and creates no partition with this number.
Disks with partitions that do not set a number are not checked."""

UNKNOWN_ARRAY = LintRule(
    "IGN1823",
    "no array in the config has this name",
    hint="add the array to storage.raid, or fix the name",
)
"""`/dev/md/NAME` is a RAID array that nothing in the config creates, so the engine waits for it in vain."""

UNKNOWN_VOLUME = LintRule(
    "IGN1824",
    "no LUKS volume in the config has this name",
    hint="add the volume to storage.luks, or fix the name",
    since="3.2.0",
)
"""`/dev/mapper/NAME` and `/dev/disk/by-id/dm-name-NAME` refer to an opened LUKS volume. A name with a dash
may be an LVM logical volume (`group-volume`) and is only reported if it is one typo away from a volume in the
config. Multipath devices are not reported."""

UNKNOWN_FILESYSTEM_LABEL = LintRule(
    "IGN1825",
    "no filesystem or LUKS volume in the config has this label",
    hint="add the label to a filesystem, or use another path to the device",
)
"""udev creates `/dev/disk/by-label/LABEL` for the filesystem with that label. Labels that are common in
images are not reported."""

UNKNOWN_UNIT_DEVICE = LintRule(
    "IGN1826",
    "the unit uses an unknown device whose name is close to one in the config",
    hint="use the name that the config gives the device",
)
"""`What=` of a mount or swap unit is one typo away from a label, array or volume in the config. Other unknown
devices in units are not reported, because the image may provide them or they may appear later."""

# Labels in images of Fedora CoreOS, RHEL CoreOS, Flatcar and SUSE, and those that systemd-repart sets.
_IMAGE_LABELS_WORDS = """
bios bios-boot boot boot-1 boot-2 combustion coreos-boot efi efi-system esp home ignition install oem
oem-config overlay p.legacy p.lxroot p.uefi prep reserved root root-a root-b root-verity root-x86-64
srv swap tmp usr usr-a usr-b usr-verity usr-x86-64 var
"""
_IMAGE_LABELS = frozenset(_IMAGE_LABELS_WORDS.split())
_PARTITION = re.compile(r"(/dev/(?:sd[a-z]+|vd[a-z]+|xvd[a-z]+|hd[a-z]))(\d{1,4})")
_PARTITION_P = re.compile(r"(/dev/(?:nvme\d+n\d+|mmcblk\d+|loop\d+|md\d+))p(\d{1,4})")
_WHAT = re.compile(r"(?m)^[ \t]*What[ \t]*=[ \t]*(\S+)[ \t]*$")


def check(subject: Subject) -> Iterator[Violation]:
    if not subject.inventory.complete:
        return
    names = _Names(subject)
    for device, path in _used(subject):
        found = names.unknown(device, path) or _unknown_number(subject, device, path)
        if found:
            yield found
    for unit in subject.units:
        if unit.text and unit.name.endswith((".mount", ".swap")):
            for match in _WHAT.finditer(unit.text.text):
                near = names.suggest(match[1])
                if near:
                    message = f"unknown device {match[1]}, did you mean {near}?"
                    yield UNKNOWN_UNIT_DEVICE.inside(unit.text, match.span(1), message)


def _used(subject: Subject) -> Iterator[tuple[str, Path]]:
    """The devices that must exist before the engine can create something on them."""
    for disk, path in subject.items("storage", "disks"):
        yield disk.get("device", ""), (*path, "device")
    for raid, path in subject.items("storage", "raid"):
        for index, device in enumerate(raid.get("devices", ())):
            yield device, (*path, "devices", index)
    for kind in ("luks", "filesystems"):
        for item, path in subject.items("storage", kind):
            yield item.get("device", ""), (*path, "device")


class _Names:
    """Directories of named devices, each with its rule and the names that the config creates."""

    def __init__(self, subject: Subject) -> None:
        inventory = subject.inventory
        volumes = KnownNames(inventory.volumes)
        self._unlabelled = inventory.unlabelled
        self._kinds = (
            ("/dev/disk/by-partlabel/", UNKNOWN_PARTITION_LABEL, KnownNames(inventory.partlabels)),
            ("/dev/disk/by-label/", UNKNOWN_FILESYSTEM_LABEL, KnownNames(inventory.labels)),
            ("/dev/md/", UNKNOWN_ARRAY, KnownNames(inventory.arrays)),
            ("/dev/mapper/", UNKNOWN_VOLUME, volumes),
            ("/dev/disk/by-id/dm-name-", UNKNOWN_VOLUME, volumes),
        )

    def suggest(self, device: str) -> str:
        """A device in the config that is one typo away from an unknown one; "" if there is none."""
        for directory, _, known in self._kinds:
            name = device.removeprefix(directory)
            if name != device and name not in known:
                near = known.closest(name)
                return directory + near if near else ""
        return ""

    def unknown(self, device: str, path: Path) -> Violation | None:
        """The violation if nothing creates the device."""
        for directory, rule, known in self._kinds:
            name = device.removeprefix(directory)
            if name == device or not name or name in known:
                continue
            near = known.closest(name)
            if near or not self._may_come_from_image(rule, name):
                hint = f"did you mean {near}?" if near else ""
                return rule.at(path, f"{rule.title}: {name}", hint)
        return None

    def _may_come_from_image(self, rule: LintRule, name: str) -> bool:
        """Whether the image or an administrator may provide a device of this name."""
        if rule is UNKNOWN_VOLUME:
            return "-" in name or name.startswith("mpath")
        if rule is UNKNOWN_ARRAY:
            return False
        if rule is UNKNOWN_PARTITION_LABEL and self._unlabelled:
            return True
        # udev escapes unusual characters in labels as \x20; such names are not compared.
        return name.lower() in _IMAGE_LABELS or "\\" in name


def _unknown_number(subject: Subject, device: str, path: Path) -> Violation | None:
    match = _PARTITION.fullmatch(device) or _PARTITION_P.fullmatch(device)
    if not match or match[1] not in subject.inventory.wiped:
        return None
    numbers = subject.inventory.partitions.get(match[1])
    if numbers is None or int(match[2]) in numbers:
        return None
    return UNKNOWN_PARTITION_NUMBER.at(path)
