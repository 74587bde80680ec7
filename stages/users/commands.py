# SPDX-License-Identifier: Apache-2.0
"""Adds, changes and deletes groups and users; resumes where an earlier run was interrupted."""

from __future__ import annotations

import os

from ignition.base import digest
from ignition.base.errors import CommandFailed, Failure, Refused
from ignition.system import tree_copy
from ignition.system.run import run

from ..common.journal import ACCOUNT
from . import arguments, homes, matching, ssh_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config.model import PasswdGroup, PasswdUser
    from ignition.engine.context import PhaseContext
    from ignition.system.accounts import Accounts, User
    from ignition.system.root import Root

    from ..common.journal import Journal

    Command = Callable[[Log], None]
    Owner = PasswdUser | PasswdGroup

# The tool that takes a hash on standard input, and the table that it changes.
_OF_USERS = ("chpasswd", "shadow")
_OF_GROUPS = ("chgpasswd", "gshadow")

# A lock that a power cut left looks alive if its pid is in use again, which is likely this early in a boot.
_LOCKS = ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")


def interrupted(journal: Journal, key: str) -> dict[str, Any]:
    """The note of a command that an earlier run of this config began but did not finish, else {}."""
    note = journal.find(ACCOUNT, key)
    return note if note is not None and note.get("state") == "begun" else {}


