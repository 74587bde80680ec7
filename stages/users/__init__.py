# SPDX-License-Identifier: Apache-2.0
"""Groups and users of the target, managed with the distribution's own tools.

The tools lock and rewrite the account tables, so the steps run one after the other: groups, then users, each
in the order of the config (docs/behaviour/files.md).
"""

from __future__ import annotations

from ignition.engine.step import Step
from ignition.system.accounts import Accounts
from ignition.system.root import Root

from ..common.journal import phase_journal
from ..common.keys import ACCOUNTS, PREPARED
from . import checks
from .commands import Commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config.model import Config, Passwd
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task

    # Summary, origin and function of a step.
    Command = tuple[str, Origin, Callable[[Log], None]]


def plan(config: Config, context: PhaseContext) -> Iterator[Step]:
    """A step per group and user to add, change or delete; each waits for the one before."""
    passwd = config.passwd
    root = Root(context.root)
    if not (passwd.groups or passwd.users):
        return
    checks.check_table_files(root)
    accounts = Accounts(root)
    journal = phase_journal(root, context)
    checks.check(passwd, accounts, journal, root, context)
    commands = Commands(root, context, accounts, journal)
    before: tuple[str, ...] = (PREPARED,)
    for summary, origin, command in _commands_in_order(passwd, accounts, commands, context):
        key = f"{ACCOUNTS}:{origin.pointer}"
        yield Step(summary, origin, _run(command), needs=before, provides=(ACCOUNTS, key))
        before = (key,)


def _run(command: Callable[[Log], None]) -> Callable[[Task], None]:
    return lambda task: command(task.log)


def _commands_in_order(
    passwd: Passwd, accounts: Accounts, commands: Commands, context: PhaseContext
) -> Iterator[Command]:
    delayed: list[Command] = []
    primary = _primary_groups_of_deleted(passwd, accounts)
    for index, group in enumerate(passwd.groups):
        origin = context.origin("passwd", "groups", index)
        present = accounts.group(group.name)
        if group.should_exist is not False:
            verb = "add" if present is None else "change"
            yield f"{verb} group {group.name}", origin, commands.ensure_group(group, origin)
        elif present is not None:
            command = f"delete group {group.name}", origin, commands.delete_group(group, origin)
            # groupdel refuses to delete the primary group of a user.
            if present.gid in primary:
                delayed.append(command)
            else:
                yield command
    for index, user in enumerate(passwd.users):
        origin = context.origin("passwd", "users", index)
        known = accounts.user(user.name)
        if user.should_exist is not False:
            verb = "add" if known is None else "change"
            yield f"{verb} user {user.name}", origin, commands.ensure_user(user, origin)
        elif known is not None:
            yield f"delete user {user.name}", origin, commands.delete_user(user, origin)
    yield from delayed


def _primary_groups_of_deleted(passwd: Passwd, accounts: Accounts) -> set[int]:
    deleted = (accounts.user(user.name) for user in passwd.users if user.should_exist is False)
    return {user.gid for user in deleted if user is not None}
