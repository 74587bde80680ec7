# SPDX-License-Identifier: Apache-2.0
"""Finds what useradd and its siblings would refuse, before the first of them runs.

Simulates the commands in their order on the target's account tables. Only certain failures are refused here.
The ids that a tool will pick are not guessed, and groups that only the target's name service may know
are left to the tool.
"""

from __future__ import annotations

from ignition.base.errors import Refused
from ignition.base.log import quote
from ignition.config.account_names import check_name
from ignition.system.accounts import User

from . import ssh_keys
from .commands import interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin
    from ignition.config.model import Passwd, PasswdGroup, PasswdUser
    from ignition.engine.context import PhaseContext
    from ignition.system.accounts import Accounts
    from ignition.system.root import Root

    from ..common.journal import Journal

_SYNTHETIC = ("root", "nobody")  # may exist without a line in a table
_NOBODY = -1  # an id that owns nothing
_TABLES = ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")
# The table, its backup, the new table while it is written, its lock.
_SUFFIXES = ("", "-", "+", ".lock")
_OTHER_FILES = (".pwd.lock", "default/useradd", "login.defs", "nsswitch.conf", "shells")


def check_table_files(root: Root) -> None:
    """Raises Failure IGN3402 or IGN3403 for the first that is not a regular file or is too large.

    A FIFO among the files that the tools open would block them forever, and a device could fill the memory.
    """
    names = [table + end for table in _TABLES for end in _SUFFIXES]
    for name in (*names, *_OTHER_FILES):
        root.check(f"/etc/{name}")


def check(
    passwd: Passwd, accounts: Accounts, journal: Journal, root: Root, context: PhaseContext
) -> None:
    """Refuses every account that cannot be added, changed or deleted as the config asks."""
    simulation = _Simulation(passwd, accounts, journal, root, context)
    for index, group in enumerate(passwd.groups):
        origin = context.origin("passwd", "groups", index)
        if group.should_exist is False:
            simulation.delete_group(group.name, origin)
        else:
            simulation.ensure_group(group, origin)
    for index, user in enumerate(passwd.users):
        if user.should_exist is False:
            simulation.delete_user(user.name)
        else:
            simulation.ensure_user(user, context.origin("passwd", "users", index))


class _Ids:
    """Names and their ids. In `of`, None stands for an id that a tool will pick."""

    def __init__(self) -> None:
        self.of: dict[str, int | None] = {}
        self.owners: dict[int, str] = {}

    def assign(self, name: str, number: int | None) -> None:
        self.release(name)
        self.of[name] = number
        if number is not None:
            self.owners.setdefault(number, name)

    def release(self, name: str) -> None:
        number = self.of.pop(name, None)
        if number is not None and self.owners.get(number) == name:
            del self.owners[number]


