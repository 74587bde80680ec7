# SPDX-License-Identifier: Apache-2.0
"""Disk images of other distributions, which carry Ignition or this engine."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Literal

from ignition.base.errors import CommandFailed, Failure
from ignition.testbed import ovmf
from ignition.testbed.cache import build_folder
from ignition.testbed.disk_format import Format, recognise
from ignition.testbed.image_lock import refuse_in_use
from ignition.testbed.images import FW_CFG_ENTRY, Image
from ignition.testbed.partition_table import BIOS_BOOT, ESP, MBR_ESP, Table, read_table
from ignition.testbed.programs import need, run
from ignition.testbed.qemu import DirectKernel

FLATCAR_ENTRY = "opt/org.flatcar-linux/config"
FLATCAR_LABELS = frozenset({"USR-A", "OEM", "ROOT"})
FLAG = re.compile(r"(?<!\S)ignition\.firstboot(=\S*)?(?!\S)\s*")
TABLE_BYTES = 1 << 20
"""Bytes at the start of a disk with all that read_table reads."""


def foreign_image(
    path: Path,
    *,
    kernel: Path | None = None,
    initrd: Path | None = None,
    append: str = "",
    firmware: Literal["auto", "bios", "uefi"] = "auto",
    reporter: bool = True,
) -> Image:
    """The image in `path`, a qcow2 or raw disk. Failure (IGN8201 to IGN8209) if it cannot be booted.

    `kernel`, `initrd` and `append` start a kernel directly. Otherwise the image's boot loader does, after
    the `firmware`; "auto" takes UEFI if there is no other way. Without `reporter`, nothing is added to the
    author's config.
    """
    path = path.absolute()
    disk_format = recognise(path)
    refuse_in_use(path)
    direct = _direct(kernel, initrd, append)
    need("qemu-img")
    size = _virtual_size(path, disk_format)
    table = _table(path, disk_format)
    _whole(path, table, size)
    chosen = _firmware(path, table, firmware) if direct is None else "bios"
    return Image(
        path.name,
        path,
        disk_format,
        direct=direct,
        firmware=chosen,
        uefi=ovmf.find() if chosen == "uefi" else None,
        reporter="config" if reporter else "none",
        fw_cfg_entry=FLATCAR_ENTRY if table.labels >= FLATCAR_LABELS else FW_CFG_ENTRY,
        kernel_for_probe=direct.kernel if direct else _some_kernel(),
    )


def _direct(kernel: Path | None, initrd: Path | None, append: str) -> DirectKernel | None:
    if kernel is None:
        if initrd is not None or append:
            text = "an initramfs and kernel arguments take a kernel: the image's boot loader has its own"
            raise Failure("IGN8208", text, hint="add --kernel")
        return None
    if initrd is None:
        text = "a kernel takes an initramfs, in which Ignition runs"
        raise Failure("IGN8208", text, hint="add --initrd")
    head = _head(kernel)
    if not (head.startswith(b"HdrS", 0x202) or head.startswith(b"\x7fELF")):
        raise Failure("IGN8208", f"{kernel} is not a Linux kernel for x86")
    if not _head(initrd):
        raise Failure("IGN8208", f"{initrd} is empty")
    # The machine gets the flag for its first boot, and the console is how it is watched.
    cmdline = FLAG.sub("", append)
    if "console=" not in cmdline:
        cmdline += " console=ttyS0"
    return DirectKernel(kernel.absolute(), initrd.absolute(), cmdline.strip())


def _head(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise Failure("IGN8208", f"there is no file {path}")
        with path.open("rb") as file:
            return file.read(1024)
    except OSError as error:
        raise Failure("IGN8208", f"cannot read {path}: {error.strerror}") from error


def _virtual_size(path: Path, disk_format: Format) -> int:
    """The size of the disk in bytes. Failure (IGN8205) for a damaged image."""
    try:
        info: dict[str, Any] = json.loads(
            run(["qemu-img", "info", "--output=json", "-f", disk_format, path])
        )
        if info.get("encrypted"):
            raise Failure("IGN8205", f"{path} is encrypted", hint="decrypt it: qemu-img convert")
        if disk_format == "qcow2":
            run(["qemu-img", "check", "-q", "-f", "qcow2", path])
    except CommandFailed as failure:
        if failure.status != 3:  # clusters that nothing uses do no harm
            raise _damaged(path, failure) from failure
    return int(info["virtual-size"])


def _damaged(path: Path, failure: CommandFailed) -> Failure:
    said = failure.stderr.strip()
    if "backing file" in said:
        missing = said.splitlines()[0].rpartition("Could not open ")[2]
        text = f"{path} is an overlay of an image that cannot be opened: {missing}"
        hint = "put that image where it was, or make the overlay self-contained: qemu-img convert"
        return Failure("IGN8205", text, hint=hint)
    if "region exceeding the end of the file" in said:
        hint = "it is truncated: download or copy it again"
        return Failure("IGN8205", f"{path} is shorter than its contents", hint=hint)
    why = said.splitlines()[0].removeprefix("qemu-img: ") if said else f"status {failure.status}"
    return Failure("IGN8205", f"{path} is damaged: {why}", hint=f"qemu-img check {path}")


def _table(path: Path, disk_format: Format) -> Table:
    with tempfile.TemporaryDirectory(prefix=".table-", dir=build_folder()) as folder:
        start = Path(folder, "start")
        argv = ["qemu-img", "dd", "-f", disk_format, "-O", "raw", f"bs={TABLE_BYTES}", "count=1"]
        try:
            run([*argv, f"if={path}", f"of={start}"])
        except CommandFailed as failure:
            raise _damaged(path, failure) from failure
        data = start.read_bytes()
    return read_table(lambda offset, count: data[offset : offset + count])


def _whole(path: Path, table: Table, size: int) -> None:
    """Failure (IGN8205, IGN8209) for a disk that is not what its partition table describes."""
    if table.sector != 512:
        text = f"{path} was made for disks with sectors of {table.sector} bytes"
        raise Failure("IGN8209", text, hint="use the distribution's image for 512-byte sectors")
    if table.disk_size > size:
        text = f"{path} has {size} bytes, and its partition table describes {table.disk_size}"
        raise Failure("IGN8205", text, hint="it is truncated: download or copy it again")


def _firmware(
    path: Path, table: Table, wanted: Literal["auto", "bios", "uefi"]
) -> Literal["bios", "uefi"]:
    """Failure (IGN8209) if the disk has nothing that this firmware could start."""
    uefi = table.has(ESP, MBR_ESP)
    bios = table.boot_code or table.has(BIOS_BOOT)
    if wanted == "auto":
        wanted = "bios" if bios or not uefi else "uefi"
    if not (uefi if wanted == "uefi" else bios):
        lacks = "no EFI system partition" if wanted == "uefi" else "no boot code for a BIOS"
        if not uefi and not bios:
            lacks = "no boot loader"
        hint = "start its kernel with --kernel, --initrd and --append"
        raise Failure("IGN8209", f"{path} has {lacks}", hint=hint)
    return wanted


def _some_kernel() -> Path | None:
    """A kernel to test KVM with: one of this machine."""
    found = sorted(Path("/boot").glob("vmlinuz*"))
    return next((each for each in found if os.access(each, os.R_OK)), None)
