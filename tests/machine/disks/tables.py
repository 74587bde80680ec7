# SPDX-License-Identifier: Apache-2.0
"""Partition tables written and read by sfdisk, which the engine itself does not use."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple

MIB = 2048  # sectors of 512 bytes
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"


class Part(NamedTuple):
    """A partition; start and size are in sectors."""

    number: int
    start: int
    size: int
    label: str = ""
    type: str = LINUX
    guid: str = ""
    attributes: str = ""


BASE = [
    Part(1, 2 * MIB, 128 * MIB, "EFI-SYSTEM", ESP, "11111111-1111-4111-8111-111111111111"),
    Part(6, 130 * MIB, 128 * MIB, "OEM", LINUX, "66666666-6666-4666-8666-666666666666"),
    Part(9, 258 * MIB, 128 * MIB, "ROOT", LINUX, "99999999-9999-4999-8999-999999999999"),
]


def make_table(disk: str, parts: list[Part], *, label: str = "gpt") -> None:
    """Writes a table and waits until the kernel knows it."""
    rows = []
    for part in parts:
        row = f"{part.number} : start={part.start}, size={part.size}"
        if label == "gpt":
            row += f', type={part.type}, name="{part.label}"'
        row += f", uuid={part.guid}" if part.guid else ""
        row += f', attrs="{part.attributes}"' if part.attributes else ""
        rows.append(row)
    # Like sgdisk's; by default, sfdisk only lets partitions start at 1 MiB.
    head = f"label: {label}\nunit: sectors\n" + ("first-lba: 34\n" if label == "gpt" else "")
    subprocess.run(
        ["sfdisk", "--quiet", "--wipe", "never", disk],
        input=head + "\n" + "\n".join(rows) + "\n",
        text=True,
        check=True,
    )
    subprocess.run(["udevadm", "trigger", "--settle", disk], check=True)
    wait_until(lambda: set(kernel(disk)) == {part.number for part in parts})


def read_table(disk: str) -> list[Part]:
    """The partitions of a GPT; AssertionError if the disk has none."""
    done = subprocess.run(["sfdisk", "--json", disk], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table: dict[str, Any] = json.loads(done.stdout)["partitiontable"]
    assert table["label"] == "gpt"
    return [
        Part(
            int(one["node"].removeprefix(disk).lstrip("p")),
            one["start"],
            one["size"],
            one.get("name", ""),
            one["type"],
            one["uuid"],
            one.get("attrs", ""),
        )
        for one in table.get("partitions", [])
    ]


def places(disk: str) -> dict[int, tuple[int, int]]:
    """Number -> start and size in sectors, ordered by number."""
    return {part.number: (part.start, part.size) for part in sorted(read_table(disk))}


def kernel(disk: str) -> dict[int, tuple[int, int]]:
    """Like `places`, as reported by the kernel, in units of 512 bytes."""
    folder = Path("/sys/class/block", Path(disk).name)
    found = {}
    for number in folder.glob("*/partition"):
        values = [int((number.parent / name).read_text()) for name in ("start", "size")]
        found[int(number.read_text())] = (values[0], values[1])
    return dict(sorted(found.items()))


def fingerprint(disk: str) -> str:
    """A digest of the first and last MiB, which contain all tables."""
    with open(disk, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        digest = hashlib.sha256()
        for offset in (0, size - (1 << 20)):
            file.seek(offset)
            digest.update(file.read(1 << 20))
    return digest.hexdigest()


def wait_until(condition: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "timeout"
        time.sleep(0.02)
