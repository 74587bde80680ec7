# SPDX-License-Identifier: Apache-2.0
"""The two Debian root folders: one builds the initramfs, guests boot into the other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed.cache import build_folder, build_once, digest
from ignition.testbed.programs import need, run

SUITE = "bookworm"
BUILDER = (
    *("systemd", "systemd-sysv", "udev", "dbus", "kmod", "linux-image-cloud-amd64", "zstd"),
    *("dracut", "dracut-network", "iproute2", "python3", "ca-certificates", "passwd", "mount"),
    *(
        "fdisk",
        "gdisk",
        "e2fsprogs",
        "xfsprogs",
        "btrfs-progs",
        "dosfstools",
        "mdadm",
        "cryptsetup",
    ),
)
"""Everything that an initramfs with the engine may contain."""
TARGET = ("systemd", "systemd-sysv", "udev", "dbus", "kmod", "passwd")
"""A minimal Debian with systemd. No Python: the engine must not depend on the target root."""


def builder_root() -> Path:
    return _root("builder", BUILDER)


def target_root() -> Path:
    return _root("target", TARGET)


def _root(name: str, packages: tuple[str, ...]) -> Path:
    def make(folder: Path) -> None:
        need("mmdebstrap")
        if os.geteuid() != 0:
            raise Failure(
                "IGN8003",
                "building the guests' root folders takes root",
                hint="run the command with sudo, or as root in a privileged container",
            )
        downloads = build_folder() / "downloads"
        downloads.mkdir(exist_ok=True)
        run(
            [
                "mmdebstrap",
                "--variant=minbase",
                f"--include={','.join(packages)}",
                "--skip=download/empty",  # both hooks would delete the cached packages
                "--skip=essential/unlink",
                '--setup-hook=mkdir -p "$1"/var/cache/apt/archives',
                f"--setup-hook=sync-in {downloads} /var/cache/apt/archives",
                f"--customize-hook=sync-out /var/cache/apt/archives {downloads}",
                SUITE,
                folder / "root",
            ],
            log=folder / "log",
            environ={"INITRD": "No"},  # keeps Debian's kernel package from building an initramfs
        )
        _reset_identity(folder / "root")

    return build_once(f"{name}-root", digest(SUITE, *packages), f"the {name} root", make) / "root"


def _reset_identity(root: Path) -> None:
    """Removes what mmdebstrap copies from the host, and what a first boot must find unset."""
    for name in ("hostname", "resolv.conf"):
        (root / "etc" / name).unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("uninitialized\n")
    # A copy of the build folder would read /dev/zero for ever.
    for node in (root / "dev").iterdir():
        if not node.is_symlink() and not node.is_dir():
            node.unlink()
    shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
