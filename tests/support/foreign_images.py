# SPDX-License-Identifier: Apache-2.0
"""Disk images as distributions make them: a boot loader, one file system, and an engine in the initramfs.

They stand for the images that users bring along, so nothing of the testbed is in them. Their root is the
one in which the testbed runs dracut.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed.cache import build_folder, build_once, digest
from ignition.testbed.images import CMDLINE, GRUB_SNIPPET
from ignition.testbed.partition_table import BIOS_BOOT, ESP
from ignition.testbed.programs import run
from ignition.testbed.roots import builder_root, keys
from ignition.testbed.source import installed_tree, source_folder
from ignition.testbed.user_namespace import run_with_mounts
from tests.support import peer
from tests.support.boot_loaders import EFI_LOADER, grub_core, grub_file
from tests.support.disk_image import MIB, SECTOR, Part, assemble, vfat

HERE = Path(__file__).parent
SCRIPT = HERE / "build-system"
MODULES = "systemd ignition"
"""Of dracut, besides what it takes by itself."""


@dataclass(frozen=True)
class Recipe:
    """How an image is made.

    suite        the Debian release
    tree         writes files that are laid over the root folder
    first_part   makes the partition before the root: folder, GRUB's configuration
    after        the last changes to the disk: folder, disk, first sector of the first partition
    version      of what `tree` writes
    """

    suite: str
    tree: Callable[[Path], None]
    first_part: Callable[[Path, str], Part]
    after: Callable[[Path, Path, int], None]
    version: str


def debian_13() -> Path:
    """Debian 13 with this engine, started by UEFI."""
    version = installed_tree().parent.name
    return _image("debian-13", Recipe("trixie", _our_engine, _esp, _nothing, version))


def debian_12_with_peer() -> Path:
    """Debian 12 with Ignition 2.14, started by a BIOS. Failure (IGN8001) if Debian's package is not there."""
    if not peer.engine():
        raise Failure("IGN8001", peer.MISSING)
    version = digest(Path(peer.engine()))
    return _image("debian-12-ignition", Recipe("bookworm", _glue, _bios_boot, _boot_code, version))


def _image(name: str, recipe: Recipe) -> Path:
    def make(folder: Path) -> None:
        tree = folder / "tree"
        recipe.tree(tree)
        _write(tree / "boot/grub/grub.cfg", _menu())
        work = folder / "work"
        work.mkdir()
        root = builder_root(recipe.suite)
        run_with_mounts(["sh", SCRIPT, work, root, folder, MODULES, tree], folder / "log")
        parts = [recipe.first_part(folder, _find_menu()), Part(folder / "root.ext4", name="root")]
        disk = folder / "disk.img"
        starts = assemble(disk, parts)
        recipe.after(folder, disk, starts[0])
        for part in parts:
            part.contents.unlink()

    sources = [HERE / name for name in ("foreign_images.py", "disk_image.py", "boot_loaders.py")]
    key = digest(keys(recipe.suite)[0], recipe.version, SCRIPT, *sources)
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
    """Ignition, and what it leaves to a distribution, as far as Debian's package needs it.

    Release 2.14 relabels in any case, which takes the name of a policy and a setfiles.
    """
    module = Path("usr/lib/dracut/modules.d/30ignition")
    shutil.copytree(build_folder() / "peer" / module, tree / module)
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


def _esp(folder: Path, config: str) -> Part:
    """With GRUB where the firmware looks for it on any disk."""
    core = grub_core(folder, "x86_64-efi", config)
    return Part(vfat(folder / "esp", "ESP", 32, {EFI_LOADER: core}), ESP)


def _nothing(folder: Path, disk: Path, start: int) -> None:
    """UEFI reads the ESP as it is."""


def _bios_boot(folder: Path, config: str) -> Part:
    """GRUB's core, without what it needs to know of its place."""
    core = grub_core(folder, "i386-pc", config)
    with core.open("ab") as file:
        file.truncate(MIB)
    return Part(core, BIOS_BOOT)


def _boot_code(folder: Path, disk: Path, start: int) -> None:
    """GRUB's first sector, which loads the first one of the core; that one loads the rest.

    Offsets: boot.S and diskboot.S of GRUB 2. The table of what the core loads ends its first sector.
    """
    code = bytearray(grub_file("i386-pc", "boot.img").read_bytes()[:440])
    struct.pack_into("<Q", code, 0x5C, start)
    with disk.open("r+b") as file:
        file.write(code)
        file.seek(start * SECTOR + 0x1F4)
        file.write(struct.pack("<Q", start + 1))


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.chmod(path, mode)
