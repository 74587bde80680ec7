# SPDX-License-Identifier: Apache-2.0
"""Drives of a guest, and images of config drives: a filesystem with a label and some files.

`files` maps absolute paths on the drive to contents.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from ignition.testbed.programs import need, run

Files = Mapping[str, bytes]
Bus = Literal["virtio", "scsi", "nvme", "ide"]
Format = Literal["raw", "qcow2"]
SIZE = 4 << 20


@dataclass(frozen=True)
class Drive:
    """A drive of a guest. The first on a bus is /dev/vda, /dev/sda, /dev/nvme0n1; `ide` counts after `scsi`.

    serial   "" for none; udev makes links such as /dev/disk/by-id/virtio-SERIAL of it
    cdrom    a CD drive, which is always read-only; on the bus scsi or ide
    iops     operations per second at most; 0: no limit
    model    of a disk on the bus ide
    wwn      of a disk on the bus scsi, 16 hexadecimal digits
    boot     the firmware boots from it
    """

    image: Path
    format: Format = "raw"
    bus: Bus = "virtio"
    serial: str = ""
    read_only: bool = False
    cdrom: bool = False
    iops: int = 0
    model: str = ""
    wwn: str = ""
    boot: bool = False


def iso9660(image: Path, label: str, files: Files) -> Path:
    """With Joliet and Rock Ridge, which preserve file names; hosts build cloud-init drives like this."""
    need("xorriso")
    with _folder(files) as folder:
        run(["xorriso", "-as", "mkisofs", "-quiet", "-V", label, "-J", "-r", "-o", image, folder])
    return image


def vfat(image: Path, label: str, files: Files) -> Path:
    need("mkfs.vfat", "mcopy")
    with image.open("wb") as file:
        file.truncate(SIZE)
    run(["mkfs.vfat", "-n", label, image])
    with _folder(files) as folder:
        for entry in sorted(folder.iterdir()):
            run(["mcopy", "-s", "-i", image, entry, "::"])
    return image


def ext4(image: Path, label: str, files: Files) -> Path:
    need("mke2fs")
    with _folder(files) as folder:
        run(["mke2fs", "-q", "-t", "ext4", "-L", label, "-d", folder, image, f"{SIZE >> 10}k"])
    return image


def udf(image: Path, label: str, files: Files) -> Path:
    """As on Azure's provisioning DVD. Needs the Python package pycdlib."""
    import pycdlib

    disc = pycdlib.PyCdlib()
    disc.new(interchange_level=3, udf="2.60", vol_ident=label)
    for number, (path, data) in enumerate(files.items()):
        # The image also has an ISO 9660 tree, which needs its own short names.
        disc.add_fp(BytesIO(data), len(data), iso_path=f"/F{number}.;1", udf_path=path)
    disc.write(str(image))
    disc.close()
    return image


@contextmanager
def _folder(files: Files) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for path, data in files.items():
            target = Path(folder, path.lstrip("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        yield Path(folder)
