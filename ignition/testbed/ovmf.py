# SPDX-License-Identifier: Apache-2.0
"""OVMF, the UEFI firmware of QEMU's machines: where distributions install it."""

from __future__ import annotations

from pathlib import Path

from ignition.base.errors import Failure

CANDIDATES = (
    ("usr/share/OVMF/OVMF_CODE_4M.fd", "usr/share/OVMF/OVMF_VARS_4M.fd"),  # Debian, Ubuntu
    ("usr/share/OVMF/OVMF_CODE.fd", "usr/share/OVMF/OVMF_VARS.fd"),
    ("usr/share/edk2/ovmf/OVMF_CODE.fd", "usr/share/edk2/ovmf/OVMF_VARS.fd"),  # Fedora, RHEL
    ("usr/share/edk2/x64/OVMF_CODE.4m.fd", "usr/share/edk2/x64/OVMF_VARS.4m.fd"),  # Arch
    ("usr/share/edk2-ovmf/x64/OVMF_CODE.fd", "usr/share/edk2-ovmf/x64/OVMF_VARS.fd"),
    ("usr/share/qemu/ovmf-x86_64-4m-code.bin", "usr/share/qemu/ovmf-x86_64-4m-vars.bin"),  # SUSE
    ("usr/share/qemu/ovmf-x86_64-code.bin", "usr/share/qemu/ovmf-x86_64-vars.bin"),
)
"""Code and empty variable store, without secure boot: raw flash images."""


def find(root: Path = Path("/")) -> tuple[Path, Path]:
    """Code and variable store. Failure (IGN8207) if OVMF is not installed; the hint names the packages."""
    for code, store in CANDIDATES:
        if (root / code).is_file() and (root / store).is_file():
            return root / code, root / store
    raise Failure(
        "IGN8207",
        "the image boots by UEFI, and OVMF is not installed",
        hint="apt-get install ovmf; dnf install edk2-ovmf; pacman -S edk2-ovmf",
    )
