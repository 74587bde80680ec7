# SPDX-License-Identifier: Apache-2.0
"""Users and groups: duplicate ids, password hashes, ssh keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ignition.base.finding import ERROR, WARNING
from ignition.lint.inventory import IMAGE_USERS
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

DUPLICATE_UID = LintRule(
    "IGN1861",
    "duplicate uid",
    hint="give each user a different uid, or leave it out",
    severity=ERROR,
)
"""`useradd` fails if the uid belongs to root or to another user in the config. Users without a uid get 1000
and up in the order of the config. A uid that collides with one of those is only a warning, because the
numbers depend on the users in the image."""

DUPLICATE_GID = LintRule(
    "IGN1862",
    "duplicate gid",
    hint="give each group a different gid, or leave it out",
    severity=ERROR,
)
"""`groupadd` fails if the gid belongs to root or to another group in the config."""

INVALID_PASSWORD_HASH = LintRule(
    "IGN1863",
    "passwordHash is not a password hash",
    hint="generate one with mkpasswd or openssl passwd -6; never use the password itself",
    secret=True,
)
"""The value is written to `/etc/shadow` as is. If it is not in the format of crypt(5), no password matches it
and nobody can log in with one. A plain-text password is also exposed to everyone who can read the config."""

INVALID_SSH_KEY = LintRule(
    "IGN1864",
    "not a public key in authorized_keys format",
    hint="paste the line from the .pub file",
    secret=True,
)
"""sshd ignores lines that it cannot parse, so the user cannot log in. Common mistakes are the path of a key
file, a private key and a fingerprint."""

_FIRST_ID = 1000  # the first id that useradd and groupadd assign

# $id$..., traditional DES, locked accounts, and the empty hash (login without a password).
_HASH = re.compile(r"[!*]*|[!*]*((?:\$[^$\s:]*){3,}|_?[./0-9A-Za-z]{13,20}|[!*x]+)")
_KEY_TYPE = re.compile(
    r"(?:^|[\s,\"])(?:sk-)?(?:ssh|ecdsa-sha2|rsa-sha2|webauthn-sk)-[a-z0-9@.-]+\s+\S"
)


def check(subject: Subject) -> Iterator[Violation]:
    for kind, number, rule in (("users", "uid", DUPLICATE_UID), ("groups", "gid", DUPLICATE_GID)):
        seen = {0: "root"}
        unassigned = 0
        for item, path in subject.items("passwd", kind):
            name = item.get("name", "")
            if item.get("shouldExist") is False:
                pass
            elif number not in item:
                unassigned += not item.get("system") and name not in IMAGE_USERS
            else:
                first = seen.setdefault(item[number], name)
                if first != name:
                    yield rule.at(
                        (*path, number), f"{number} {item[number]} is already used by {first}"
                    )
                elif _FIRST_ID <= item[number] < _FIRST_ID + unassigned:
                    yield _may_be_taken(rule, (*path, number), f"{number} {item[number]}")
            if not _HASH.fullmatch(item.get("passwordHash", "")):
                yield INVALID_PASSWORD_HASH.at((*path, "passwordHash"))
            for index, key in enumerate(item.get("sshAuthorizedKeys", ())):
                if not _is_key(key):
                    yield INVALID_SSH_KEY.at((*path, "sshAuthorizedKeys", index))


def _may_be_taken(rule: LintRule, path: Path, what: str) -> Violation:
    found = rule.at(
        path,
        f"{what} may be assigned to an earlier entry that does not set one",
        "list the entries with fixed ids first, or set an id in each",
    )
    found.severity = WARNING
    return found


def _is_key(text: str) -> bool:
    """Whether text holds public keys: one per line, with comments and blank lines allowed."""
    if "PRIVATE KEY-----" in text:
        return False
    lines = [
        line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")
    ]
    return all(map(_KEY_TYPE.search, lines))
