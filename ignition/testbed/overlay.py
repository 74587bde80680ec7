# SPDX-License-Identifier: Apache-2.0
"""Overlays: what a guest writes goes to a file of its own, the image stays as it is."""

from __future__ import annotations

from pathlib import Path

from ignition.testbed.images import Image
from ignition.testbed.programs import need, run


def create(image: Image, folder: Path) -> Path:
    """A new qcow2 disk in `folder` that begins as the image's disk."""
    need("qemu-img")
    overlay = folder / "system.qcow2"
    run(
        [
            *("qemu-img", "create", "-q", "-f", "qcow2"),
            *("-b", image.disk.resolve(), "-F", image.disk_format, overlay),
        ]
    )
    return overlay
