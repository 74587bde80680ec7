# SPDX-License-Identifier: Apache-2.0
"""Users and groups of the target, read from its own tables.

No chroot and no NSS: the target's libraries need not fit this process. Read is what a target knows without
its daemons: `files`, and the tables that image-based systems keep under /usr (nss-altfiles, nss_usrfiles) or
in /var/lib (nss-extrausers), where nsswitch.conf of the target names them.
"""

from __future__ import annotations

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.system.root import Root

# NSS source -> folder of its tables.
_TABLES = {
    "files": "/etc",
    "compat": "/etc",
    "altfiles": "/usr/lib",
    "usrfiles": "/usr/etc",
    "extrausers": "/var/lib/extrausers",
}


_DIGITS = 32  # leading zeros included
# Sources that know nothing while the target is not running, so that the tables are all there is.
_SILENT = frozenset(("systemd", "sss", "ldap", "nis", "nisplus", "hesiod", "winbind", "mymachines"))
_USER_DATABASES = ("/etc/userdb", "/run/userdb", "/usr/lib/userdb")  # which nss-systemd reads


@record
class User:
    """A line of passwd."""

    name: str
    uid: int
    gid: int
    home: str


@record
class Group:
    """A line of group."""

    name: str
    gid: int


class Accounts:
    """Looks into the tables at every question: they change while users are made."""

    __slots__ = ("_root",)

    def __init__(self, root: Root) -> None:
        self._root = root

    def user(self, name: str) -> User | None:
        """The user of that name. The first table that has it counts."""
        known = next((user for user in self.users(name) if user.name == name), None)
        return known or self._synthetic_user(name)

    def group(self, name: str) -> Group | None:
        """The group of that name."""
        known = next((group for group in self.groups(name) if group.name == name), None)
        user = None if known else self._synthetic_user(name)
        return Group(name, user.gid) if user else known

    def users(self, start: str = "") -> Iterator[User]:
        """The users of the tables, in their order; only those whose line begins with `start`."""
        for fields in self._entries("passwd", start):
            if len(fields) >= 6:
                uid, gid = _number(fields[2]), _number(fields[3])
                if uid is not None and gid is not None:
                    yield User(fields[0], uid, gid, fields[5])

    def groups(self, start: str = "") -> Iterator[Group]:
        """The groups of the tables, in their order; only those whose line begins with `start`."""
        for fields in self._entries("group", start):
            gid = _number(fields[2]) if len(fields) >= 3 else None
            if gid is not None:
                yield Group(fields[0], gid)

    def is_complete(self, database: str) -> bool:
        """Whether the target can know of no user or group (`passwd`, `group`) but those of the tables."""
        sources = self._sources(database)
        if "systemd" in sources and any(self._root.lstat(path) for path in _USER_DATABASES):
            return False
        return all(source in _TABLES or source in _SILENT for source in sources)

    def uid(self, name: str) -> int | None:
        user = self.user(name)
        return user.uid if user else None

    def gid(self, name: str) -> int | None:
        group = self.group(name)
        return group.gid if group else None

    def has_password_hash(self, table: str, name: str, password_hash: str) -> bool:
        """Whether this is the password hash of a user (table `shadow`) or group (`gshadow`) already."""
        start = f"{name}:{password_hash}:"
        return any(line.startswith(start) for line in self._lines(f"/etc/{table}"))

    def homes(self) -> set[str]:
        """The homes of all users of /etc/passwd."""
        fields = [line.split(":") for line in self._lines("/etc/passwd") if "\0" not in line]
        return {each[5] for each in fields if len(each) > 5 and each[5].startswith("/")}

    def table_without(self, table: str, name: str) -> bytes:
        """A table of /etc without the lines of one name."""
        start = name.encode("utf-8", "surrogateescape") + b":"
        lines = (self._root.read(f"/etc/{table}") or b"").split(b"\n")
        return b"\n".join(line for line in lines if line and not line.startswith(start))

    def home_base(self) -> str:
        """Where useradd makes homes unless told otherwise."""
        return self._default("HOME", "/home")

    def skeleton_folder(self) -> str:
        """The folder that useradd copies into a new home."""
        return self._default("SKEL", "/etc/skel")

    def _default(self, key: str, otherwise: str) -> str:
        for line in self._lines("/etc/default/useradd"):
            if line.startswith(f"{key}="):
                return line[len(key) + 1 :].strip() or otherwise
        return otherwise

    def usergroups_enabled(self) -> bool:
        """Whether useradd is told to make a group for each new user, by the name of the user."""
        said = ""
        for line in self._lines("/etc/login.defs"):
            words = line.split()
            if len(words) > 1 and words[0] == "USERGROUPS_ENAB":
                said = words[1].lower()
        return said == "yes"

    def _entries(self, database: str, start: str) -> Iterator[list[str]]:
        for source in self._sources(database):
            folder = _TABLES.get(source)
            for line in self._lines(f"{folder}/{database}") if folder else ():
                # For the C library a line ends at a NUL byte: such a one was made by nobody's tool.
                if line.startswith(start) and "\0" not in line:
                    yield line.split(":")

    def _lines(self, path: str) -> list[str]:
        return (self._root.read(path) or b"").decode("utf-8", "surrogateescape").split("\n")

    def _sources(self, database: str) -> list[str]:
        """The NSS sources of a database in their order; `files` where the target does not say."""
        for line in self._lines("/etc/nsswitch.conf"):
            key, colon, value = line.partition("#")[0].partition(":")
            if colon and key.strip() == database:
                return [word for word in value.split() if not word.startswith("[")]
        return ["files"]

    def _synthetic_user(self, name: str) -> User | None:
        """nss-systemd answers for these two even where no table has them."""
        if name in ("root", "nobody") and "systemd" in self._sources("passwd"):
            return User(name, *((0, 0, "/root") if name == "root" else (65534, 65534, "/")))
        return None


def _number(text: str) -> int | None:
    """An id: 32 bits, of which the last value means none."""
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        return None
    number = int(text)
    return number if number < 0xFFFFFFFF else None
