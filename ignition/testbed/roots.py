# SPDX-License-Identifier: Apache-2.0
"""The two Debian roots of the testbed: one that builds the initramfs, and one that the guests boot into."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed.cache import build_folder, built, digest
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
"""A machine that could build its own initramfs with everything in it that the engine can use."""
TARGET = ("systemd", "systemd-sysv", "udev", "dbus", "kmod", "passwd")
"""As little as a Debian can be that boots with systemd. No Python: the engine must not need the real root."""


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
                "only root can build the guests' root folders",
                hint="run the same command with sudo, or as root in a container that may mount",
            )
        downloads = build_folder() / "downloads"
        downloads.mkdir(exist_ok=True)
        run(
            [
                "mmdebstrap",
                "--variant=minbase",
                f"--include={','.join(packages)}",
                "--skip=download/empty",  # the two that would throw away packages put there by us
                "--skip=essential/unlink",
                '--setup-hook=mkdir -p "$1"/var/cache/apt/archives',
                f"--setup-hook=sync-in {downloads} /var/cache/apt/archives",
                f"--customize-hook=sync-out /var/cache/apt/archives {downloads}",
                SUITE,
                folder / "root",
            ],
            log=folder / "log",
            environ={"INITRD": "No"},  # Debian's kernel package would build an initramfs of its own
        )
        _make_nobodys(folder / "root")

    return built(f"{name}-root", digest(SUITE, *packages), f"the {name} root", make) / "root"


def _make_nobodys(root: Path) -> None:
    """Takes away what mmdebstrap copies from its own machine, and what a first boot must find unset."""
    for name in ("hostname", "resolv.conf"):
        (root / "etc" / name).unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("uninitialized\n")
    for node in (
        root / "dev"
    ).iterdir():  # or a copy of the build folder would read /dev/zero to its end
        if not node.is_symlink() and not node.is_dir():
            node.unlink()
    shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
