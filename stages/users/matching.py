# SPDX-License-Identifier: Apache-2.0
"""Whether an account already is as the config wants it: usermod and groupmod rewrite the tables and their
backups even if nothing changes."""

from __future__ import annotations

from . import arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config.model import PasswdGroup, PasswdUser
    from ignition.system.accounts import Accounts

_PASSWD_FIELDS = 7


def has_group(group: PasswdGroup, accounts: Accounts) -> bool:
    """Whether groupmod would change nothing."""
    return group.gid is None or accounts.gid(group.name) == group.gid


def has_user(user: PasswdUser, accounts: Accounts) -> bool:
    """Whether usermod would change nothing."""
    row = accounts.line("passwd", user.name)
    if len(row) != _PASSWD_FIELDS:
        return False
    _, _, uid, gid, gecos, home, shell = row
    wanted = (
        (None if user.uid is None else str(user.uid), uid),
        (user.gecos, gecos),
        (user.home_dir, home),
        (user.shell, shell),
        (_primary_group(user, accounts), gid),
    )
    return (
        all(want in (None, "", present) for want, present in wanted)
        and (not user.groups or _names(user) == accounts.groups_of(user.name))
        and (
            user.password_hash != ""
            or accounts.has_password_hash("shadow", user.name, arguments.NO_PASSWORD)
        )
    )


def _primary_group(user: PasswdUser, accounts: Accounts) -> str:
    """Its number, as in passwd. A name that is not known is kept, and so differs from any number."""
    name = user.primary_group or ""
    number = accounts.gid(name) if name else None
    return name if number is None else str(number)


def _names(user: PasswdUser) -> set[str]:
    """The supplementary groups that the config lists; an item may hold several names."""
    return {name for name in ",".join(user.groups).split(",") if name}