class _Simulation:
    """The tables as they will be after the commands simulated so far."""

    def __init__(
        self,
        passwd: Passwd,
        accounts: Accounts,
        journal: Journal,
        root: Root,
        context: PhaseContext,
    ) -> None:
        self._accounts = accounts
        self._journal = journal
        self._root = root
        self._context = context
        self._known: dict[str, User] = {}
        self._uids, self._gids = _Ids(), _Ids()
        synthetic = [user for user in map(accounts.user, _SYNTHETIC) if user is not None]
        for user in (*accounts.users(), *synthetic):
            if self._known.setdefault(user.name, user) is user:
                self._uids.assign(user.name, user.uid)
        known_groups = [group for group in map(accounts.group, _SYNTHETIC) if group is not None]
        for group in (*accounts.groups(), *known_groups):
            if group.name not in self._gids.of:
                self._gids.assign(group.name, group.gid)
        deleted = {user.name for user in passwd.users if user.should_exist is False}
        self._primary = {
            user.gid: user.name for user in self._known.values() if user.name not in deleted
        }
        self._own_groups = accounts.usergroups_enabled()
        self._home_base = accounts.home_base()
        self._homes: list[str] = []

    def ensure_group(self, group: PasswdGroup, origin: Origin) -> None:
        """Simulates groupadd or groupmod."""
        if group.name not in self._gids.of:
            self._check_name(group.name, "group", origin)
        self._assign(self._gids, "group", group.name, group.gid, origin.at("gid"))

    def delete_group(self, name: str, origin: Origin) -> None:
        """Simulates groupdel."""
        gid = self._gids.of.get(name)
        owner = None if gid is None else self._primary.get(gid)
        if owner is not None:
            self._refuse(
                "IGN3214",
                f"group {quote(name)} cannot be deleted: it is the primary group of {quote(owner)}",
                origin,
                f"delete user {owner} in the same config, or keep the group",
            )
        self._gids.release(name)

    def delete_user(self, name: str) -> None:
        """Simulates userdel."""
        self._uids.release(name)

    def ensure_user(self, user: PasswdUser, origin: Origin) -> None:
        """Simulates useradd or usermod."""
        known = self._known.get(user.name)
        if known is None:
            self._check_name(user.name, "user", origin)
            self._make_own_group(user, origin)
        self._assign(self._uids, "user", user.name, user.uid, origin.at("uid"))
        if user.primary_group:
            self._check_group(user.primary_group, origin.at("primaryGroup"))
        # The tools get one string: an item may hold several names, and a single empty item means no option.
        wanted = ",".join(user.groups)
        for name in wanted.split(",") if wanted else ():
            self._check_group(name, origin.at("groups"))
        home = user.home_dir or (known.home if known else f"{self._home_base}/{user.name}")
        will_be_added_again = "had_home" in interrupted(self._journal, f"user:{user.name}")
        if (known is None or will_be_added_again) and not user.no_create_home:
            self._homes.append(home)
        elif user.ssh_authorized_keys and not (known and user.home_dir):  # usermod moves that home
            nobody = User(user.name, _NOBODY if user.uid is None else user.uid, _NOBODY, home)
            self._check_home(known or nobody, origin)

    def _refuse(self, code: str, text: str, origin: Origin, hint: str) -> None:
        self._context.refuse(Refused(code, text, origin, hint=hint))

    def _assign(
        self, numbers: _Ids, kind: str, name: str, number: int | None, origin: Origin
    ) -> None:
        if number is None:
            numbers.of.setdefault(name, None)
            return
        if numbers.of.get(name) == number:
            return  # even if another name has it too
        other = numbers.owners.get(number, name)
        if other != name:
            self._refuse(
                "IGN3210",
                f"{kind} {quote(name)} cannot have the id {number}: {quote(other)} has it",
                origin,
                "choose another id, or leave it out",
            )
        numbers.assign(name, number)

    def _check_name(self, name: str, kind: str, origin: Origin) -> None:
        why = check_name(name)
        if why:
            self._refuse(
                "IGN3203",
                f"{quote(name)} is not a valid {kind} name: {why}",
                origin.at("name"),
                "start with a letter or an underscore, then use letters, digits, hyphens",
            )

    def _make_own_group(self, user: PasswdUser, origin: Origin) -> None:
        if user.no_user_group or user.primary_group or not self._own_groups:
            return
        if user.name in self._gids.of:
            self._refuse(
                "IGN3212",
                f"user {quote(user.name)} cannot get a group of the same name: that group exists",
                origin,
                f"set primaryGroup to {user.name} to make it the user's own, or noUserGroup to true",
            )
        self._gids.of.setdefault(user.name, None)

    def _check_group(self, name: str, origin: Origin) -> None:
        gids = self._gids
        if name in gids.of:
            return
        if name.isdecimal() and (int(name) in gids.owners or None in gids.of.values()):
            return
        if self._accounts.is_complete("group"):
            self._refuse(
                "IGN3211",
                f"there is no group {quote(name)}",
                origin,
                "add it to passwd.groups, or check its name",
            )

    def _check_home(self, user: User, origin: Origin) -> None:
        """The home that keys go to must exist, be made by a tool, or be one that the user could create."""
        home = user.home
        if any(home == made or home.startswith(made + "/") for made in self._homes):
            return
        if not ssh_keys.can_create(home, user, self._root):
            self._refuse(
                "IGN3213",
                f"user {quote(user.name)} gets SSH keys but has no home {quote(home)}",
                origin.at("sshAuthorizedKeys"),
                "leave out noCreateHome, or add the home to the image, owned by the user",
            )
