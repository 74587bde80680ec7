# SPDX-License-Identifier: Apache-2.0
"""Disk images as distributions make them: a boot loader, one file system, and an engine in the initramfs.

They stand for the images that users bring along, so nothing of the testbed is in them. They are built
without loop devices: each partition is a file that is copied to its place.
"""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ignition.testbed.cache import build_once, digest
from ignition.testbed.images import CMDLINE, GRUB_SNIPPET
from ignition.testbed.partition_table import BIOS_BOOT, ESP
from ignition.testbed.programs import need, run
from ignition.testbed.roots import bootstrap
from ignition.testbed.source import installed_tree, source_folder
from ignition.testbed.user_namespace import run_with_mounts

HERE = Path(__file__).parent
SCRIPT = HERE / "build-system"
SECTOR = 512
MIB = 1 << 20
BOOT_SECTOR = 2048
"""Where the first partition begins: of GRUB's core, or the ESP."""
ROOT_SECTOR = BOOT_SECTOR + 32 * MIB // SECTOR
COMMON = (
    *("systemd", "systemd-sysv", "udev", "dbus", "kmod", "linux-image-cloud-amd64", "zstd"),
    *("dracut", "dracut-network", "iproute2", "passwd", "mount", "grub-common"),
    *("fdisk", "gdisk", "e2fsprogs", "xfsprogs", "dosfstools"),
)


@dataclass(frozen=True)
class Recipe:
    """How an image is made.

    packages      besides COMMON
    modules       dracut's, besides what it takes by itself
    grub          the format of grub-mkimage
    tree          files that are laid over the root folder
    place_grub    writes the boot loader to the disk: folder of the parts, disk
    """

    suite: str
    packages: tuple[str, ...]
    modules: str
    grub: str
    tree: Callable[[Path], None]
    place_grub: Callable[[Path, Path], None]
    partition_type: str
    version: str = ""


def debian_13() -> Path:
    """Debian 13 with this engine, started by UEFI."""
    recipe = Recipe(
        suite="trixie",
        packages=("grub-efi-amd64-bin", "python3", "ca-certificates"),
        modules="systemd ignition",
        grub="x86_64-efi",
        tree=_our_engine,
        place_grub=_place_efi,
        partition_type=ESP,
        version=installed_tree().parent.name,
    )
    return _image("debian-13", recipe)


def debian_12_with_peer() -> Path:
    """Debian 12 with Debian's package of Ignition 2.14, started by a BIOS."""
    recipe = Recipe(
        suite="bookworm",
        packages=("grub-pc-bin", "ignition", "curl"),
        modules="systemd ignition",
        grub="i386-pc",
        tree=_glue,
        place_grub=_place_bios,
        partition_type=BIOS_BOOT,
    )
    return _image("debian-12-ignition", recipe)


def _image(name: str, recipe: Recipe) -> Path:
    packages = (*COMMON, *recipe.packages)

    def make_root(folder: Path) -> None:
        bootstrap(recipe.suite, packages, folder)

    def make(folder: Path) -> None:
        tree = folder / "tree"
        recipe.tree(tree)
        _write(tree / "boot/grub/grub.cfg", _menu())
        _write(tree / "boot/grub/embedded.cfg", _find_menu())
        work = folder / "work"
        work.mkdir()
        how = (recipe.modules, recipe.grub)
        run_with_mounts(["sh", SCRIPT, work, root, folder, *how, tree], folder / "log")
        _assemble(folder, folder / "disk.img", recipe)
        for left in ("root.ext4", "grub", "boot.img"):
            (folder / left).unlink(missing_ok=True)

    key = digest(recipe.suite, *packages)
    what = f"the root of {name}"
    root = build_once(f"{name}-root", key, what, make_root, as_root=True, space_mib=1500) / "root"
    key = digest(root.parent.name, recipe.version, SCRIPT, HERE / Path(__file__).name)
    disk = build_once(name, key, f"the image {name}", make, as_root=True, space_mib=3000)
    return disk / "disk.img"


