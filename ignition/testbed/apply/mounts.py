# SPDX-License-Identifier: Apache-2.0
"""Mounts in the namespace of the apply tier, by system calls: no program of the host is needed.

Runs only in a mount namespace of its own (namespace.py).
"""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

from ignition.base.errors import Failure
from ignition.live import namespace

MS_REC, MS_BIND, MS_PRIVATE = 0x4000, 0x1000, 1 << 18
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY = 1
SYS_MOUNT_SETATTR = 442
NODES = ("null", "zero", "full", "random", "urandom")
HIDDEN = ("/dev", "/run")
"""Folders of the host that get an empty file system over them: devices, and the sockets of services."""


class _MountAttributes(ctypes.Structure):
    """struct mount_attr of linux/mount.h."""

    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def protect_host(writable: Path) -> None:
    """Makes every mount of the host read-only, except the folder `writable`, and hides HIDDEN.

    From here on the kernel refuses each change outside `writable`. Failure IGN8604 if it cannot do that.
    """
    _set_attributes("/", recursive=True, propagation=MS_PRIVATE, rdonly=True)
    mount(writable, writable, flags=MS_BIND)
    _set_attributes(str(writable), rdonly=False)


def hide_host(scratch: Path) -> None:
    """Covers HIDDEN with tmpfs. /dev keeps NODES, and /run the configuration of the resolver."""
    devices = scratch / "dev"
    devices.mkdir()
    for name in NODES:
        (devices / name).touch()
        mount(f"/dev/{name}", devices / name, flags=MS_BIND)
    mount(devices, "/dev", flags=MS_BIND | MS_REC)
    resolver = Path("/etc/resolv.conf").resolve()
    text = resolver.read_bytes() if resolver.is_file() else None
    mount("tmpfs", "/run", "tmpfs", data="mode=755")
    if text is not None and resolver.is_relative_to("/run"):
        resolver.parent.mkdir(parents=True)
        resolver.write_bytes(text)


def writable_root(root: Path, scratch: Path) -> Path:
    """A copy of the folder `root` in `scratch`, a tmpfs. It is an overlay where the kernel allows it, which
    takes milliseconds, and otherwise a real copy, which takes seconds."""
    upper, work, copy = scratch / "upper", scratch / "work", scratch / "root"
    for folder in (upper, work, copy):
        folder.mkdir()
    shutil.copystat(root, upper)
    options = f"lowerdir={_option(root)},upperdir={_option(upper)},workdir={_option(work)}"
    try:
        if os.geteuid() == 0 and not namespace.exists():
            mount("overlay", copy, "overlay", data=options)
            return copy
        os.setxattr(upper, "user.overlay.test", b"")  # tmpfs has these attributes since Linux 6.6
        os.removexattr(upper, "user.overlay.test")
        mount("overlay", copy, "overlay", data=f"{options},userxattr")
    except (OSError, Failure):
        _copy_tree(root, copy)
    return copy


def mount(
    source: str | Path, target: str | Path, kind: str = "", *, flags: int = 0, data: str = ""
) -> None:
    """mount(2). Failure IGN8604."""
    result = _libc().mount(
        *(os.fsencode(source), os.fsencode(target), kind.encode() or None),
        *(ctypes.c_ulong(flags), os.fsencode(data) or None),
    )
    if result != 0:
        raise _refused(f"mount {kind or source} on {Path(target).name}")


def _set_attributes(
    path: str, *, rdonly: bool, recursive: bool = False, propagation: int = 0
) -> None:
    """mount_setattr(2), which exists since Linux 5.12."""
    attributes = _MountAttributes(propagation=propagation)
    if rdonly:
        attributes.attr_set = MOUNT_ATTR_RDONLY
    else:
        attributes.attr_clr = MOUNT_ATTR_RDONLY
    result = _libc().syscall(
        *(SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(path)),
        *(AT_RECURSIVE if recursive else 0, ctypes.byref(attributes)),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    if result != 0:
        raise _refused("make the host's file systems read-only")


def _refused(what: str) -> Failure:
    return Failure(
        "IGN8604",
        f"cannot {what}: {os.strerror(ctypes.get_errno())}",
        hint="the apply tier needs Linux 5.12, and in a container the right to mount; "
        "--tier boot needs neither",
    )


def _copy_tree(root: Path, copy: Path) -> None:
    """Like `cp -a`, with owners and hard links."""
    from ignition.testbed.programs import run

    run(["cp", "-a", f"{root}/.", copy])


def _option(path: Path) -> str:
    """Escapes a path for overlay's options."""
    return str(path).replace("\\", "\\\\").replace(",", "\\,").replace(":", "\\:")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
