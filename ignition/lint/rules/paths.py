# SPDX-License-Identifier: Apache-2.0
"""Paths of files, directories and links that do not end up as the author thinks."""

from __future__ import annotations

import re

from ignition.config.rules.paths import ancestors, distinct_lengths
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

VOLATILE_PATH = LintRule(
    "IGN1841",
    "nothing that is written here is there when the system runs",
    hint="write to /etc or /var; for /run and /tmp use a file in /etc/tmpfiles.d",
)
"""`/run`, `/tmp`, `/proc`, `/sys` and `/dev` are filesystems in memory that are mounted at every boot. What
provisioning writes to these folders of the disk is hidden by them."""

READ_ONLY_PATH = LintRule(
    "IGN1842",
    "this folder belongs to the image, and is read-only on many systems",
    hint="write programs to /usr/local/bin or /opt, settings and units to /etc",
)
"""`/usr` (and `/bin`, `/lib`, `/sbin`, which are links into it) is delivered and updated as a whole by
image-based systems; the engine fails to write to it there, or the next update drops what was written.
`/usr/local` is free for the machine's own."""

ROOT_OWNED_PARENT = LintRule(
    "IGN1843",
    "this folder in a user's home will belong to root",
    hint="list the folder under storage.directories with the same user and group",
)
"""Parents that are missing are made by the engine, for root with mode 0755. A program of the user then
cannot write next to its own files, for example in `~/.config`. The home itself is made with the user."""

IGNORED_SUDOERS_FILE = LintRule(
    "IGN1844",
    "sudo ignores files with a dot in their name, or a tilde at its end",
    hint="leave the dot out of the name",
)
"""In `/etc/sudoers.d` sudo skips such names as backups and package leftovers."""

_IN_MEMORY = ("/run/", "/tmp/", "/proc/", "/sys/", "/dev/", "/var/run/", "/var/lock/")  # noqa: S108
_OF_IMAGE = ("/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/")
_SKIPPED_BY_SUDO = re.compile(r"/etc/sudoers\.d/(?:[^/]*\.[^/]*|[^/]*~)")
_HOMES = "/home/"


def check(subject: Subject) -> Iterator[Violation]:
    homes = _Homes(subject)
    for item, path in subject.nodes():
        where = item.get("path", "")
        below = where + "/"
        if below.startswith(_IN_MEMORY):
            yield VOLATILE_PATH.at((*path, "path"))
        elif below.startswith(_OF_IMAGE) and not below.startswith("/usr/local/"):
            yield READ_ONLY_PATH.at((*path, "path"))
        elif path[1] != "directories" and _SKIPPED_BY_SUDO.fullmatch(where):
            yield IGNORED_SUDOERS_FILE.at((*path, "path"))
        else:
            folder = homes.unlisted_parent(where, item)
            if folder:
                message = f"{folder} will belong to root, in a user's home"
                yield ROOT_OWNED_PARENT.at((*path, "path"), message)


class _Homes:
    """Homes of users, and which folders in them are made by whom."""

    def __init__(self, subject: Subject) -> None:
        self._made = {_home_path(folder) for folder in subject.inventory.directories}
        self._homes = {"/root"}
        for user, _ in subject.items("passwd", "users"):
            home = user.get("homeDir") or f"/home/{user.get('name', '')}"
            self._homes.add(_home_path(home))
            if user.get("sshAuthorizedKeys"):
                self._made.add(_home_path(f"{home}/.ssh"))
        self._lengths = distinct_lengths(self._homes)

    def unlisted_parent(self, where: str, item: dict[str, Any]) -> str:
        """The topmost parent in a user's home that nobody lists; "" if there is none. Each is named once."""
        owner = item.get("user", {})
        if owner.get("name", "root") == "root" and not owner.get("id"):
            return ""
        where = _home_path(where)
        home = self._home_of(where)
        if not home:
            return ""
        folder = home
        for part in where[len(home) + 1 :].split("/")[:-1]:
            folder = f"{folder}/{part}"
            if folder not in self._made:
                self._made.add(folder)
                return folder
        return ""

    def _home_of(self, where: str) -> str:
        if where.startswith(_HOMES):
            end = where.find("/", len(_HOMES))
            return where[:end] if end > 0 else ""
        return next((home for home in ancestors(where, self._lengths) if home in self._homes), "")


def _home_path(path: str) -> str:
    """A path in a home by its shorter name: /home is a link to /var/home on some systems."""
    return path.removeprefix("/var") if path.startswith("/var/home/") else path
