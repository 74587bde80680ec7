# SPDX-License-Identifier: Apache-2.0
"""The images that a guest boots: kernel, initramfs, disk and GRUB CD, each rebuilt when its inputs change.

Only the initramfs contains the engine, so a changed line costs one run of dracut and one of mke2fs. dracut,
systemd and Python come from the builder root: the versions on the developer's machine do not matter.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ignition.testbed.cache import CHECKOUT, build_folder, build_once, digest
from ignition.testbed.programs import need, run
from ignition.testbed.qemu import DirectKernel
from ignition.testbed.roots import builder_root, target_root

GUEST = Path(__file__).parent / "guest"
GRUB_SNIPPET = CHECKOUT / "dracut-module/grub/05_ignition.cfg"
FW_CFG_ENTRY = "opt/com.coreos/config"
"""Where Ignition looks for its config on QEMU."""
DISK_SIZE = "2G"
SOURCES = ("ignition", "providers", "stages", "schemas", "dracut-module", "Makefile")
"""The inputs of `make install`."""
CMDLINE = "root=LABEL=root rw console=ttyS0 loglevel=4 panic=-1 ignition.platform.id=qemu"
"""The kernel command line of an installed machine, with its console on the serial port."""


@dataclass(frozen=True)
class Image:
    """What a guest boots. Its files are never written: boot an overlay of the disk.

    name              short, for messages and names of cases
    disk              the system disk
    direct            kernel and initramfs to start without a boot loader. Its command line lacks
                      `ignition.firstboot`, which belongs to the first boot alone.
    firmware          what starts the boot loader, if `direct` is None
    uefi              OVMF's code and an empty variable store; a machine needs its own copy of the store
    reporter          built-in: part of the image; config: added by reporter_config; none: console only
    fw_cfg_entry      where the image's engine looks for its config
    kernel_for_probe  a kernel that shows whether KVM works; None: it is not tested
    """

    name: str
    disk: Path
    disk_format: Literal["raw", "qcow2"] = "raw"
    direct: DirectKernel | None = None
    firmware: Literal["bios", "uefi"] = "bios"
    uefi: tuple[Path, Path] | None = None
    reporter: Literal["built-in", "config", "none"] = "built-in"
    fw_cfg_entry: str = FW_CFG_ENTRY
    kernel_for_probe: Path | None = None


@dataclass(frozen=True)
class Images:
    """Cached files. Never open them for writing: copy the disk."""

    kernel: Path
    initramfs: Path
    disk: Path
    cd: Path


def images() -> Images:
    """The images; builds those that are not cached."""
    kernel = next((builder_root() / "boot").glob("vmlinuz-*"))
    tree = _installed()
    initramfs = _initramfs(tree)
    disk = _disk(tree, kernel, initramfs)
    return Images(kernel, initramfs / "initramfs", disk / "disk.img", _cd() / "boot.iso")


def default_image() -> Image:
    """A minimal Debian with this engine and the reporter; built if it is not cached."""
    found = images()
    return Image(
        "debian",
        found.disk,
        direct=DirectKernel(found.kernel, found.initramfs, CMDLINE),
        kernel_for_probe=found.kernel,
    )


def _installed() -> Path:
    """The tree that `make install` creates."""

    def make(folder: Path) -> None:
        need("make")
        run(["make", "install", f"DESTDIR={folder}/tree"], cwd=CHECKOUT, log=folder / "log")

    return build_once("installed", digest(*_sources()), "the installed tree", make) / "tree"


def _sources() -> list[Path]:
    return [
        entry
        for name in SOURCES
        for entry in ([CHECKOUT / name] if name != "ignition" else _engine_folders())
    ]


def _engine_folders() -> list[Path]:
    """The package without the testbed, which is not installed."""
    return [entry for entry in sorted((CHECKOUT / "ignition").iterdir()) if entry != GUEST.parent]


def _initramfs(tree: Path) -> Path:
    root = builder_root()

    def make(folder: Path) -> None:
        need("unshare")
        run(
            _own_mounts(
                GUEST / "build-initramfs",
                *(root, folder / "initramfs", "systemd ignition ignition-test"),
                *(tree, GUEST / "tree"),
            ),
            log=folder / "log",
        )

    key = digest(root.parent.name, tree.parent.name, GUEST)
    return build_once("initramfs", key, "the initramfs", make)


def _disk(tree: Path, kernel: Path, initramfs: Path) -> Path:
    root, modules = target_root(), builder_root() / "usr/lib/modules"

    def make(folder: Path) -> None:
        need("mke2fs", "unshare")
        system = folder / "system"
        shutil.copytree(modules, system / "usr/lib/modules")
        shutil.copytree(tree / "usr/lib/systemd", system / "usr/lib/systemd", symlinks=True)
        shutil.copytree(tree / "usr/libexec", system / "usr/libexec", ignore=_links)
        (system / "boot").mkdir()
        shutil.copy(kernel, system / "boot/vmlinuz")
        shutil.copy(initramfs / "initramfs", system / "boot/initramfs")
        run(
            _own_mounts(
                *(GUEST / "build-disk", root, folder / "disk.img", DISK_SIZE),
                *(system, GUEST / "tree"),
            ),
            log=folder / "log",
        )
        shutil.rmtree(system)

    key = digest(root.parent.name, initramfs.name, GUEST, DISK_SIZE)
    return build_once("disk", key, "the disk", make)


def _cd() -> Path:
    menu = "search --no-floppy --label root --set=root\n" + GRUB_SNIPPET.read_text() + _menu_entry()

    def make(folder: Path) -> None:
        need("grub-mkrescue", "xorriso", "mformat")
        (folder / "cd/boot/grub").mkdir(parents=True)
        (folder / "cd/boot/grub/grub.cfg").write_text(menu)
        run(["grub-mkrescue", "-o", folder / "boot.iso", folder / "cd"], log=folder / "log")

    return build_once("cd", digest(menu), "the GRUB CD", make)


def _menu_entry() -> str:
    """The menu entry of a distribution, which uses the variable that the snippet sets."""
    return f"linux /boot/vmlinuz {CMDLINE} ${{ignition_firstboot}}\ninitrd /boot/initramfs\nboot\n"


def _links(folder: str, names: list[str]) -> list[str]:
    """Symlinks to the engine, which the target root does not have."""
    return [name for name in names if (Path(folder) / name).is_symlink()]


def _own_mounts(*argv: str | Path) -> list[str | Path]:
    return ["unshare", "--mount", "--fork", "--kill-child", *argv]


if __name__ == "__main__":
    found = images()
    print("\n".join(str(path) for path in (found.kernel, found.initramfs, found.disk, found.cd)))
    print(build_folder())
