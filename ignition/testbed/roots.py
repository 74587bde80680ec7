# SPDX-License-Identifier: Apache-2.0
"""The two root folders of a Debian release: one builds the initramfs, guests boot into the other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ignition.base.errors import CommandFailed, Failure
from ignition.testbed.cache import build_folder, build_once, digest
from ignition.testbed.programs import need
from ignition.testbed.user_namespace import outer_uid, run_with_mounts

DEFAULT = "bookworm"
CHOICE = "IGNITION_SUITE"
"""The environment variable that names the Debian release of the default image."""
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
    *("clevis", "clevis-luks", "clevis-tpm2", "clevis-dracut", "tpm2-tools"),
)
"""Everything that an initramfs with the engine may contain."""
TARGET = (
    *("systemd", "systemd-sysv", "udev", "dbus", "kmod", "passwd"),
    *("clevis-systemd", "clevis-tpm2"),
)
"""A minimal Debian with systemd, which opens encrypted volumes. No Python: the engine must not depend on the
target root."""
SUITES = {
    "bookworm": (BUILDER, TARGET),
    "trixie": (
        (
            *BUILDER,
            *("systemd-cryptsetup", "systemd-boot-efi", "systemd-boot-tools", "systemd-ukify"),
            *("grub-common", "grub-efi-amd64-bin"),
        ),
        (*TARGET, "systemd-cryptsetup"),
    ),
}
"""Debian release -> packages of the builder root and of the target root.

Parts of systemd, such as what opens encrypted volumes, are packages of their own in later releases."""
MIRROR = "IGNITION_DEBIAN_MIRROR"
"""The environment variable that names another mirror than Debian's."""
_UNREACHABLE = (
    *("Could not resolve", "Temporary failure resolving", "Unable to connect", "Could not connect"),
    *("Cannot initiate the connection", "Connection timed out", "Failed to fetch", "Network is"),
)
"""What apt says of a mirror that does not respond."""


def default_suite() -> str:
    """The Debian release that IGNITION_SUITE names, else DEFAULT. Failure (IGN8006) if it is unknown."""
    return _known(os.environ.get(CHOICE) or DEFAULT)


def builder_root(suite: str | None = None) -> Path:
    """Builds what is not cached, as the other functions here. The suite is default_suite() unless given."""
    suite = _known(suite or default_suite())
    return _root("builder", suite, SUITES[suite][0], 1200)


def target_root(suite: str | None = None) -> Path:
    suite = _known(suite or default_suite())
    return _root("target", suite, SUITES[suite][1], 600)


def keys(suite: str | None = None) -> tuple[str, str]:
    """What stands for the builder root and the target root in keys of the cache; builds neither.

    Results made from them are the same whoever built them.
    """
    suite = _known(suite or default_suite())
    builder, target = SUITES[suite]
    return digest(suite, *builder), digest(suite, *target)


def _known(suite: str) -> str:
    if suite not in SUITES:
        hint = f"{CHOICE} is one of {', '.join(SUITES)}; without it, it is {DEFAULT}"
        raise Failure("IGN8006", f'the default image cannot be built from "{suite}"', hint=hint)
    return suite


def _root(name: str, suite: str, packages: tuple[str, ...], space_mib: int) -> Path:
    def make(folder: Path) -> None:
        bootstrap(suite, packages, folder)

    what = f"the {name} root" if suite == DEFAULT else f"the {name} root of {suite}"
    key = _key(suite, packages)
    return build_once(f"{name}-root", key, what, make, as_root=True, space_mib=space_mib) / "root"


def _key(suite: str, packages: tuple[str, ...]) -> str:
    """In a root folder that was built in a user namespace, files have shifted owners."""
    user = outer_uid()
    return digest(suite, *packages, *([f"uid {user}"] if user else []))


def bootstrap(suite: str, packages: tuple[str, ...], folder: Path) -> None:
    """Writes a minimal Debian to `folder/root`. Failure (IGN8005) if no mirror responds."""
    need("mmdebstrap")
    downloads = build_folder() / "downloads"
    downloads.mkdir(exist_ok=True)
    mirror = os.environ.get(MIRROR)
    try:
        # What removes the folder after an interruption must not see the mounts.
        run_with_mounts(
            [
                *("mmdebstrap", "--mode=root", "--variant=minbase"),
                f"--include={','.join(packages)}",
                "--skip=download/empty",  # both hooks would delete the cached packages
                "--skip=essential/unlink",
                '--setup-hook=mkdir -p "$1"/var/cache/apt/archives',
                f"--setup-hook=sync-in {downloads} /var/cache/apt/archives",
                f"--customize-hook=sync-out /var/cache/apt/archives {downloads}",
                *(suite, str(folder / "root"), *([mirror] if mirror else [])),
            ],
            folder / "log",
            INITRD="No",  # keeps Debian's kernel package from building an initramfs
        )
    except CommandFailed as failure:
        raise _unreachable(failure, suite) or failure from None
    _reset_identity(folder / "root")


def _unreachable(failure: CommandFailed, suite: str) -> Failure | None:
    lines = [line for line in failure.stderr.splitlines() if any(w in line for w in _UNREACHABLE)]
    if not lines:
        return None
    hint = f"check the network and http_proxy, or name another mirror in {MIRROR}"
    return Failure("IGN8005", f"cannot fetch packages of Debian {suite}: {lines[0]}", hint=hint)


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
