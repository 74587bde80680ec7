# SPDX-License-Identifier: Apache-2.0
"""The images that a guest boots: kernel, initramfs, disk and GRUB CD, each rebuilt when its inputs change.

Only the initramfs contains the engine, so a changed line costs one run of dracut and one of mke2fs. dracut,
systemd and Python come from the builder root: the versions on the developer's machine do not matter.
"""

from __future__ import annotations

import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ignition.base.errors import Failure
from ignition.testbed.accel import ANY_CPU
from ignition.testbed.cache import NeedsRoot, build_once, digest
from ignition.testbed.programs import need, run_logged
from ignition.testbed.qemu import DirectKernel
from ignition.testbed.roots import builder_root, default_suite, keys, target_root
from ignition.testbed.source import installed_tree, source_folder
from ignition.testbed.user_namespace import print_failure, run_module, run_with_mounts

GUEST = Path(__file__).parent / "guest"
GRUB_SNIPPET = Path("dracut-module/grub/05_ignition.cfg")
FW_CFG_ENTRY = "opt/com.coreos/config"
"""Where Ignition looks for its config on QEMU."""
DISK_SIZE = "2G"
CMDLINE = (
    "root=LABEL=root rw console=ttyS0 loglevel=4 panic=-1 nopti nospectre_v2 scsi_mod.scan=sync "
    "ignition.platform.id=qemu"
)
"""The kernel command line of an installed machine, with its console on the serial port.

Without the mitigations an emulated boot takes a quarter less. They are named one by one: configs that people
test have `mitigations=`. SCSI disks are scanned one by one, because the kernel adds those of a parallel scan
all at once, and names them in the order in which its threads get to them.
"""
CPU = "Nehalem,+aes,+pclmulqdq,+rdrand"
"""The emulated processor: what the image needs, and no more. On a newer one programs choose vector
instructions, which are slow to emulate."""


