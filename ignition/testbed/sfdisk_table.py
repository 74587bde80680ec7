# SPDX-License-Identifier: Apache-2.0
"""The partition table of a disk image, as sfdisk prints it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from ignition.testbed.blockfacts import SECTOR
from ignition.testbed.programs import run


@dataclass(frozen=True)
class Entry:
    """A partition. `start` and `size` in bytes; `kind` and `uuid` as udev writes them."""

    number: int
    start: int
    size: int
    name: str
    kind: str
    uuid: str


def read_entries(image: Path) -> tuple[Entry, ...]:
    """The partitions of a raw image. CommandFailed (IGN8002) if it has no table, ValueError if sfdisk prints
    something else."""
    try:
        table = json.loads(run(["sfdisk", "--json", image]))["partitiontable"]
        sector = int(table.get("sectorsize", SECTOR))
        prefix = "0x" if table["label"] == "dos" else ""
        return tuple(
            Entry(
                number=_number(str(entry["node"]), image),
                start=int(entry["start"]) * sector,
                size=int(entry["size"]) * sector,
                name=str(entry.get("name", "")),
                kind=prefix + str(entry.get("type", "")).lower(),
                uuid=str(entry.get("uuid", "")).lower(),
            )
            for entry in table.get("partitions", ())
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("sfdisk printed something else than a partition table") from error


def _number(node: str, image: Path) -> int:
    """sfdisk names partitions as the kernel does: disk.img1, and disk2p1 after a digit."""
    found = re.fullmatch(r"p?(\d+)", node.removeprefix(str(image)))
    return int(found[1]) if found else 0
