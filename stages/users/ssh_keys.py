# SPDX-License-Identifier: Apache-2.0
"""Authorized SSH keys, written only where the user may write.

Ignition switches to the user's uid for this. Here other steps run in the same process, so we check
permissions instead.
"""

from __future__ import annotations

from stat import S_IMODE, S_ISDIR, S_ISGID, S_ISREG

from ignition.base import journal
from ignition.base.errors import Failure
from ignition.system.folder import KEEP

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from ignition.base.log import Log
    from ignition.config.model import PasswdUser
    from ignition.system.accounts import User
    from ignition.system.folder import Folder
    from ignition.system.root import Root

FRAGMENT = ".ssh/authorized_keys.d/ignition"
PLAIN = ".ssh/authorized_keys"

_WRITE, _SEARCH = 2, 1


def write(wanted: PasswdUser, user: User, root: Root, log: Log, *, fragment: bool) -> None:
    """Replaces the user's file of keys, and sends that to the systemd journal.

    `fragment`: write to `authorized_keys.d/ignition`, which sshd must be configured to read, instead of
    `authorized_keys`. Raises Failure IGN3204 where the user may not write.
    """
    keys = wanted.ssh_authorized_keys
    if not keys:
        return
    with log.operation(f'adding ssh keys to user "{user.name}"'):
        path = f"{user.home.rstrip('/')}/{FRAGMENT if fragment else PLAIN}"
        text = "\n".join(keys)
        _write(path, text if text.endswith("\n") else text + "\n", user, root)
    shown = root.full_path(path)
    journal.send(
        f"wrote ssh authorized keys file for user: {user.name}",
        journal.WROTE_SSH_KEYS,
        {"IGNITION_USER_NAME": user.name, "IGNITION_PATH": shown},
    )


def _write(path: str, text: str, user: User, root: Root) -> None:
    # Like sshd, follow a link at the path itself.
    place = root.resolve_folder(path)
    parent, _, name = place.rpartition("/")
    _make_folders(parent, user, root)
    with root.folder(parent) as folder:
        folder.sweep()
        found = folder.lstat(name)
        _require(folder, _SEARCH if found is not None else _SEARCH | _WRITE, user)
        if found is None:
            group = _group(folder, user)
            folder.write(name, text.encode(), None, user.uid, group, default_mode=0o600)
        elif not S_ISREG(found.st_mode) or not _permits(found, _WRITE, user):
            raise _forbidden(root.full_path(place), user)
        elif found.st_size != len(text.encode()) or folder.read(name) != text.encode():
            mode = S_IMODE(found.st_mode)
            folder.write(name, text.encode(), mode, found.st_uid, found.st_gid)


def can_create(path: str, user: User, root: Root) -> bool:
    """Whether the folder exists or the user may create it."""
    place = root.resolve_folder(path)
    missing = root.first_missing(place)
    if root.lstat(missing) is not None:
        return True
    above = root.lstat(missing.rpartition("/")[0] or "/")
    return above is not None and _permits(above, _SEARCH | _WRITE, user)


def _make_folders(path: str, user: User, root: Root) -> None:
    """Makes missing folders with mode 0700 and the user as owner, where the user may."""
    above = ""
    for name in path.split("/")[1:]:
        with root.folder(above) as folder:
            found = folder.lstat(name)
            _require(folder, _SEARCH if found is not None else _SEARCH | _WRITE, user)
            if found is None:
                group = _group(folder, user)
                folder.make_folder(name, uid=user.uid, gid=group, default_mode=0o700)
            elif not S_ISDIR(found.st_mode):
                raise _forbidden(folder.full_path(name), user)
        above = f"{above}/{name}"


def _group(folder: Folder, user: User) -> int:
    """The group of a new file: the user's, or that of a folder with the setgid bit."""
    found = folder.lstat(".")
    return KEEP if found is not None and found.st_mode & S_ISGID else user.gid


def _require(folder: Folder, wanted: int, user: User) -> None:
    found = folder.lstat(".")
    if found is None or not _permits(found, wanted, user):
        raise _forbidden(folder.root_path + folder.path or "/", user)


def _permits(found: os.stat_result, wanted: int, user: User) -> bool:
    """Whether the permission bits allow it to the user."""
    if user.uid == 0:
        return True
    if found.st_uid == user.uid:
        bits = found.st_mode >> 6
    elif found.st_gid == user.gid:
        bits = found.st_mode >> 3
    else:
        bits = found.st_mode
    return bits & wanted == wanted


def _forbidden(path: str, user: User) -> Failure:
    return Failure(
        "IGN3204",
        f'failed to set SSH key: user "{user.name}" may not write {path}',
        hint="the home must exist; it and everything on this path must belong to the user",
    )
