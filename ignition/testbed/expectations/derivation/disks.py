# SPDX-License-Identifier: Apache-2.0
"""What follows from disks, arrays, LUKS volumes and filesystems."""

from __future__ import annotations

from ignition.config.model import Disk, Filesystem, Luks, Partition
from ignition.testbed.expectations import model
from ignition.testbed.expectations.derivation.subject import Subject

_LEVELS = {
    "linear": "linear",
    "raid0": "raid0",
    "0": "raid0",
    "stripe": "raid0",
    "mirror": "raid1",
    **{name: f"raid{name.removeprefix('raid')}" for name in ("1", "4", "5", "6", "10")},
    **{f"raid{number}": f"raid{number}" for number in (1, 4, 5, 6, 10)},
}
_MD = "/dev/md/"
_NO_FORMAT = ("", "none")


def derive(subject: Subject) -> list[model.Expectation]:
    """Disks, filesystems, arrays and volumes."""
    storage = subject.config.storage
    disks = [_disk(subject, disk, index) for index, disk in enumerate(storage.disks)]
    filesystems = [
        found
        for index, entry in enumerate(storage.filesystems)
        if (found := _filesystem(subject, entry, index))
    ]
    arrays = [
        model.Array(
            place=subject.place("storage", "raid", index),
            name=entry.name.removeprefix(_MD),
            level=_LEVELS.get(entry.level or ""),
            devices=tuple(entry.devices),
            spares=entry.spares,
        )
        for index, entry in enumerate(storage.raid)
    ]
    volumes = [_volume(subject, entry, index) for index, entry in enumerate(storage.luks)]
    return [*disks, *filesystems, *arrays, *volumes]


def _disk(subject: Subject, entry: Disk, index: int) -> model.Disk:
    partitions = tuple(
        _partition(subject, part, (index, "partitions", number))
        for number, part in enumerate(entry.partitions)
    )
    wanted = any(part.exists for part in partitions)
    if entry.wipe_table and not wanted:
        subject.note(f"{entry.device}: wipeTable without partitions leaves nothing to check")
    return model.Disk(
        place=subject.place("storage", "disks", index),
        device=entry.device,
        table="gpt" if wanted else None,
        partitions=partitions,
    )


def _partition(subject: Subject, entry: Partition, path: tuple[str | int, ...]) -> model.Partition:
    """Start and size 0 mean "as the free space is", and an empty GUID or label is none."""
    return model.Partition(
        place=subject.place("storage", "disks", *path),
        number=entry.number or None,
        label=entry.label or None,
        exists=entry.should_exist is not False,
        start_mib=entry.start_mib or None,
        size_mib=entry.size_mib or None,
        type_guid=entry.type_guid or None,
        guid=entry.guid or None,
    )


def _filesystem(subject: Subject, entry: Filesystem, index: int) -> model.Filesystem | None:
    place = subject.place("storage", "filesystems", index)
    if entry.format == "virtiofs":
        subject.note(
            f"virtiofs {entry.device}: the host shares it; it is not a filesystem to check"
        )
        return None
    if entry.format is None:
        subject.note(f"{entry.device}: without a format the engine only waits for the device")
        return None
    if entry.format in _NO_FORMAT:
        if _has_other_use(subject, entry.device):
            return None
        return model.Filesystem(place=place, device=entry.device, format="none")
    return model.Filesystem(
        place=place,
        device=entry.device,
        format=entry.format,
        label=entry.label or None,
        uuid=entry.uuid or None,
    )


def _has_other_use(subject: Subject, device: str) -> bool:
    """Whether the config puts something else than a filesystem on a device."""
    storage = subject.config.storage
    members = {member for array in storage.raid for member in array.devices}
    return device in {*members, *(luks.device for luks in storage.luks)} or any(
        disk.device == device for disk in storage.disks
    )


def _volume(subject: Subject, entry: Luks, index: int) -> model.Luks:
    clevis = entry.clevis
    pins = ["tang"] if clevis.tang else []
    pins += ["tpm2"] if clevis.tpm2 else []
    pins += [clevis.custom.pin] if clevis.custom.pin else []
    if clevis.threshold:
        subject.note(f"LUKS volume {entry.name}: the threshold of its pins is not checked")
    if entry.cex.enabled:
        subject.note(f"LUKS volume {entry.name}: a key on a Crypto Express card is not checked")
    return model.Luks(
        place=subject.place("storage", "luks", index),
        name=entry.name,
        device=entry.device or None,
        label=entry.label or None,
        uuid=entry.uuid or None,
        open=True,
        pins=tuple(pins),
    )
