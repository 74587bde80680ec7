# SPDX-License-Identifier: Apache-2.0
"""Users and groups."""

from __future__ import annotations

import re

from ignition.base.finding import ERROR, WARNING
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

DUPLICATE_UID = LintRule(
    "IGN1861",
    "another user has the same uid",
    hint="give each user a uid of its own, or none",
    severity=ERROR,
)
"""`useradd` refuses a uid that is taken, by another user of the config or by root, and provisioning
fails. Users who are listed before and leave their number open get 1000 and the next: one of those numbers is
a warning, since it depends on what the image has."""

DUPLICATE_GID = LintRule(
    "IGN1862",
    "another group has the same gid",
    hint="give each group a gid of its own, or none",
    severity=ERROR,
)
"""`groupadd` refuses a gid that is taken, by another group of the config or by root, and provisioning
fails."""

INVALID_PASSWORD_HASH = LintRule(
    "IGN1863",
    "passwordHash is no password hash",
    hint="make one with mkpasswd or openssl passwd -6; never put the password itself here",
    secret=True,
)
"""The value goes to `/etc/shadow` as it is. What is not in the form of crypt(3) matches no password, so
that nobody can log in with one. A password in plain text is also a secret that anybody who can read the
config now knows."""

INVALID_SSH_KEY = LintRule(
    "IGN1864",
    "this is no public key in the form of authorized_keys",
    hint="paste the one line of the .pub file",
    secret=True,
)
"""sshd skips lines that it does not understand, so that the user cannot log in. Common slips: the path of a
key file, a private key, a fingerprint."""

_OF_IMAGES = ("root", "core")  # users that images have, who have a number already
_FIRST = 1000  # which useradd and groupadd give when it is left to them, and then the next

# $id$..., the old DES form, locked accounts, and the empty hash (log in without a password).
_HASH = re.compile(r"[!*]*|[!*]*((?:\$[^$\s:]*){3,}|_?[./0-9A-Za-z]{13,20}|[!*x]+)")
_KEY_TYPE = re.compile(
    r"(?:^|[\s,\"])(?:sk-)?(?:ssh|ecdsa-sha2|rsa-sha2|webauthn-sk)-[a-z0-9@.-]+\s+\S"
)


def check(subject: Subject) -> Iterator[Violation]:
    for kind, number, rule in (("users", "uid", DUPLICATE_UID), ("groups", "gid", DUPLICATE_GID)):
        seen = {0: "root"}
        left_open = 0
        for item, path in subject.items("passwd", kind):
            name = item.get("name", "")
            if item.get("shouldExist") is False:
                pass
            elif number not in item:
                left_open += not item.get("system") and name not in _OF_IMAGES
            else:
                first = seen.setdefault(item[number], name)
                if first != name:
                    yield rule.at((*path, number), f"{first} has the same {number}, {item[number]}")
                elif _FIRST <= item[number] < _FIRST + left_open:
                    yield _may_be_taken(rule, (*path, number), f"{number} {item[number]}")
            if not _HASH.fullmatch(item.get("passwordHash", "")):
                yield INVALID_PASSWORD_HASH.at((*path, "passwordHash"))
            for index, key in enumerate(item.get("sshAuthorizedKeys", ())):
                if not _is_key(key):
                    yield INVALID_SSH_KEY.at((*path, "sshAuthorizedKeys", index))


def _may_be_taken(rule: LintRule, path: Path, what: str) -> Violation:
    found = rule.at(
        path,
        f"one that is listed before, and leaves its number open, may get {what}",
        "list those with a number of their own first, or give one to each",
    )
    found.severity = WARNING
    return found


def _is_key(text: str) -> bool:
    """Whether text has a key in it; several lines, comments and blank lines are fine."""
    if "PRIVATE KEY-----" in text:
        return False
    lines = [
        line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")
    ]
    return all(map(_KEY_TYPE.search, lines))
