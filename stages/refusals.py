# SPDX-License-Identifier: Apache-2.0
"""What speaks against the entries of a config, as far as it can be seen before anything is changed.

The same decisions are taken again when the steps run; here they only come early, so that a target is not left
half made for a file that was there from the start.
"""

from __future__ import annotations

from ignition.base.errors import Failure

from . import contents, nodes
from .entries import above
from .owners import GROUP, USER, Owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from ignition.config.model import Config, Passwd
    from ignition.engine.machine import Machine
    from ignition.system.folder import Folder
    from ignition.system.root import Root

    from .entries import Entry


def find(folders: dict[str, list[Entry]], config: Config, root: Root, machine: Machine) -> None:
    """Tells the machine of every entry that lies where something else is and may not be replaced, or that
    belongs to nobody."""
    _find_strangers(folders, config.passwd, root, machine)
    if any(user.should_exist is False or user.home_dir for user in config.passwd.users):
        return  # homes may go, or move, before files are written
    cleared = {entry.path for group in folders.values() for entry in group if entry.node.overwrite}
    for path, group in folders.items():
        if cleared and any(upper in cleared for upper in above(path)):
            continue
        folder = root.existing_folder(path)
        if folder is not None:
            with folder:
                _find_in(folder, group, machine)


def _find_strangers(
    folders: dict[str, list[Entry]], passwd: Passwd, root: Root, machine: Machine
) -> None:
    users = {user.name for user in passwd.users if user.should_exist is not False}
    groups = {group.name for group in passwd.groups if group.should_exist is not False}
    # A new user brings a group of the same name.
    coming = {USER: users, GROUP: groups | users}
    owners = Owners(root)
    for entries in folders.values():
        for entry in entries:
            raw = entry.node.raw
            if raw.get(USER) or raw.get(GROUP):
                for failure in owners.strangers(entry.node, coming):
                    failure.origin = machine.origin(*entry.place)
                    machine.refuse(failure)


def _find_in(folder: Folder, group: list[Entry], machine: Machine) -> None:
    names = folder.names() | {"."}
    for entry in group:
        if entry.name in names:
            try:
                _judge(entry, folder, folder.lstat(entry.name))
            except Failure as failure:
                failure.origin = failure.origin or machine.origin(*entry.place)
                machine.refuse(failure)


def _judge(entry: Entry, folder: Folder, found: os.stat_result | None) -> None:
    action = nodes.judge(entry, folder, found)
    if action == nodes.COMPARE and found is not None:
        contents.refuse_other(entry, folder, found)
