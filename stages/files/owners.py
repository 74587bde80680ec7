# SPDX-License-Identifier: Apache-2.0
"""Owners of files, directories and links."""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.system.accounts import Accounts
from ignition.system.folder import KEEP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.config.model import NodeGroup, NodeUser
    from ignition.system.root import Root

    from .entries import Node

    Owner = NodeUser | NodeGroup

_ALL_BITS = 0xFFFFFFFF

USER = "user"
GROUP = "group"


class Owners:
    """Looks up names in the target and caches them, so it must be used after the accounts are made."""

    __slots__ = ("_found", "_lookups")

    def __init__(self, root: Root) -> None:
        accounts = Accounts(root)
        self._lookups = {USER: accounts.uid, GROUP: accounts.gid}
        self._found: dict[tuple[str, str], int] = {}

    def of(self, node: Node) -> tuple[int, int]:
        """uid and gid of a node, KEEP where the config gives none.

        Failure IGN3102 for a name that the target does not know. The primary group of a
        named user is not used: the group stays unless the entry names one.
        """
        if not has_owner(node):
            return KEEP, KEEP
        return self._id(node.user, USER, node.path), self._id(node.group, GROUP, node.path)

    def _id(self, owner: Owner, kind: str, path: str) -> int:
        if owner.id is not None:
            # chown(2) leaves the owner for -1, as an unsigned number too.
            return KEEP if owner.id == _ALL_BITS else owner.id
        name = owner.name
        if not name:
            return KEEP
        known = self._found.get((kind, name))
        if known is None:
            known = self._lookups[kind](name)
            if known is None:
                raise _unknown(path, kind, name)
            self._found[kind, name] = known
        return known

    def unknown_owners(self, node: Node, coming: dict[str, set[str]]) -> Iterator[Failure]:
        """Failures for names that are neither known to the target nor in `coming`, which the config adds."""
        for kind, owner in ((USER, node.user), (GROUP, node.group)):
            name = owner.name
            if owner.id is None and name and name not in coming[kind]:
                try:
                    self._id(owner, kind, node.path)
                except Failure as failure:
                    yield failure


def has_owner(node: Node) -> bool:
    """Whether the config names a user or group. Reads the raw value, for speed."""
    raw = node.raw
    return bool(raw.get(USER) or raw.get(GROUP))


def _unknown(path: str, kind: str, name: str) -> Failure:
    return Failure(
        "IGN3102",
        f'failed to determine correct uid and gid for {path}: no such {kind} "{name}"',
        hint=f"add the {kind} to passwd in the config, or give its id as {kind}.id",
    )
