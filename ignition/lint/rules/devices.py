# SPDX-License-Identifier: Apache-2.0
"""Devices that are named but made nowhere: a first boot waits for them until it is given up."""

from __future__ import annotations

import re

from ignition.lint.rule import LintRule
from ignition.lint.typos import KnownNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

UNKNOWN_PARTITION_LABEL = LintRule(
    "IGN1821",
    "no disk of this config has a partition with this label",
    hint="give a partition this label under storage.disks, or name the label of an existing one",
)
"""A device under `/dev/disk/by-partlabel/` appears when a partition has that label. If none has, the engine
waits for the device, by default for ever. Labels that images bring themselves (`root`, `boot`,
`EFI-SYSTEM`, `OEM` and the like) are not reported."""

UNKNOWN_PARTITION_NUMBER = LintRule(
    "IGN1822",
    "this partition is not among those that the config makes on the disk",
    hint="add a partition with this number to the disk, or name another one",
)
"""The table of the disk is wiped and made anew by this config (`wipeTable`), and no partition in it has the
number that the device names. Disks whose partitions leave their number to the engine are not looked at."""

UNKNOWN_ARRAY = LintRule(
    "IGN1823",
    "no array of this config has this name",
    hint="make the array under storage.raid, or correct the name",
)
"""A device under `/dev/md/` is an array; nothing in this config makes it, so the engine would wait for it."""

UNKNOWN_VOLUME = LintRule(
    "IGN1824",
    "no LUKS volume of this config has this name",
    hint="make the volume under storage.luks, or correct the name",
    since="3.2.0",
)
"""A device `/dev/mapper/NAME` or `/dev/disk/by-id/dm-name-NAME` is an opened LUKS volume. Names with a dash
in them may be logical volumes (`group-volume`); they are reported only if they are one slip away from a
volume that the config does make. Multipath devices are not reported."""

UNKNOWN_FILESYSTEM_LABEL = LintRule(
    "IGN1825",
    "no filesystem or LUKS volume of this config has this label",
    hint="give a filesystem this label, or name the device in another way",
)
"""A device under `/dev/disk/by-label/` appears when a filesystem has that label. Labels that images bring
themselves are not reported."""

UNKNOWN_UNIT_DEVICE = LintRule(
    "IGN1826",
    "the unit names a device that this config does not make, but nearly",
    hint="use the name under which the device is made",
)
"""`What=` of a mount or swap unit is one slip away from a label, array or volume that this config makes.
Other devices in units are not reported: they may come from the image, or later."""

# Partitions and filesystems of Fedora CoreOS, RHEL CoreOS, Flatcar, SUSE and images made by systemd-repart.
_OF_IMAGES_WORDS = """
bios bios-boot boot boot-1 boot-2 combustion coreos-boot efi efi-system esp home ignition install oem
oem-config overlay p.legacy p.lxroot p.uefi prep reserved root root-a root-b root-verity root-x86-64
srv swap tmp usr usr-a usr-b usr-verity usr-x86-64 var
"""
_OF_IMAGES = frozenset(_OF_IMAGES_WORDS.split())
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
                near = names.near(match[1])
                if near:
                    message = f"{match[1]} is made nowhere, but {near} is"
                    yield UNKNOWN_UNIT_DEVICE.inside(unit.text, match.span(1), message)


def _used(subject: Subject) -> Iterator[tuple[str, Path]]:
    """The devices that must be there before something can be made on them."""
    for disk, path in subject.items("storage", "disks"):
        yield disk.get("device", ""), (*path, "device")
    for raid, path in subject.items("storage", "raid"):
        for index, device in enumerate(raid.get("devices", ())):
            yield device, (*path, "devices", index)
    for kind in ("luks", "filesystems"):
        for item, path in subject.items("storage", kind):
            yield item.get("device", ""), (*path, "device")


class _Names:
    """The folders of devices that are known by a name, each with its rule and the names that are made."""

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

    def near(self, device: str) -> str:
        """The device that is made and one slip away from one that is not; "" if there is none."""
        for folder, _, known in self._kinds:
            name = device.removeprefix(folder)
            if name != device and name not in known:
                near = known.closest(name)
                return folder + near if near else ""
        return ""

    def unknown(self, device: str, path: Path) -> Violation | None:
        """The finding that a device is named but made nowhere."""
        for folder, rule, known in self._kinds:
            name = device.removeprefix(folder)
            if name == device or not name or name in known:
                continue
            near = known.closest(name)
            if near or not self._elsewhere(rule, name):
                hint = f"perhaps {near} is meant" if near else ""
                return rule.at(path, f"{rule.title}: {name}", hint)
        return None

    def _elsewhere(self, rule: LintRule, name: str) -> bool:
        """Whether the image or an administrator may well bring a device of this name."""
        if rule is UNKNOWN_VOLUME:
            return "-" in name or name.startswith("mpath")
        if rule is UNKNOWN_ARRAY:
            return False
        if rule is UNKNOWN_PARTITION_LABEL and self._unlabelled:
            return True
        # udev writes unusual characters of labels as \x20; those are not told apart here.
        return name.lower() in _OF_IMAGES or "\\" in name


def _unknown_number(subject: Subject, device: str, path: Path) -> Violation | None:
    match = _PARTITION.fullmatch(device) or _PARTITION_P.fullmatch(device)
    if not match or match[1] not in subject.inventory.wiped:
        return None
    numbers = subject.inventory.partitions.get(match[1])
    if numbers is None or int(match[2]) in numbers:
        return None
    return UNKNOWN_PARTITION_NUMBER.at(path)
