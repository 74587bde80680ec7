# SPDX-License-Identifier: Apache-2.0
"""Random disk contents, and `storage` sections that conflict with them.

Disks have numbers here, and device nodes in tests/machine.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.random_machine import Dice, Json

_UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}|\b[0-9A-F]{4}-[0-9A-F]{4}\b")
_GUIDS = ("11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-aaaaaaaaaaaa")
_TYPES = ("0fc63daf-8483-4772-8e79-3d69d8477de4", "a19d880f-05fc-4d3b-a006-743f0f84911e")
_FORMATS = ("ext4", "ext4", "xfs", "btrfs", "vfat", "swap")
_HOSTILE_NUMBERS = (-1, -1000, 129, 1 << 31, 1 << 32, (1 << 63) - 1, -(1 << 63))
_CONTENTS = (
    "nothing",
    "nothing",
    "gpt",
    "gpt",
    "dos",
    "dos over gpt",
    "ext4",
    "noise",
    "half a gpt",
)


def lay(rng: Dice, disk: str) -> str:
    """Writes something to a disk, and returns its description."""
    contents = rng.choice(_CONTENTS)
    if contents in ("gpt", "half a gpt", "dos over gpt"):
        _tool("sgdisk", "-n", "1:0:+64M", "-c", "1:one", "-n", "3:0:+80M", "-c", "3:three", disk)
    if contents in ("dos", "dos over gpt"):
        _tool("sfdisk", "--force", "--wipe=never", "--label=dos", disk, text="2048,65536,83\n")
    if contents == "ext4":
        _tool("mkfs.ext4", "-q", "-F", disk)
    with Path(disk).open("r+b") as device:
        if contents == "noise":
            device.write(rng.randbytes(1 << 16))
        elif contents == "half a gpt":
            device.seek(512)
            device.write(bytes(512))
    _tool("udevadm", "settle")
    return contents


def _tool(*argv: str, text: str = "") -> None:
    subprocess.run(argv, check=True, input=text, text=True, capture_output=True)


def storage(rng: Dice, disks: Sequence[str]) -> Json:
    """A `storage` section for these disks; often it cannot be applied."""
    used = [disk for disk in disks if rng.random() < 0.8]
    made: Json = {"disks": [_disk(rng, disk) for disk in used]}
    devices = [f"{disk}p{number}" for disk in disks for number in (1, 2, 3)]
    labels = [
        f"/dev/disk/by-partlabel/{partition['label']}"
        for disk in made["disks"]
        for partition in disk["partitions"]
        if partition.get("label") and partition.get("shouldExist") is not False
    ]
    if rng.random() < 0.3 and len(labels) > 1:
        made["raid"] = [_array(rng, labels[:2])]
        labels = ["/dev/md/fuzz", *labels[2:]]
    pool = list(dict.fromkeys(labels * 4 + devices if rng.random() < 0.3 else labels))
    wanted = rng.sample(pool, min(len(pool), rng.choice((0, 1, 2))))
    made["filesystems"] = [_filesystem(rng, device, n) for n, device in enumerate(wanted)]
    return made


def _disk(rng: Dice, device: str) -> Json:
    value: Json = {"device": device}
    if rng.random() < 0.5:
        value["wipeTable"] = rng.random() < 0.8
    count = rng.choice((0, 1, 2, 3))
    letter = device[-1]
    value["partitions"] = [
        _partition(rng, f"{name}{letter}") for name in ("one", "two", "three")[:count]
    ]
    numbers: set[int] = set()
    for partition in value["partitions"]:
        if partition.get("number", 0) in numbers:
            partition["number"] = 0
        numbers.add(partition.get("number", 0))
    return value


def _partition(rng: Dice, label: str) -> Json:
    value: Json = {"label": label}
    if rng.random() < 0.5:
        value["number"] = rng.pick((1, 2, 3, 4, 128), _HOSTILE_NUMBERS)
    value["sizeMiB"] = rng.pick((16, 48, 64, 80), (0, 1, 400, *_HOSTILE_NUMBERS))
    if rng.random() < 0.2:
        value["startMiB"] = rng.pick((1, 128, 200), (0, 300, *_HOSTILE_NUMBERS))
    if rng.random() < 0.2:
        value["typeGuid"] = rng.choice(_TYPES)
    if rng.random() < 0.1:
        value["guid"] = rng.choice(_GUIDS)
    for switch in ("wipePartitionEntry", "resize"):
        if rng.random() < 0.25:
            value[switch] = rng.random() < 0.7
    if rng.random() < 0.1 and "number" in value:
        value = {"number": value["number"], "shouldExist": False, "wipePartitionEntry": True}
    return value


def _array(rng: Dice, members: list[str]) -> Json:
    level = rng.choice(("raid1", "raid0", "linear"))
    value: Json = {"name": "fuzz", "level": level, "devices": members}
    if rng.random() < 0.2:
        value["spares"] = rng.pick((0,), (1, -1, 1 << 32))
    return value


def _filesystem(rng: Dice, device: str, number: int) -> Json:
    value: Json = {"device": device, "format": rng.choice(_FORMATS)}
    if value["format"] != "swap" and rng.random() < 0.6:
        value["path"] = f"/var/fs{number}"
    if rng.random() < 0.5:
        value["label"] = f"L{number}"
    if rng.random() < 0.6:
        value["wipeFilesystem"] = rng.random() < 0.8
    return value


def seen(disks: Sequence[str], storage: Json) -> dict[str, list[str]]:
    """The partition tables, and type, label and UUID of filesystems.

    Without UUIDs if the config wipes something, because each run then creates new ones.
    """
    _tool("udevadm", "settle")
    found: dict[str, list[str]] = {}
    for disk in disks:
        found[disk] = _output("sfdisk", "--dump", disk)
        for device in (disk, *map(str, sorted(Path("/dev").glob(f"{Path(disk).name}p*")))):
            found[f"{device} holds"] = _output("blkid", "--probe", "--output", "export", device)
    if '": true' in json.dumps(storage):
        return {key: [_UUID.sub("UUID", line) for line in lines] for key, lines in found.items()}
    return found


def _output(*argv: str) -> list[str]:
    return subprocess.run(argv, capture_output=True, text=True).stdout.splitlines()
