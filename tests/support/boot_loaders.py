# SPDX-License-Identifier: Apache-2.0
"""GRUB and systemd-boot as Debian's packages have them."""

from __future__ import annotations

from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed.programs import need, run

EFI_LOADER = "EFI/BOOT/BOOTX64.EFI"
"""What the firmware starts from a disk that it has no entry for."""
GRUB = {"i386-pc": "grub-pc-bin", "x86_64-efi": "grub-efi-amd64-bin"}
"""Format of grub-mkimage -> the package with its parts."""
GRUB_MODULES = (
    *("part_gpt", "ext2", "fat", "search", "search_label"),
    *("configfile", "normal", "linux", "test"),
)


def grub_core(folder: Path, form: str, config: str) -> Path:
    """GRUB in one file, with `config` as what it runs first."""
    need("grub-mkimage")
    parts = grub_file(form, "kernel.img").parent
    embedded, core = folder / "embedded.cfg", folder / "grub"
    embedded.write_text(config)
    disk = ["biosdisk"] if form == "i386-pc" else []
    options: list[str | Path] = ["-d", parts, "-p", "/boot/grub", "-c", embedded, "-o", core]
    run(["grub-mkimage", "-O", form, *options, *GRUB_MODULES, *disk])
    return core


def grub_file(form: str, name: str) -> Path:
    return _installed(Path("/usr/lib/grub", form, name), GRUB[form])


def systemd_boot() -> Path:
    return _installed(Path("/usr/lib/systemd/boot/efi/systemd-bootx64.efi"), "systemd-boot-efi")


def _installed(file: Path, package: str) -> Path:
    """Failure (IGN8001) if the package is not installed."""
    if not file.exists():
        raise Failure("IGN8001", f"there is no {file}", hint=f"apt-get install {package}")
    return file
