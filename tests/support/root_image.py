# SPDX-License-Identifier: Apache-2.0
"""A machine whose distribution keeps its root filesystem when a config moves it: docs/root-reprovisioning/.

GRUB, on a CD, reads its menu from the filesystem labelled `boot`. The disk has two partitions, `boot` and
`root`. The initramfs has the example's dracut module, and one that lists the files before and after the move.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path
from typing import Any

from ignition.testbed.cache import CHECKOUT, build_once, digest
from ignition.testbed.images import CMDLINE, GRUB_SNIPPET, GUEST, Images, build_initramfs, grub_cd
from ignition.testbed.programs import need, run, run_logged
from ignition.testbed.roots import builder_root, keys
from ignition.testbed.source import installed_tree, source_folder

EXAMPLE = CHECKOUT / "docs" / "root-reprovisioning"
MANIFEST = CHECKOUT / "tests" / "support" / "root-manifest"
MODULES = "usr/lib/dracut/modules.d"
MIB = 1 << 20
BOOT_MIB, ROOT_MIB = 96, 800
CAPABILITY = "0100000200200000000000000000000000000000"
"""cap_net_raw=ep, as the kernel stores it."""
ACL = "0200000001000600ffffffff02000400e803000004000400ffffffff10000600ffffffff20000000ffffffff"
"""rw for the owner, r for user 1000 and the group, nothing for others."""

Manifest = dict[str, dict[str, Any]]
"""Path -> what root-manifest.py says of it."""


def read_manifest(text: str) -> Manifest:
    return dict(ast.literal_eval(line) for line in text.splitlines())


def images(plain: Images) -> Images:
    """The images of such a machine, made from the default ones. Takes root if they are not cached."""
    boot = _boot_folder(plain)
    return Images(boot / "vmlinuz", boot / "initramfs", _disk(plain, boot), _cd())


def _boot_folder(plain: Images) -> Path:
    def make(folder: Path) -> None:
        tree = folder / "tree"
        _copy_module(EXAMPLE / "dracut", tree / MODULES / "35root-reprovision")
        _copy_module(MANIFEST, tree / MODULES / "98root-manifest")
        modules = "systemd ignition ignition-test root-reprovision root-manifest"
        build_initramfs(builder_root(), folder, modules, installed_tree(), GUEST / "tree", tree)
        shutil.copy(plain.kernel, folder / "vmlinuz")
        shutil.rmtree(tree)

    key = digest(keys()[0], installed_tree().parent.name, GUEST, EXAMPLE / "dracut", MANIFEST)
    what = "the initramfs that moves the root"
    return build_once("root-initramfs", key, what, make, as_root=True, space_mib=100)


def _copy_module(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def _disk(plain: Images, boot: Path) -> Path:
    def make(folder: Path) -> None:
        need("sfdisk", "mke2fs", "resize2fs", "debugfs")
        _make_root(plain.disk, folder)
        _make_boot(boot, folder)
        _assemble(folder)

    key = digest(plain.disk.parent.name, boot.name, Path(__file__))
    return (
        build_once("root-disk", key, "the disk whose root moves", make, space_mib=1500) / "disk.img"
    )


def _make_root(plain: Path, folder: Path) -> None:
    """The default root without kernel and flag, which are on another filesystem; with files hard to copy."""
    root = folder / "root.ext4"
    run(["cp", "--sparse=always", plain, root])
    (folder / "fstab").write_text(
        "LABEL=root / auto defaults 0 0\nLABEL=boot /boot ext4 defaults 0 2\n"
    )
    with (folder / "sparse").open("wb") as sparse:
        sparse.truncate(64 * MIB)
        sparse.seek(32 * MIB)
        sparse.write(b"in the middle")
    (folder / "capability").write_bytes(bytes.fromhex(CAPABILITY))
    (folder / "acl").write_bytes(bytes.fromhex(ACL))
    (folder / "commands").write_text(_commands(folder))
    run_logged(["debugfs", "-w", "-f", f"{folder}/commands", f"{root}"], folder / "debugfs.log")
    done = subprocess.run(["/usr/sbin/e2fsck", "-f", "-y", root], capture_output=True, text=True)
    assert done.returncode <= 1, done.stdout  # 1: something was mended
    run(["resize2fs", root, f"{ROOT_MIB}M"])
    for name in ("fstab", "sparse", "capability", "acl", "commands"):
        (folder / name).unlink()


def _commands(folder: Path) -> str:
    """What debugfs does to the root, a line each."""
    lines = [
        *("rm /boot/vmlinuz", "rm /boot/initramfs", "rm /ignition.firstboot"),
        *("rm /etc/fstab", f"write {folder}/fstab /etc/fstab"),
        "mkdir /srv/kept",
        f"write {folder}/sparse /srv/kept/sparse",
        f"write {folder}/fstab /srv/kept/owned",
        *("sif /srv/kept/owned uid 1234", "sif /srv/kept/owned gid 70000"),
        "sif /srv/kept/owned mode 0104751",
        "ea_set /srv/kept/owned user.note kept",
        f"ea_set -f {folder}/capability /srv/kept/owned security.capability",
        f"write {folder}/fstab /srv/kept/shared",
        "sif /srv/kept/shared mode 0100660",
        f"ea_set -f {folder}/acl /srv/kept/shared system.posix_acl_access",
        "ln /srv/kept/owned /srv/kept/linked",
        "sif /srv/kept/owned links_count 2",
        "symlink /srv/kept/nowhere /does/not/exist",
        "cd /srv/kept",
        *("mknod pipe p", "mknod null c 1 3"),
        "",
    ]
    return "\n".join(lines)


def _make_boot(boot: Path, folder: Path) -> None:
    content = folder / "boot"
    content.mkdir()
    for name in ("vmlinuz", "initramfs"):
        shutil.copy(boot / name, content / name)
    (content / "grub.cfg").write_text(_menu())
    (content / "ignition.firstboot").touch()
    run(
        [
            "mke2fs",
            "-q",
            "-t",
            "ext4",
            "-L",
            "boot",
            "-d",
            content,
            folder / "boot.ext4",
            f"{BOOT_MIB}M",
        ]
    )
    shutil.rmtree(content)


def _menu() -> str:
    """The menu that the page asks for, after the snippet that every distribution has."""
    return (source_folder() / GRUB_SNIPPET).read_text() + (
        (EXAMPLE / "grub.cfg").read_text().replace("ROOT_AND_CONSOLE", CMDLINE)
    )


def _assemble(folder: Path) -> None:
    disk = folder / "disk.img"
    with disk.open("wb") as file:
        file.truncate((BOOT_MIB + ROOT_MIB + 2) * MIB)
    table = (
        f"label: gpt\nstart=1MiB, size={BOOT_MIB}MiB, name=boot\nsize={ROOT_MIB}MiB, name=root\n"
    )
    sfdisk = ["/usr/sbin/sfdisk", "--quiet", str(disk)]
    subprocess.run(sfdisk, input=table, text=True, check=True)
    for name, start in (("boot", 1), ("root", 1 + BOOT_MIB)):
        part = folder / f"{name}.ext4"
        run(
            [
                "dd",
                f"if={part}",
                f"of={disk}",
                "bs=1M",
                f"seek={start}",
                "conv=notrunc,sparse",
                "status=none",
            ]
        )
        part.unlink()


def _cd() -> Path:
    """GRUB's own part on a CD, so that the disk needs no boot loader."""
    menu = "search --no-floppy --label boot --set=root\nconfigfile ($root)/grub.cfg\n"
    return grub_cd("root-cd", "the GRUB CD for /boot", menu)
