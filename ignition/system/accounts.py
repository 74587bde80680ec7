# SPDX-License-Identifier: Apache-2.0
"""Users and groups of the target, read from its own account files.

No chroot and no NSS: the target's libraries may not be compatible with this process. This covers what a
target knows without running daemons: `files`, and the files that image-based systems keep in /usr
(nss-altfiles, nss_usrfiles) or /var/lib (nss-extrausers), if the target's nsswitch.conf lists them.
"""

from __future__ import annotations

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.system.root import Root

# NSS source -> folder of its files.
_TABLES = {
    "files": "/etc",
    "compat": "/etc",
    "altfiles": "/usr/lib",
    "usrfiles": "/usr/etc",
    "extrausers": "/var/lib/extrausers",
}


_DIGITS = 32  # leading zeros included
# Sources that need a running target and therefore contribute nothing yet.
_INACTIVE = frozenset(
    ("systemd", "sss", "ldap", "nis", "nisplus", "hesiod", "winbind", "mymachines")
)
_USER_DATABASES = ("/etc/userdb", "/run/userdb", "/usr/lib/userdb")  # read by nss-systemd


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
    """Reads the account files on every call, because they change while users are created."""

    __slots__ = ("_root",)

    def __init__(self, root: Root) -> None:
        self._root = root

    def user(self, name: str) -> User | None:
        """The user with that name, from the first database that has it."""
        known = next((user for user in self.users(name) if user.name == name), None)
        return known or self._synthetic_user(name)

    def group(self, name: str) -> Group | None:
        """The group with that name."""
        known = next((group for group in self.groups(name) if group.name == name), None)
        user = None if known else self._synthetic_user(name)
        return Group(name, user.gid) if user else known

    def users(self, start: str = "") -> Iterator[User]:
        """All users in database order, optionally only lines that begin with `start`."""
        for fields in self._entries("passwd", start):
            if len(fields) >= 6:
                uid, gid = _number(fields[2]), _number(fields[3])
                if uid is not None and gid is not None:
                    yield User(fields[0], uid, gid, fields[5])

    def groups(self, start: str = "") -> Iterator[Group]:
        """All groups in database order, optionally only lines that begin with `start`."""
        for fields in self._entries("group", start):
            gid = _number(fields[2]) if len(fields) >= 3 else None
            if gid is not None:
                yield Group(fields[0], gid)

    def is_complete(self, database: str) -> bool:
        """Whether these files hold every account the target can know of in a database (`passwd`, `group`)."""
        sources = self._sources(database)
        if "systemd" in sources and any(self._root.lstat(path) for path in _USER_DATABASES):
            return False
        return all(source in _TABLES or source in _INACTIVE for source in sources)

    def uid(self, name: str) -> int | None:
        """The UID of a user name."""
        user = self.user(name)
        return user.uid if user else None

    def gid(self, name: str) -> int | None:
        """The GID of a group name."""
        group = self.group(name)
        return group.gid if group else None

    def has_password_hash(self, table: str, name: str, password_hash: str) -> bool:
        """Whether a user (`shadow`) or group (`gshadow`) already has this password hash."""
        start = f"{name}:{password_hash}:"
        return any(line.startswith(start) for line in self._lines(f"/etc/{table}"))

    def homes(self) -> set[str]:
        """The home directories of all users in /etc/passwd."""
        fields = [line.split(":") for line in self._lines("/etc/passwd") if "\0" not in line]
        return {row[5] for row in fields if len(row) > 5 and row[5].startswith("/")}

    def table_without(self, table: str, name: str) -> bytes:
        """The contents of an account file in /etc without the lines of one name."""
        start = name.encode("utf-8", "surrogateescape") + b":"
        lines = (self._root.read(f"/etc/{table}") or b"").split(b"\n")
        return b"\n".join(line for line in lines if line and not line.startswith(start))

    def line(self, database: str, name: str) -> list[str]:
        """The fields of an account in `passwd`, from the first database that has it; [] if none does."""
        return next((row for row in self._entries(database, f"{name}:")), [])

    def groups_of(self, name: str) -> set[str]:
        """The supplementary groups of a user."""
        return {
            row[0]
            for row in self._entries("group", "")
            if len(row) > 3 and name in row[3].split(",")
        }

    def home_base(self) -> str:
        """Where useradd creates home directories by default."""
        return self._default("HOME", "/home")

    def skeleton_folder(self) -> str:
        """The folder that useradd copies into a new home directory."""
        return self._default("SKEL", "/etc/skel")

    def _default(self, key: str, otherwise: str) -> str:
        for line in self._lines("/etc/default/useradd"):
            if line.startswith(f"{key}="):
                return line[len(key) + 1 :].strip() or otherwise
        return otherwise

    def usergroups_enabled(self) -> bool:
        """Whether useradd creates a group of the same name for each user (USERGROUPS_ENAB)."""
        value = ""
        for line in self._vendor_lines("login.defs"):
            words = line.split()
            if len(words) > 1 and words[0] == "USERGROUPS_ENAB":
                value = words[1].lower()
        return value == "yes"

    def _entries(self, database: str, start: str) -> Iterator[list[str]]:
        for source in self._sources(database):
            folder = _TABLES.get(source)
            for line in self._lines(f"{folder}/{database}") if folder else ():
                # The C library ends a line at a NUL byte; no tool writes such a line.
                if line.startswith(start) and "\0" not in line:
                    yield line.split(":")

    def _lines(self, path: str) -> list[str]:
        return (self._root.read(path) or b"").decode("utf-8", "surrogateescape").split("\n")

    def _vendor_lines(self, name: str) -> list[str]:
        """Of /etc, or of /usr/etc, where SUSE has what the administrator has not changed."""
        text = self._root.read(f"/etc/{name}")
        if text is None:
            return self._lines(f"/usr/etc/{name}")
        return text.decode("utf-8", "surrogateescape").split("\n")

    def _sources(self, database: str) -> list[str]:
        """The NSS sources of a database in order; `files` if nsswitch.conf does not list it."""
        for line in self._vendor_lines("nsswitch.conf"):
            key, colon, value = line.partition("#")[0].partition(":")
            if colon and key.strip() == database:
                return [word for word in value.split() if not word.startswith("[")]
        return ["files"]

    def _synthetic_user(self, name: str) -> User | None:
        """root and nobody, which nss-systemd provides even if no file does."""
        if name in ("root", "nobody") and "systemd" in self._sources("passwd"):
            return User(name, *((0, 0, "/root") if name == "root" else (65534, 65534, "/")))
        return None


def _number(text: str) -> int | None:
    """A UID or GID: 32 bits, except for the reserved value -1."""
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        return None
    number = int(text)
    return number if number < 0xFFFFFFFF else None
