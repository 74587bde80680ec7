# SPDX-License-Identifier: Apache-2.0
"""Which paths of the provisioned system the booted machine shows.

A filesystem with a path is mounted while the engine runs. In the booted machine something else must mount it,
or the files in it do not appear. Other paths are covered by a tmpfs.
"""

from __future__ import annotations

from ignition.config.model import Config, Filesystem
from ignition.lint.bodies import body_of
from ignition.lint.unit_names import escape_path
from ignition.testbed.expectations.derivation.unittexts import unit_files

_COVERED = ("/run", "/var/run", "/var/lock", "/proc", "/sys", "/dev", "/tmp")
_NO_MOUNT = (None, "", "none", "swap")
_WITHOUT_OWNERS = ("vfat", "virtiofs")


class Visibility:
    """Answers for one config."""

    def __init__(self, config: Config) -> None:
        self._filesystems = [entry for entry in config.storage.filesystems if _is_mounted(entry)]
        self._mounted = _mounted_later(config)

    def reason(self, path: str) -> str:
        """Why the booted machine may not show what was written to a path; "" if it does."""
        covered = next((each for each in _COVERED if _is_below(path, each)), "")
        if covered:
            return f"{covered} is usually covered by another filesystem in the booted machine"
        entry = self._holder(path)
        if entry is None or entry.path == "/" or entry.path in self._mounted:
            return ""
        return f"nothing in the config mounts {entry.path} in the booted machine"

    def has_owners(self, path: str) -> bool:
        """Whether the filesystem that holds a path stores owners and modes."""
        entry = self._holder(path)
        return entry is None or entry.format not in _WITHOUT_OWNERS

    def _holder(self, path: str) -> Filesystem | None:
        """The filesystem of the config that holds a path: the one with the longest path above it."""
        above = [entry for entry in self._filesystems if _is_below(path, entry.path or "")]
        return max(above, key=lambda entry: len(entry.path or ""), default=None)


def _is_mounted(entry: Filesystem) -> bool:
    return bool(entry.path) and entry.format not in _NO_MOUNT


def _is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _mounted_later(config: Config) -> set[str]:
    """The mount points for which the config has a unit or a line in /etc/fstab."""
    names = {unit.name for unit in config.systemd.units if not unit.mask}
    names |= {entry.path.rpartition("/")[2] for entry in config.storage.files}
    names |= {entry.path.rpartition("/")[2] for entry in config.storage.links}
    found = {
        entry.path
        for entry in config.storage.filesystems
        if entry.path
        and {escape_path(entry.path) + end for end in (".mount", ".automount")} & names
    }
    for unit in config.systemd.units:
        if unit.name.endswith(".mount") and not unit.mask:
            found.add(unit_files(unit).last("Mount", "Where"))
    return {*found, *_in_fstab(config)}


def _in_fstab(config: Config) -> set[str]:
    found: set[str] = set()
    for entry in config.storage.files:
        if entry.path == "/etc/fstab":
            for resource in (entry.contents, *entry.append):
                body = body_of(resource)
                text = (body.data or b"").decode(errors="replace") if body else ""
                rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
                found |= {row[1] for row in rows if len(row) > 1}
    return found
