# SPDX-License-Identifier: Apache-2.0
"""What a config brings, by name: for rules on things that are named but made nowhere.

A config and the ones inside it are one machine, so they share this. If a part of them lies elsewhere, on a
server, then nothing can be said about what is missing.
"""

from __future__ import annotations

from ignition.config.rules.paths import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOT_MOUNTED = (None, "", "none", "swap")
UNIT_DIRECTORY = "/etc/systemd/system/"
QUADLET_PATH_PART = "/containers/systemd/"
"""What all folders of quadlet files have in their path."""
QUADLET_DIRECTORIES = ("/etc/containers/systemd/", "/usr/share/containers/systemd/")
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
    """Names of what is made.

    complete     whether all parts of the config are known
    partlabels   labels of partitions
    partitions   disk -> numbers of its partitions; None if some number is left to the engine
    wiped        disks whose table is made anew
    labels       labels of filesystems
    arrays, volumes
    unlabelled   whether partitions that may exist already are named by number only
    units        names of units that have a text here
    unit_entries unit -> how many of the configs say something about it
    user_entries user -> the same
    files        path -> mode of a file
    directories  paths of directories
    links        paths of links that are not hard
    hard_links   path of a hard link -> path of its target, as a boot reads it
    mounts       where filesystems are mounted
    enabled      units that a config enables
    quadlets     names of quadlet files
    generated    unit -> the quadlet file that podman makes it from
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
        """Takes in one config."""
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
        """Whether all that configs say about a user stands in one of them."""
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
        folder, _, name = path.rpartition("/")
        if folder + "/" == UNIT_DIRECTORY:
            self.units.add(name)
        if QUADLET_PATH_PART in path:
            self.quadlets.add(name)
            stem, dot, kind = name.rpartition(".")
            # Those for users become units of the users' own systemd.
            if (
                dot + kind in _QUADLETS
                and path.startswith(QUADLET_DIRECTORIES)
                and "/users/" not in path
            ):
                self.generated[stem + _QUADLETS[dot + kind]] = path
