# SPDX-License-Identifier: Apache-2.0
"""The names below /dev of what a config creates: known before it exists, since the config determines them.

Names that only the running system knows are left out: /dev/md127, /dev/dm-0, or UUIDs chosen at random.
"""

from __future__ import annotations

import os

from ignition.system import devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config import model

_BY_ID = "/dev/disk/by-id"
_BY_PARTLABEL = "/dev/disk/by-partlabel"
_BY_PARTUUID = "/dev/disk/by-partuuid"
_MAPPER_SAFE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#+-.:=@_"


def array_path(wanted: model.Raid) -> str:
    """The path of an array's device."""
    return wanted.name if wanted.name.startswith("/dev") else f"/dev/md/{wanted.name}"


def array_names(wanted: model.Raid) -> tuple[str, ...]:
    """The names of an array. udev's link has the name in the superblock, after the home host that we set."""
    path = array_path(wanted)
    link = f"{_BY_ID}/md-name-any:{devices.encode_udev_name(os.path.basename(path))}"
    return _with_node(path, link)


def volume_names(wanted: model.Luks) -> tuple[str, ...]:
    """The names of an opened LUKS volume."""
    name = mapper_name(wanted.name)
    names = [f"/dev/mapper/{wanted.name}", f"/dev/mapper/{name}", f"{_BY_ID}/dm-name-{name}"]
    if wanted.uuid:
        compact = wanted.uuid.replace("-", "").lower()
        names.append(f"{_BY_ID}/dm-uuid-CRYPT-LUKS2-{compact}-{name}")
    return _with_node(*names)


def mapper_name(name: str) -> str:
    """The name of a volume as device-mapper writes it: unsafe bytes become \\xNN."""
    return "".join(
        chr(byte) if chr(byte) in _MAPPER_SAFE else f"\\x{byte:02x}" for byte in name.encode()
    )


def names_of(config: model.Config, keys: tuple[str, ...]) -> tuple[str, ...]:
    """All names of the array or volume that has one of these names, else just these."""
    arrays = (array_names(array) for array in config.storage.raid)
    volumes = (volume_names(volume) for volume in config.storage.luks)
    for names in (*arrays, *volumes):
        if not set(keys).isdisjoint(names):
            return tuple(dict.fromkeys((*keys, *names)))
    return keys


def partition_names(disk: model.Disk, aliases: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the partitions that the config wants on a disk, which has these other names."""
    names = []
    for entry in disk.partitions:
        if entry.number and entry.should_exist is not False:
            names += [partition_alias(alias, entry.number) for alias in aliases]
        names += links_of_partition(entry.label or "", entry.guid or "")
    return tuple(dict.fromkeys(names))


def partition_alias(alias: str, number: int) -> str:
    """The name of a partition that belongs to this name of its disk."""
    if alias.startswith("/dev/disk/"):
        return f"{alias}-part{number}"
    return devices.kernel_partition_node(alias, number)


def links_of_partition(label: str, guid: str) -> list[str]:
    """udev's links to a partition with this label and GUID; each may be "" for none."""
    links = [f"{_BY_PARTLABEL}/{devices.encode_udev_name(label)}"] if label else []
    return [*links, f"{_BY_PARTUUID}/{guid.lower()}"] if guid else links


def _with_node(*names: str) -> tuple[str, ...]:
    """The names and, for those that already exist, the node that they lead to."""
    return tuple(dict.fromkeys((*names, *map(os.path.realpath, names))))
