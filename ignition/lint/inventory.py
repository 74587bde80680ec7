# SPDX-License-Identifier: Apache-2.0
"""Names that a config defines, for rules that look for references to undefined names.

A config and the configs in its data URLs share one inventory, because they describe one machine. If one of
them references a remote config, the inventory is incomplete, and a missing name proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.config.rules.paths import clean

if TYPE_CHECKING:
    from typing import Any

_NOT_MOUNTED = (None, "", "none", "swap")
UNIT_DIRECTORY = "/etc/systemd/system/"
QUADLET_PATH_PART = "/containers/systemd/"
"""Part of the path of every quadlet file."""
QUADLET_DIRECTORIES = ("/etc/containers/systemd/", "/usr/share/containers/systemd/")
IMAGE_USERS = ("root", "core")
"""Users that exist in the image, so useradd does not create them."""
_QUADLETS = {
    ".container": ".service",
    ".kube": ".service",
    ".volume": "-volume.service",
    ".network": "-network.service",
    ".pod": "-pod.service",
    ".image": "-image.service",
    ".build": "-build.service",
}


class Inventory:
    """Names that the config and its inline configs define.

    complete     whether no part of the config is remote or unreadable
    partlabels   labels of partitions
    partitions   disk -> numbers of its partitions; None if one of them has no number
    wiped        disks whose partition table is replaced
    labels       labels of filesystems
    arrays, volumes
    unlabelled   whether an existing partition may be referenced by number only, so its label is unknown
    units        units with contents
    unit_entries unit -> number of configs with an entry for it
    user_entries user -> number of entries for it
    files        path of a file or link -> mode
    directories  paths of directories
    links        paths of symlinks
    hard_links   path of a hard link -> absolute path of its target
    mounts       mount points
    enabled      enabled units
    quadlets     names of quadlet files
    generated    unit -> path of the quadlet file that podman generates it from
    """

    def __init__(self) -> None:
        self.complete = True
        self.partlabels: set[str] = set()
        self.partitions: dict[str, set[int] | None] = {}
        self.wiped: set[str] = set()
        self.labels: set[str] = set()
        self.arrays: set[str] = set()
        self.volumes: set[str] = set()
        self.unlabelled = False
        self.units: set[str] = set()
        self.unit_entries: dict[str, int] = {}
        self.user_entries: dict[str, int] = {}
        self.files: dict[str, int] = {}
        self.directories: set[str] = set()
        self.links: set[str] = set()
        self.hard_links: dict[str, str] = {}
        self.mounts: set[str] = set()
        self.enabled: set[str] = set()
        self.quadlets: set[str] = set()
        self.generated: dict[str, str] = {}

    def add(self, value: dict[str, Any]) -> None:
        """Adds the names of one config."""
        storage = value.get("storage", {})
        for disk in storage.get("disks", ()):
            self._add_disk(disk)
        self.arrays.update(raid.get("name", "") for raid in storage.get("raid", ()))
        self.volumes.update(luks.get("name", "") for luks in storage.get("luks", ()))
        for kind in ("filesystems", "luks"):
            self.labels.update(item.get("label", "") for item in storage.get(kind, ()))
        self.directories.update(item.get("path", "") for item in storage.get("directories", ()))
        for link in storage.get("links", ()):
            path = link.get("path", "")
            self.files.setdefault(path, 0o777)
            if link.get("hard"):
                self.hard_links[path] = clean("/" + link.get("target", ""))
            else:
                self.links.add(path)
        for item in storage.get("filesystems", ()):
            if item.get("path") and item.get("format") not in _NOT_MOUNTED:
                self.mounts.add(item["path"])
        for file in storage.get("files", ()):
            self._add_file(file)
        for unit in value.get("systemd", {}).get("units", ()):
            name = unit.get("name", "")
            self.unit_entries[name] = self.unit_entries.get(name, 0) + 1
            if unit.get("contents"):
                self.units.add(name)
            if unit.get("enabled"):
                self.enabled.add(name)

        for user in value.get("passwd", {}).get("users", ()):
            name = user.get("name", "")
            self.user_entries[name] = self.user_entries.get(name, 0) + 1

    def defines_whole_user(self, name: str) -> bool:
        """Whether all settings of a user are known and in one entry."""
        return self.complete and self.user_entries.get(name, 0) <= 1

    def _add_disk(self, disk: dict[str, Any]) -> None:
        device = disk.get("device", "")
        if disk.get("wipeTable"):
            self.wiped.add(device)
        numbers = self.partitions.setdefault(device, set())
        for partition in disk.get("partitions", ()):
            if partition.get("shouldExist") is False:
                continue
            if partition.get("label"):
                self.partlabels.add(partition["label"])
            elif not disk.get("wipeTable"):
                self.unlabelled = True
            number = partition.get("number", 0)
            if not number:
                numbers = self.partitions[device] = None
            elif numbers is not None:
                numbers.add(number)

    def _add_file(self, file: dict[str, Any]) -> None:
        path = file.get("path", "")
        self.files[path] = file.get("mode", 0o644)
        directory, _, name = path.rpartition("/")
        if directory + "/" == UNIT_DIRECTORY:
            self.units.add(name)
        if QUADLET_PATH_PART in path:
            self.quadlets.add(name)
            stem, dot, kind = name.rpartition(".")
            # Quadlet files of users become units of their user managers.
            if (
                dot + kind in _QUADLETS
                and path.startswith(QUADLET_DIRECTORIES)
                and "/users/" not in path
            ):
                self.generated[stem + _QUADLETS[dot + kind]] = path


def home_directory(user: dict[str, Any]) -> str:
    """The home directory of a user, without a trailing slash."""
    name = user.get("name", "")
    home: str = user.get("homeDir") or ("/root" if name == "root" else f"/home/{name}")
    return home.rstrip("/")
