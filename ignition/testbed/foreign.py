# SPDX-License-Identifier: Apache-2.0
"""Disk images of other distributions, which carry Ignition or this engine."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ignition.testbed.images import Image
from ignition.testbed.qemu import DirectKernel


def foreign_image(
    path: Path,
    *,
    kernel: Path | None = None,
    initrd: Path | None = None,
    append: str = "",
    firmware: Literal["auto", "bios", "uefi"] = "auto",
    reporter: bool = True,
) -> Image:
    """The image in `path`, a qcow2 or raw disk. Failure (IGN82xx) if it cannot be booted.

    `kernel`, `initrd` and `append` start a kernel directly. Without `reporter`, nothing is added to the
    author's config.
    """
    direct = DirectKernel(kernel, initrd, append) if kernel and initrd else None
    return Image(
        path.name,
        path,
        disk_format="qcow2" if path.suffix == ".qcow2" else "raw",
        direct=direct,
        reporter="config" if reporter else "none",
    )
