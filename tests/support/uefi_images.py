# SPDX-License-Identifier: Apache-2.0
"""Disks that UEFI starts: an EFI system partition, where wanted a /boot of its own, and a root, in a GPT.

Kernel, initramfs and root are those of the default image, so making one takes seconds. The boot loaders are
those of the packages grub-efi-amd64-bin and systemd-boot-efi.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ignition.testbed import ovmf
from ignition.testbed.cache import CHECKOUT
from ignition.testbed.images import CMDLINE, CPU, GRUB_SNIPPET, Image, Images
from ignition.testbed.partition_table import ESP
from ignition.testbed.programs import run
from tests.support.boot_loaders import EFI_LOADER, grub_core, systemd_boot
from tests.support.disk_image import Part, assemble, debugfs, ext4, vfat

XBOOTLDR = "bc13c2ff-59e6-4262-a352-b275fd6f7172"
FLAG = "ignition.firstboot"


@dataclass(frozen=True)
class Layout:
    """What lies where.

    loader    grub reads a flag file, systemd-boot has the argument in its entries
    boot      the filesystem with kernel, initramfs and flag: a partition of its own, or the ESP
    mounts    lines of fstab besides that of the root
    """

    loader: Literal["grub", "systemd-boot"]
    boot: Literal["ext4", "vfat", "esp"]
    mounts: str = ""


def uefi_image(folder: Path, images: Images, layout: Layout) -> Image:
    """Builds the disk in `folder`. Failure (IGN8001, IGN8207) if something is not installed."""
    folder.mkdir(parents=True)
    boot = {"vmlinuz": images.kernel, "initramfs": images.initramfs}
    if layout.loader == "grub":
        esp, more = _grub(folder, layout)
    else:
        esp, more = _systemd_boot(folder)
    boot.update(more)
    root = root_without_boot(folder, images.disk, layout.mounts)
    if layout.boot == "esp":
        parts = [Part(vfat(folder / "esp", "ESP", 160, {**esp, **boot}), ESP, "esp")]
    else:
        make = ext4 if layout.boot == "ext4" else vfat
        parts = [
            Part(vfat(folder / "esp", "ESP", 32, esp), ESP, "esp"),
            Part(make(folder / "boot", "boot", 160, boot), XBOOTLDR, "boot"),
        ]
    disk = folder / "disk.img"
    assemble(disk, [*parts, Part(root, name="root")])
    for part in (*(each.contents for each in parts), root):
        part.unlink()
    return Image(layout.loader, disk, firmware="uefi", uefi=ovmf.find(), cpu=CPU)


def root_without_boot(folder: Path, source: Path, mounts: str) -> Path:
    """The root of the default image without what belongs to /boot here."""
    root = folder / "root"
    run(["cp", "--reflink=auto", "--sparse=always", source, root])
    fstab = _text(folder / "fstab", f"LABEL=root / ext4 defaults 0 0\n{mounts}")
    debugfs(
        root,
        [
            *(f"rm {path}" for path in (f"/{FLAG}", "/boot/vmlinuz", "/boot/initramfs")),
            *("rm /etc/fstab", f"write {fstab} /etc/fstab", "mkdir /efi"),
        ],
    )
    return root


def _grub(folder: Path, layout: Layout) -> tuple[Mapping[str, Path], Mapping[str, Path]]:
    """Files of the ESP, and of the boot filesystem besides kernel and initramfs."""
    label = "ESP" if layout.boot == "esp" else "boot"
    find = f"search --no-floppy --label {label} --set=root\nconfigfile ($root)/grub/grub.cfg\n"
    core = grub_core(folder, "x86_64-efi", find)
    snippet = (CHECKOUT / GRUB_SNIPPET).read_text()
    entry = f"linux /vmlinuz {CMDLINE} ${{ignition_firstboot}}\ninitrd /initramfs\nboot\n"
    files = {"grub/grub.cfg": _text(folder / "grub.cfg", snippet + entry)}
    files[FLAG] = _text(folder / FLAG, "set ignition_network_kcmdline='ignition.wait.network=61'\n")
    return {EFI_LOADER: core}, files


def _systemd_boot(folder: Path) -> tuple[Mapping[str, Path], Mapping[str, Path]]:
    """As docs/boot.md says: each entry has the argument."""
    entry = f"title Debian\nlinux /vmlinuz\ninitrd /initramfs\noptions {CMDLINE} {FLAG}\n"
    entries = {
        f"loader/entries/{name}.conf": _text(folder / f"{name}.conf", f"version {version}\n{entry}")
        for name, version in (("debian-1", 1), ("debian-2", 2))
    }
    return {EFI_LOADER: systemd_boot()}, entries


def _text(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
