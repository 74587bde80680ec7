# SPDX-License-Identifier: Apache-2.0
"""Loop devices used as disks, and removing them with everything on top."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

BlankDisk = Callable[..., str]
"""The fixture `blank_disk`: (size_mib=1024, sector_size=512) -> path of a new disk."""


def new_loop_disk(folder: Path, size_mib: int, sector_size: int) -> str:
    """Attaches a sparse file below `folder` to a loop device with partition support. Returns its path."""
    descriptor, image = tempfile.mkstemp(prefix="disk-", dir=folder)
    os.truncate(descriptor, size_mib << 20)
    os.close(descriptor)
    attach = ["losetup", "--find", "--show", "--partscan", f"--sector-size={sector_size}", image]
    return subprocess.run(attach, check=True, capture_output=True, text=True).stdout.strip()


def remove_disk(disk: str) -> None:
    """Unmounts, closes and stops everything on `disk`, then removes it and its file."""
    release(Path("/sys/block", Path(disk).name))
    image = Path("/sys/block", Path(disk).name, "loop/backing_file").read_text().strip()
    subprocess.run(["losetup", "--detach", disk], check=True)
    Path(image).unlink()


def release(device: Path) -> None:
    """Unmounts, closes and stops everything on a device, given as a sysfs folder.

    Partitions and holders come first: a mounted volume keeps its array busy.
    """
    for partition in device.glob(f"{device.name}*/partition"):
        release(partition.parent)
    for holder in (device / "holders").iterdir():
        release(Path("/sys/class/block", holder.name))
        node = f"/dev/{holder.name}"
        if (Path("/sys/class/block") / holder.name / "dm").is_dir():
            subprocess.run(["dmsetup", "remove", node], check=True)
        else:
            subprocess.run(["mdadm", "--quiet", "--stop", node], check=True)
    node = f"/dev/{device.name}"
    for target in reversed(_mounted(node)):
        subprocess.run(["umount", target], check=True)
    if any(line.split()[0] == node for line in Path("/proc/swaps").read_text().splitlines()):
        subprocess.run(["swapoff", node], check=True)


def _mounted(node: str) -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [words[1] for words in map(str.split, lines) if words[0] == node]
