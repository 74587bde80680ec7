# SPDX-License-Identifier: Apache-2.0
"""Accounts of the guest, from the lines of passwd, group and shadow."""

from __future__ import annotations

from ignition.testbed.facts import Account, GroupEntry, integer


def passwd(text: str | None) -> dict[str, Account] | None:
    """The accounts by name; None if they were not collected. The first line of a name counts, as in NSS."""
    rows = _rows(text, 7)
    if not rows:
        return None
    found: dict[str, Account] = {}
    for name, _, uid_text, gid_text, gecos, home, shell in rows:
        uid, gid = integer(uid_text), integer(gid_text)
        if uid is not None and gid is not None:
            found.setdefault(name, Account(name, uid, gid, gecos, home, shell))
    return found


def groups(text: str | None) -> dict[str, GroupEntry] | None:
    """The groups by name. Sources that list a group twice are merged: NSS may do so, too."""
    rows = _rows(text, 4)
    if not rows:
        return None
    found: dict[str, GroupEntry] = {}
    for name, _, text_of_gid, members in rows:
        gid = integer(text_of_gid)
        if gid is not None:
            known = found.get(name, GroupEntry(name, gid))
            listed = [member for member in members.split(",") if member]
            merged = tuple(dict.fromkeys([*known.members, *listed]))
            found[name] = GroupEntry(name, known.gid, merged)
    return found


def shadow(text: str | None) -> dict[str, str] | None:
    """The password fields by user."""
    if text is None:
        return None
    return {words[0]: words[1] for line in text.splitlines() if len(words := line.split(":")) >= 2}


def _rows(text: str | None, columns: int) -> list[list[str]]:
    rows = [line.split(":") for line in (text or "").splitlines()]
    return [row for row in rows if len(row) == columns]
