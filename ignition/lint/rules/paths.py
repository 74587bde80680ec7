# SPDX-License-Identifier: Apache-2.0
"""Files, directories and links at paths where they have no effect, or the wrong owner."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ignition.config.rules.paths import ancestors, distinct_lengths
from ignition.lint.inventory import home_directory
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

VOLATILE_PATH = LintRule(
    "IGN1841",
    "contents of this path do not survive the boot",
    hint="use /etc or /var; for /run and /tmp add a file to /etc/tmpfiles.d",
)
"""`/run`, `/tmp`, `/proc`, `/sys` and `/dev` are virtual filesystems mounted on every boot. They hide what
provisioning writes to those directories on disk."""

READ_ONLY_PATH = LintRule(
    "IGN1842",
    "path is part of the OS image and read-only on many systems",
    hint="put programs in /usr/local/bin or /opt, configuration and units in /etc",
)
"""Image-based systems ship and update `/usr` (and `/bin`, `/lib`, `/sbin`, which are symlinks into it) as a
whole. Writing there fails, or the next update discards the file. `/usr/local` is reserved for local files."""

ROOT_OWNED_PARENT = LintRule(
    "IGN1843",
    "directory in a home directory will be owned by root",
    hint="add the directory to storage.directories with the same user and group",
)
"""The engine creates missing parent directories as root with mode 0755, so the user's programs cannot create
files there, for example in `~/.config`. The home directory itself is created with the user."""

IGNORED_SUDOERS_FILE = LintRule(
    "IGN1844",
    "sudo ignores files whose name contains a dot or ends in a tilde",
    hint="rename the file",
)
"""sudo takes such files in `/etc/sudoers.d` for backups of editors and package managers. See sudoers(5)."""

_VOLATILE = ("/run/", "/tmp/", "/proc/", "/sys/", "/dev/", "/var/run/", "/var/lock/")  # noqa: S108
_IMAGE_OWNED = ("/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/")
_SKIPPED_BY_SUDO = re.compile(r"/etc/sudoers\.d/(?:[^/]*\.[^/]*|[^/]*~)")
_HOMES = "/home/"


def check(subject: Subject) -> Iterator[Violation]:
    homes = _Homes(subject)
    for item, path in subject.nodes():
        where = item.get("path", "")
        below = where + "/"
        if below.startswith(_VOLATILE):
            yield VOLATILE_PATH.at((*path, "path"))
        elif below.startswith(_IMAGE_OWNED) and not below.startswith("/usr/local/"):
            yield READ_ONLY_PATH.at((*path, "path"))
        elif path[1] != "directories" and _SKIPPED_BY_SUDO.fullmatch(where):
            yield IGNORED_SUDOERS_FILE.at((*path, "path"))
        else:
            directory = homes.unlisted_parent(where, item)
            if directory:
                message = f"{directory} is in a home directory, but will be owned by root"
                yield ROOT_OWNED_PARENT.at((*path, "path"), message)


class _Homes:
    """Home directories, and the directories in them that the config or the engine gives to the user."""

    def __init__(self, subject: Subject) -> None:
        self._owned = {_home_path(path) for path in subject.inventory.directories}
        self._homes = {"/root"}
        for user, _ in subject.items("passwd", "users"):
            home = home_directory(user)
            self._homes.add(_home_path(home))
            if user.get("sshAuthorizedKeys"):
                self._owned.add(_home_path(f"{home}/.ssh"))
        self._lengths = distinct_lengths(self._homes)

    def unlisted_parent(self, where: str, item: dict[str, Any]) -> str:
        """The topmost parent in a home directory that is not listed; "" if there is none.

        Returns each directory once.
        """
        owner = item.get("user", {})
        if owner.get("name", "root") == "root" and not owner.get("id"):
            return ""
        where = _home_path(where)
        home = self._home_of(where)
        if not home:
            return ""
        directory = home
        for part in where[len(home) + 1 :].split("/")[:-1]:
            directory = f"{directory}/{part}"
            if directory not in self._owned:
                self._owned.add(directory)
                return directory
        return ""

    def _home_of(self, where: str) -> str:
        if where.startswith(_HOMES):
            end = where.find("/", len(_HOMES))
            return where[:end] if end > 0 else ""
        return next((home for home in ancestors(where, self._lengths) if home in self._homes), "")


def _home_path(path: str) -> str:
    """A path in a home directory below /home, which is a symlink to /var/home on some systems."""
    return path.removeprefix("/var") if path.startswith("/var/home/") else path
