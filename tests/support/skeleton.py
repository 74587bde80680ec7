# SPDX-License-Identifier: Apache-2.0
"""Account tables and the settings of shadow-utils in a root."""

from __future__ import annotations

from tests.support.target import Target

LOGIN_DEFS = """\
UID_MIN 1000
UID_MAX 60000
SYS_UID_MIN 201
SYS_UID_MAX 999
GID_MIN 1000
GID_MAX 60000
SYS_GID_MIN 201
SYS_GID_MAX 999
CREATE_HOME yes
HOME_MODE 0700
UMASK 022
USERGROUPS_ENAB yes
ENCRYPT_METHOD SHA512
"""
HASH = "$6$saltsalt$abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./abcdefghijklmnopqrst."


TABLES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\ncore:x:500:500:Core:/home/core:/bin/sh\n",
    "etc/group": "root:x:0:\ncore:x:500:\nwheel:x:10:\ndocker:x:233:\n",
    "etc/shadow": "root:*:15887:0:::::\ncore:*:15887:0:::::\n",
    "etc/gshadow": "root:*::\ncore:*::\nwheel:*::\ndocker:*::\n",
    "etc/login.defs": LOGIN_DEFS,
    "etc/default/useradd": "GROUP=100\nHOME=/home\nSHELL=/bin/bash\nSKEL=/etc/skel\n",
    "etc/skel/.profile": "# profile\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\n",
}
"""Path below the root -> text."""


def furnish(target: Target) -> Target:
    """Adds the account tables, with the users root and core."""
    for path, text in TABLES.items():
        target.put(f"/{path}", text, 0o640 if path.endswith("shadow") else 0o644)
    target.folder("/home/core", 0o700, (500, 500))
    return target


def line(target: Target, table: str, name: str) -> list[str] | None:
    """The fields of an entry of /etc/TABLE, or None."""
    for each in target.at(f"/etc/{table}").read_text().splitlines():
        if each.startswith(f"{name}:"):
            return each.split(":")
    return None