def _find_menu() -> str:
    prefix = "($root)/boot/grub"
    return f"search --no-floppy --label root --set=root\nconfigfile {prefix}/grub.cfg\n"


def _menu() -> str:
    """As distributions have it: the snippet sets the variable that their menu entry uses."""
    snippet = (source_folder() / GRUB_SNIPPET).read_text()
    entry = f"linux /boot/vmlinuz {CMDLINE} ${{ignition_firstboot}}\ninitrd /boot/initramfs\nboot\n"
    return snippet + entry


def _our_engine(tree: Path) -> None:
    run(["cp", "-a", installed_tree(), tree])


def _glue(tree: Path) -> None:
    """What Ignition leaves to a distribution, as far as Debian's package needs it.

    Release 2.14 relabels in any case, which takes the name of a policy and a setfiles.
    """
    _write(tree / "etc/selinux/config", "SELINUX=disabled\nSELINUXTYPE=targeted\n")
    _write(tree / "usr/sbin/setfiles", "#!/bin/sh\nexit 0\n", 0o755)
    _write(
        tree / "etc/systemd/system/glue-firstboot-complete.service",
        "[Unit]\nConditionKernelCommandLine=ignition.firstboot\n"
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=rm /ignition.firstboot\n",
    )
    wants = tree / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / "glue-firstboot-complete.service").symlink_to("../glue-firstboot-complete.service")


def _assemble(parts: Path, disk: Path, recipe: Recipe) -> None:
    """Puts the partitions of the folder `parts` together."""
    need("sfdisk")
    root = parts / "root.ext4"
    root_sectors = root.stat().st_size // SECTOR
    with disk.open("wb") as file:
        file.truncate((ROOT_SECTOR + root_sectors) * SECTOR + MIB)
    table = (
        "label: gpt\n"
        f"start={BOOT_SECTOR}, size={ROOT_SECTOR - BOOT_SECTOR}, type={recipe.partition_type}\n"
        f"start={ROOT_SECTOR}, size={root_sectors}, name=root\n"
    )
    sfdisk = ["/usr/sbin/sfdisk", "--quiet", str(disk)]
    subprocess.run(sfdisk, input=table, text=True, check=True)
    _copy(root, disk, ROOT_SECTOR)
    recipe.place_grub(parts, disk)


def _copy(source: Path, disk: Path, sector: int) -> None:
    run(
        [
            *("dd", f"if={source}", f"of={disk}", "bs=1M", "conv=notrunc,sparse", "status=none"),
            *("oflag=seek_bytes", f"seek={sector * SECTOR}"),
        ]
    )


def _place_bios(parts: Path, disk: Path) -> None:
    """GRUB's first sector and core, with the sectors that each loads next.

    Offsets: boot.S and diskboot.S of GRUB 2. The table of what the core loads ends its first sector.
    """
    core = bytearray((parts / "grub").read_bytes())
    struct.pack_into("<Q", core, 0x1F4, BOOT_SECTOR + 1)
    boot = bytearray((parts / "boot.img").read_bytes()[:440])
    struct.pack_into("<Q", boot, 0x5C, BOOT_SECTOR)
    with disk.open("r+b") as file:
        file.write(boot)
        file.seek(BOOT_SECTOR * SECTOR)
        file.write(core)


def _place_efi(parts: Path, disk: Path) -> None:
    """An ESP with GRUB where the firmware looks for it on any disk."""
    need("mkfs.vfat", "mcopy")
    esp = parts / "esp"
    with esp.open("wb") as file:
        file.truncate((ROOT_SECTOR - BOOT_SECTOR) * SECTOR)
    run(["mkfs.vfat", "-n", "ESP", esp])
    run(["mmd", "-i", esp, "::EFI", "::EFI/BOOT"])
    run(["mcopy", "-i", esp, parts / "grub", "::EFI/BOOT/BOOTX64.EFI"])
    _copy(esp, disk, BOOT_SECTOR)
    esp.unlink()


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.chmod(path, mode)
