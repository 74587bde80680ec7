# SPDX-License-Identifier: Apache-2.0
"""Puts disk images with a GPT together, without loop devices: files are copied to the partitions."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ignition.testbed.programs import need, run

SECTOR = 512
MIB = 1 << 20
FIRST_SECTOR = 2048


@dataclass(frozen=True)
class Part:
    """One partition: its contents, the GUID of its type ("" for Linux data), its name."""

    contents: Path
    kind: str = ""
    name: str = ""


def assemble(disk: Path, parts: Sequence[Part]) -> list[int]:
    """Writes `disk`, with the partitions in this order. Returns the first sector of each."""
    need("sfdisk")
    lines = ["label: gpt"]
    starts = []
    at = FIRST_SECTOR
    for part in parts:
        size = -(-part.contents.stat().st_size // MIB) * (MIB // SECTOR)
        kind = f", type={part.kind}" if part.kind else ""
        name = f", name={part.name}" if part.name else ""
        lines.append(f"start={at}, size={size}{kind}{name}")
        starts.append(at)
        at += size
    with disk.open("wb") as file:
        file.truncate(at * SECTOR + MIB)
    sfdisk = ["/usr/sbin/sfdisk", "--quiet", str(disk)]
    subprocess.run(sfdisk, input="\n".join(lines) + "\n", text=True, check=True)
    for part, start in zip(parts, starts, strict=True):
        run(
            [
                *("dd", f"if={part.contents}", f"of={disk}", "bs=1M", "conv=notrunc,sparse"),
                *("status=none", "oflag=seek_bytes", f"seek={start * SECTOR}"),
            ]
        )
    return starts


def vfat(image: Path, label: str, size_mib: int, files: Mapping[str, Path]) -> Path:
    """A filesystem as on an EFI system partition. `files`: path in it -> file to copy."""
    need("mkfs.vfat", "mcopy")
    with image.open("wb") as file:
        file.truncate(size_mib * MIB)
    run(["mkfs.vfat", "-n", label, image])
    folders = {str(up) for path in files for up in list(Path(path).parents)[:-1]}
    for folder in sorted(folders):
        run(["mmd", "-i", image, f"::{folder}"])
    for path, source in files.items():
        run(["mcopy", "-i", image, source, f"::{path}"])
    return image


def ext4(image: Path, label: str, size_mib: int, files: Mapping[str, Path]) -> Path:
    """The same as ext4."""
    need("mke2fs", "debugfs")
    run(["mke2fs", "-q", "-t", "ext4", "-L", label, image, f"{size_mib}M"])
    folders = {str(up) for path in files for up in list(Path(path).parents)[:-1]}
    commands = [f"mkdir /{folder}" for folder in sorted(folders)]
    debugfs(image, [*commands, *(f"write {source} /{path}" for path, source in files.items())])
    return image


def debugfs(image: Path, commands: Sequence[str]) -> None:
    """Changes an ext4 filesystem that is not mounted."""
    script = image.with_name(f"{image.name}.commands")
    script.write_text("\n".join(commands) + "\n")
    run(["debugfs", "-w", "-f", script, image])
    script.unlink()
