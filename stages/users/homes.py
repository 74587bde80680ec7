# SPDX-License-Identifier: Apache-2.0
"""Homes with mount points: what the mount phase made in a home belongs to the user.

The mount phase runs before there is a user, so the folders it had to make are root's.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.accounts import User
    from ignition.system.root import Root


def chown_mount_points(user: User, made_for_mounts: list[str], root: Root) -> None:
    """Gives the user those of the folders that are the home or lie below it, with mode 0700.

    Where something is mounted this is the root of the mounted file system. Homes are compared as text, as in
    the original.
    """
    home = user.home
    for path in made_for_mounts:
        if path == home or path.startswith(home.rstrip("/") + "/"):
            parent, _, name = root.resolve_folder(path).rpartition("/")
            with root.folder(parent) as folder:
                found = folder.lstat(name)
                if found is not None:
                    folder.set_attributes(name, found, 0o700, user.uid, user.gid)