@dataclass(frozen=True)
class Image:
    """What a guest boots. Its files are never written: boot an overlay of the disk.

    name              short, for messages and names of cases
    disk              the system disk
    direct            kernel and initramfs to start without a boot loader. Its command line lacks
                      `ignition.firstboot`, which belongs to the first boot alone.
    firmware          what starts the boot loader, if `direct` is None
    uefi              OVMF's code and an empty variable store; a machine needs its own copy of the store
    reporter          built-in: part of the image; config: added by reporter_config; none: no report
    fw_cfg_entry      where the image's engine looks for its config
    kernel_for_probe  a kernel that shows whether KVM works; None: it is not tested
    cpu               the processor to emulate where KVM does not work
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
    cpu: str = ANY_CPU


@dataclass(frozen=True)
class Images:
    """Cached files. Never open them for writing: copy the disk."""

    kernel: Path
    initramfs: Path
    disk: Path
    cd: Path


def default_image(suite: str | None = None) -> Image:
    """A minimal Debian with this engine and the reporter; built if it is not cached.

    suite   a key of roots.SUITES; None: what IGNITION_SUITE names

    Takes root or a user namespace. Failure (IGN8001 to IGN8006) if it cannot be built here.
    """
    return image_of(*_built(suite))


def image_of(kernel: Path, initramfs: Path, disk: Path) -> Image:
    """The default image with these parts."""
    direct = DirectKernel(kernel, initramfs, CMDLINE)
    return Image("debian", disk, direct=direct, kernel_for_probe=kernel, cpu=CPU)


def images(suite: str | None = None) -> Images:
    """The same, with the CD whose GRUB boots it."""
    return Images(*_built(suite), _cd())


def _built(suite: str | None) -> tuple[Path, Path, Path]:
    """Kernel, initramfs and disk."""
    suite = suite or default_suite()
    try:
        return _build(suite)
    except NeedsRoot:
        run_module("ignition.testbed.images", suite)
    return _build(suite)


def _build(suite: str) -> tuple[Path, Path, Path]:
    """NeedsRoot if something is not cached, and this process is not root.

    The root folders are built only if something has to be made from them, because the caches of CI servers
    cannot keep them: some of their files belong to others and are not readable.
    """
    tree = installed_tree()
    boot = _boot_folder(suite, tree)
    return boot / "vmlinuz", boot / "initramfs", _disk(suite, tree, boot) / "disk.img"


def _boot_folder(suite: str, tree: Path) -> Path:
    """The folder with kernel and initramfs."""

    def make(folder: Path) -> None:
        root = builder_root(suite)
        build_initramfs(root, folder, "systemd ignition ignition-test", tree, GUEST / "tree")
        shutil.copy(next((root / "boot").glob("vmlinuz-*")), folder / "vmlinuz")

    builder, _ = keys(suite)
    key = digest("vmlinuz", builder, tree.parent.name, GUEST)
    return build_once("initramfs", key, "the initramfs", make, as_root=True, space_mib=100)


def build_initramfs(
    root: Path, folder: Path, modules: str, *trees: Path, hostonly: bool = False
) -> None:
    """Runs dracut in a root folder with trees laid over it; writes `folder/initramfs`.

    hostonly: for the machine it runs on only, as far as the modules agree
    """
    script, mode = GUEST / "build-initramfs", "--hostonly" if hostonly else "--no-hostonly"
    _run_script(folder, script, root, folder / "initramfs", modules, mode, *trees)


def _disk(suite: str, tree: Path, boot: Path) -> Path:
    def make(folder: Path) -> None:
        need("mke2fs")
        builder, root = builder_root(suite), target_root(suite)
        system = folder / "system"
        shutil.copytree(builder / "usr/lib/modules", system / "usr/lib/modules")
        shutil.copytree(tree / "usr/lib/systemd", system / "usr/lib/systemd", symlinks=True)
        shutil.copytree(tree / "usr/libexec", system / "usr/libexec", ignore=_links)
        (system / "boot").mkdir()
        shutil.copy(boot / "vmlinuz", system / "boot/vmlinuz")
        shutil.copy(boot / "initramfs", system / "boot/initramfs")
        disk = folder / "disk.img"
        _run_script(folder, GUEST / "build-disk", root, disk, DISK_SIZE, system, GUEST / "tree")
        shutil.rmtree(system)

    key = digest(*keys(suite), boot.name, GUEST, DISK_SIZE)
    return build_once("disk", key, "the disk", make, as_root=True, space_mib=1000)


def _run_script(folder: Path, script: Path, *args: str | Path) -> None:
    """Runs a script of guest/ with its own mounts; the first line of each says what its arguments are."""
    work = folder / "work"
    work.mkdir()
    run_with_mounts(["sh", script, work, *args], folder / "log")
    work.rmdir()


def _cd() -> Path:
    snippet = (source_folder() / GRUB_SNIPPET).read_text()
    menu = "search --no-floppy --label root --set=root\n" + snippet + _menu_entry()
    return grub_cd("cd", "the GRUB CD", menu)


def grub_cd(kind: str, what: str, menu: str) -> Path:
    """A CD whose GRUB shows this menu, for machines without a boot loader on their disk.

    kind   the name of the cache's folder
    what   what is built, for the progress line
    """

    def make(folder: Path) -> None:
        need("grub-mkrescue", "xorriso", "mformat")
        (folder / "cd/boot/grub").mkdir(parents=True)
        (folder / "cd/boot/grub/grub.cfg").write_text(menu)
        argv = ["grub-mkrescue", "-o", f"{folder}/boot.iso", f"{folder}/cd"]
        run_logged(argv, folder / "log", environ={"TMPDIR": str(folder)})

    return build_once(kind, digest(menu), what, make) / "boot.iso"


def _menu_entry() -> str:
    """The menu entry of a distribution, which uses the variable that the snippet sets."""
    return f"linux /boot/vmlinuz {CMDLINE} ${{ignition_firstboot}}\ninitrd /boot/initramfs\nboot\n"


def _links(folder: str, names: list[str]) -> list[str]:
    """Symlinks to the engine, which the target root does not have."""
    return [name for name in names if (Path(folder) / name).is_symlink()]


def main() -> int:
    """Builds all that takes root, in a user namespace; a failure is printed for the process outside."""
    # As process 1 of the namespace it would not get the signal otherwise.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _build(sys.argv[1])
    except Failure as failure:
        print_failure(failure)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
