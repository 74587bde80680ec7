# SPDX-License-Identifier: Apache-2.0
"""Refuses a root to which a config cannot be applied, before anything is planned.

A root has the folders etc and usr, is not that of the running system, belongs to root, and can be written.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR

from ignition.base.errors import Refused

FOLDERS = ("etc", "usr")
_NO_ROOT = (
    "name the folder that has the etc and usr of an image, container or chroot; "
    "an image file must be mounted first"
)
_UNMAPPED = 65534


def check(root: str) -> None:
    """`root` is a path as the user gave it. Refused IGN6503 to IGN6507."""
    found = _stat(root)
    if os.path.samestat(found, os.stat("/")):
        raise Refused(
            "IGN6503",
            f"{root} is the root of the running system",
            hint="a config provisions a machine at its first boot: reprovision it instead; "
            "inside a container, ignition-apply does this",
        )
    for name in FOLDERS:
        if not _is_folder(os.path.join(root, name)):
            raise Refused(
                "IGN6504",
                f"{root} is not the root of a system: it has no folder {name}",
                hint=_NO_ROOT,
            )
    for folder in (root, os.path.join(root, "etc")):
        _check_owner(folder)
        _check_writable(folder)


def _stat(root: str) -> os.stat_result:
    try:
        found = os.stat(root)
    except OSError as error:
        raise Refused(
            "IGN6504", f"{root or repr(root)}: {error.strerror}", hint=_NO_ROOT
        ) from error
    except ValueError as error:
        raise Refused("IGN6504", f"{root!r} is not a path: {error}", hint=_NO_ROOT) from error
    if not S_ISDIR(found.st_mode):
        raise Refused("IGN6504", f"{root} is not a folder", hint=_NO_ROOT)
    return found


def _is_folder(path: str) -> bool:
    """Not a link: that would lead out of the root."""
    try:
        return S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _check_owner(folder: str) -> None:
    owner = os.stat(folder).st_uid
    if owner == 0:
        return
    in_namespace = owner == _unmapped_id()
    hint = (
        "run this as root, or as the user who unpacked it; with podman, in `podman unshare`"
        if in_namespace
        else f"run this as the user with uid {owner}, or give the tree to root: "
        f"chown --recursive 0:0 (only if all of it belongs to {owner})"
    )
    who = "an id that this user does not have" if in_namespace else f"uid {owner}"
    raise Refused("IGN6507", f"{folder} belongs to {who}, not to root", hint=hint)


def _unmapped_id() -> int:
    """The id that the kernel shows for owners that a user namespace does not map."""
    try:
        with open("/proc/sys/fs/overflowuid", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return _UNMAPPED


def _check_writable(folder: str) -> None:
    """Opens an unnamed file, which no one sees. Filesystems that have none are tried by the first step."""
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            return
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_space(folder, str(error.strerror)) from error
        hint = (
            "mount it without ro, or copy it"
            if error.errno == errno.EROFS
            else "look at its attributes (lsattr) and at the policy of this system"
        )
        raise Refused(
            "IGN6505", f"{folder} cannot be written: {error.strerror}", hint=hint
        ) from error


def no_space(folder: str, why: str) -> Refused:
    """The refusal of a full filesystem."""
    return Refused(
        "IGN6506",
        f"the filesystem of {folder} is full: {why}",
        hint="free some space, or enlarge it",
    )
