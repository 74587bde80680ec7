# SPDX-License-Identifier: Apache-2.0
"""The files that useradd and its kin open on the target.

A FIFO or a device among them would hold the tool for ever, or fill the memory, so they are looked at before
the first one is started.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.root import Root

_TABLES = ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")
# Backup, the table that is being written, lock.
_BESIDE = ("", "-", "+", ".lock")
_OTHERS = (".pwd.lock", "default/useradd", "login.defs", "nsswitch.conf", "shells")


def check(root: Root) -> None:
    """Failure IGN3402 or IGN3403 for the first that is no regular file of a fair size."""
    names = [table + end for table in _TABLES for end in _BESIDE]
    for name in (*names, *_OTHERS):
        root.check(f"/etc/{name}")
