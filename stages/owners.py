# SPDX-License-Identifier: Apache-2.0
"""Who shall own a file, directory or link."""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.system.accounts import Accounts
from ignition.system.folder import KEEP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.root import Root

    from .entries import Node


class Owners:
    """Looks up names in the target, each once, so it must be used after the accounts were made."""

    __slots__ = ("_accounts", "_groups", "_users")

    def __init__(self, root: Root) -> None:
        self._accounts = Accounts(root)
        self._users: dict[str, int] = {}
        self._groups: dict[str, int] = {}

    def of(self, node: Node) -> tuple[int, int]:
        """Numbers of user and group, KEEP for what the config does not say.

        Failure IGN3102 for a name that the target does not know. A user's own group is not taken: it is
        the group of the entry only where the entry says so (engine-files 5.6).
        """
        raw = node.raw
        if "user" not in raw and "group" not in raw:
            return KEEP, KEEP
        return self._user(node), self._group(node)

    def _user(self, node: Node) -> int:
        number, name = node.user.id, node.user.name
        if number is not None:
            return number
        if not name:
            return KEEP
        if name not in self._users:
            user = self._accounts.user(name)
            if user is None:
                raise _unknown(node.path, "user", name)
            self._users[name] = user.uid
        return self._users[name]

    def _group(self, node: Node) -> int:
        number, name = node.group.id, node.group.name
        if number is not None:
            return number
        if not name:
            return KEEP
        if name not in self._groups:
            group = self._accounts.group(name)
            if group is None:
                raise _unknown(node.path, "group", name)
            self._groups[name] = group.gid
        return self._groups[name]


def _unknown(path: str, kind: str, name: str) -> Failure:
    return Failure(
        "IGN3102",
        f'failed to determine correct uid and gid for {path}: no such {kind} "{name}"',
        hint=f"add the {kind} to passwd in the config, or give its number as {kind}.id",
    )
