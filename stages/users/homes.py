# SPDX-License-Identifier: Apache-2.0
"""Gives folders that the mount phase created in a home to the user, who did not exist then."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.accounts import User
    from ignition.system.root import Root


def chown_mount_points(user: User, made_for_mounts: list[str], root: Root) -> None:
    """Gives the user those folders that are the home or below it, with mode 0700.

    On a mount point this changes the root of the mounted filesystem. Like Ignition, we compare paths as text.
    """
    home = user.home
    for path in made_for_mounts:
        if path == home or path.startswith(home.rstrip("/") + "/"):
            parent, _, name = root.resolve_folder(path).rpartition("/")
            with root.folder(parent) as folder:
                found = folder.lstat(name)
                if found is not None:
                    folder.set_attributes(name, found, 0o700, user.uid, user.gid)