class Commands:
    """Commands on accounts. Each public method returns the function of one step."""

    __slots__ = ("_accounts", "_context", "_journal", "_locks_checked", "_root")

    def __init__(
        self, root: Root, context: PhaseContext, accounts: Accounts, journal: Journal
    ) -> None:
        self._root = root
        self._context = context
        self._accounts = accounts
        self._journal = journal
        self._locks_checked = False

    def ensure_group(self, group: PasswdGroup, origin: Origin) -> Command:
        """Adds the group, or changes what differs."""

        def command(log: Log) -> None:
            name, key = group.name, f"group:{group.name}"
            exists = self._accounts.group(name) is not None
            note = interrupted(self._journal, key)
            if exists and "new" in note and self._was_added_by("group", name, note):
                self._run_tool(
                    log, "groupdel", [], name, f'deleting half-made group "{name}"', origin
                )
                exists = False
            if not exists:
                self._begin(key, new=True, before=self._table_checksum("group", name))
                args = arguments.groupadd(group)
                self._run_tool(log, "groupadd", args, name, f'adding group "{name}"', origin)
                self._set_hash(group, _OF_GROUPS, origin, log)
                self._end(key)
                return
            args = arguments.groupmod(group)
            if self._context.settings.by_contents and matching.has_group(group, self._accounts):
                args = []
            if args or self._needs_hash(group, _OF_GROUPS):
                self._begin(key)
                if args:
                    self._run_tool(log, "groupmod", args, name, f'modifying group "{name}"', origin)
                self._set_hash(group, _OF_GROUPS, origin, log)
                self._end(key)

        return command

    def delete_group(self, group: PasswdGroup, origin: Origin) -> Command:
        """Deletes the group if it exists."""

        def command(log: Log) -> None:
            name = group.name
            if self._accounts.group(name) is not None:
                self._run_tool(log, "groupdel", [], name, f'deleting group "{name}"', origin)

        return command

    def ensure_user(self, user: PasswdUser, origin: Origin) -> Command:
        """Adds the user or changes what differs; then sets up home and SSH keys."""

        def command(log: Log) -> None:
            self._resume_user(user, origin, log)
            if self._accounts.user(user.name) is None:
                self._add(user, origin, log)
            else:
                self._change(user, origin, log)
            account = self._accounts.user(user.name)
            if account is None:
                raise Failure("IGN3202", f'unable to lookup user "{user.name}"', origin)
            if not user.no_create_home:
                homes.chown_mount_points(
                    account, self._context.state.notated_directories, self._root
                )
            fragment = self._context.settings.write_authorized_keys_fragment
            ssh_keys.write(user, account, self._root, log, fragment=fragment)

        return command

    def delete_user(self, user: PasswdUser, origin: Origin) -> Command:
        """Deletes the user and the home, if the user exists."""

        def command(log: Log) -> None:
            if self._accounts.user(user.name) is not None:
                what = f'deleting user "{user.name}"'
                self._run_tool(log, "userdel", ["--remove"], user.name, what, origin)

        return command

    def _add(self, user: PasswdUser, origin: Origin, log: Log) -> None:
        name = user.name
        home = self._new_home(user)
        had_home = self._root.lstat(home) is not None
        self._begin(f"user:{name}", had_home=had_home, before=self._table_checksum("passwd", name))
        args = arguments.useradd(user)
        self._run_tool(log, "useradd", args, name, f'creating or modifying user "{name}"', origin)
        self._set_hash(user, _OF_USERS, origin, log)
        self._end(f"user:{name}")

    def _change(self, user: PasswdUser, origin: Origin, log: Log) -> None:
        name = user.name
        args = arguments.usermod(user)
        if self._context.settings.by_contents and matching.has_user(user, self._accounts):
            args = []
        if not args and not self._needs_hash(user, _OF_USERS):
            return
        present = self._accounts.user(name)
        moves = user.home_dir and present is not None and present.home != user.home_dir
        facts = {"moved_from": present.home} if moves and present is not None else {}
        self._begin(f"user:{name}", **facts)
        if args:
            what = f'creating or modifying user "{name}"'
            self._run_tool(log, "usermod", args, name, what, origin)
        self._set_hash(user, _OF_USERS, origin, log)
        self._end(f"user:{name}")

    def _needs_hash(self, owner: Owner, tool_and_table: tuple[str, str]) -> bool:
        wanted = owner.password_hash or ""
        return wanted != "" and not self._accounts.has_password_hash(
            tool_and_table[1], owner.name, wanted
        )

    def _set_hash(
        self, owner: Owner, tool_and_table: tuple[str, str], origin: Origin, log: Log
    ) -> None:
        """Passes the hash on standard input, where neither ps nor audit sees it."""
        if not self._needs_hash(owner, tool_and_table):
            return
        tool, table = tool_and_table
        what = f'setting password for "{owner.name}"'
        if self._is_installed(tool):
            line = f"{owner.name}:{owner.password_hash}\n".encode()
            self._run_tool(log, tool, ["--encrypted"], "", what, origin, line)
            return
        from . import tables

        with log.operation(what):
            tables.set_hash(self._root, table, owner.name, owner.password_hash or "")

    def _is_installed(self, tool: str) -> bool:
        program = self._context.settings.program(tool)
        folders = os.environ.get("PATH", os.defpath).split(":")
        return any(os.access(os.path.join(folder, program), os.X_OK) for folder in folders)

    def _run_tool(
        self,
        log: Log,
        tool: str,
        args: list[str],
        name: str,
        what: str,
        origin: Origin,
        stdin: bytes = b"",
    ) -> None:
        self._check_locks()
        program = self._context.settings.program(tool)
        argv = [program, "--root", os.path.abspath(self._root.path or "/"), *args]
        if name:
            argv += ["--", name]
        try:
            run(log, argv, what=what, stdin=stdin, origin=origin)
        except CommandFailed as failure:
            kind = "groups" if tool.startswith(("group", "chg")) else "users"
            raise failure.with_code(
                "IGN3201", f"failed to configure {kind}: {what}: {failure.text}"
            ) from failure

    def _begin(self, key: str, **facts: object) -> None:
        self._journal.note(ACCOUNT, key, state="begun", **facts)

    def _end(self, key: str) -> None:
        self._journal.note(ACCOUNT, key, state="done")

    def _resume_user(self, user: PasswdUser, origin: Origin, log: Log) -> None:
        """Undoes what an earlier run of this config may have left half done.

        The journal is not trusted, since anybody may have written it: we only remove what the tool itself
        must have made, and nothing of which there is no other copy.
        """
        name = user.name
        note = interrupted(self._journal, f"user:{name}")
        present = self._accounts.user(name)
        if present is None or not note:
            return
        if note.get("moved_from"):
            if present.home == user.home_dir and present.home != note["moved_from"]:
                self._resume_move(present, note["moved_from"], origin, log)
        elif self._was_added_by("passwd", name, note) and present.home == self._new_home(user):
            self._run_tool(log, "userdel", [], name, f'deleting half-made user "{name}"', origin)
            if note.get("had_home") is False:
                tree_copy.remove(self._root, present.home, self._accounts.skeleton_folder())

    def _resume_move(self, user: User, old_home: str, origin: Origin, log: Log) -> None:
        """usermod edits the table, copies the files, removes the old ones: complete or revert that."""
        root = self._root
        old = root.lstat(old_home)
        if old is None or not user.uid == old.st_uid != 0:
            return
        if tree_copy.remove(root, user.home, old_home):
            what = f'reverting the move of the home of "{user.name}"'
            self._run_tool(log, "usermod", ["--home", old_home], user.name, what, origin)
        elif not tree_copy.remove(root, old_home, user.home, whole=True):
            raise Refused(
                "IGN3406",
                f"the home of {user.name} was only partly moved: both {root.full_path(old_home)} and"
                f" {root.full_path(user.home)} have files that the other lacks",
                origin,
                hint="merge the two by hand, and remove one of them",
            )

    def _new_home(self, user: PasswdUser) -> str:
        return user.home_dir or f"{self._accounts.home_base()}/{user.name}"

    def _table_checksum(self, table: str, name: str) -> str:
        """Checksum of a table without the line of an account: the table before the account was added."""
        checksum = digest.new("sha256")
        checksum.update(self._accounts.table_without(table, name))
        return checksum.hexdigest()

    def _was_added_by(self, table: str, name: str, note: dict[str, Any]) -> bool:
        """Whether the command of this note added the account: the rest of the table is unchanged."""
        return note.get("before") == self._table_checksum(table, name)

    def _check_locks(self) -> None:
        """Removes locks that an interrupted run of ours left. Runs once, before the first tool."""
        if self._locks_checked:
            return
        self._locks_checked = True
        if any(note.get("kind") == ACCOUNT for note in self._journal.earlier()):
            with self._root.folder("/etc") as folder:
                for table in _LOCKS:
                    folder.remove(f"{table}.lock")
