# SPDX-License-Identifier: Apache-2.0
"""Content that lies elsewhere: what proves that it is the right one, and how it travels."""

from __future__ import annotations

from ignition.base.finding import INFO
from ignition.config import urls
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

NO_HASH = LintRule(
    "IGN1871",
    "fetched without a hash: whatever is there on the day is used",
    hint="add verification.hash, for example sha512- and what sha512sum prints",
    severity=INFO,
)
"""With a hash, provisioning stops when a server gives something else than the author saw."""

PLAIN_HTTP = LintRule(
    "IGN1872",
    "fetched over an unprotected connection, without a hash",
    hint="use https, or add verification.hash",
)
"""With http and tftp everybody on the way can change the content, and the machine would run it. A hash
protects against that (but hides nothing)."""

KEY_OVER_PLAIN_HTTP = LintRule(
    "IGN1873",
    "a secret key is fetched over an unprotected connection",
    hint="use https",
    since="3.2.0",
)
"""Everybody on the way can read the key of the volume; a hash does not help against that."""

PASSWORD_IN_URL = LintRule(
    "IGN1874",
    "there is a password in the URL",
    hint="let the machine prove itself in another way, or give a token that ends soon",
    severity=INFO,
    secret=True,
)
"""A config is readable by more people and programs than its author thinks: metadata services give it to
anything that runs on the machine."""

REPLACE_DROPS_CONTENT = LintRule(
    "IGN1875",
    "this replaces the whole config: everything else in it is ignored",
    hint="use ignition.config.merge to add to this config, or take the rest out",
)
"""`ignition.config.replace` stands for another config in place of this one. Files, units, users and the
`merge` list beside it are dropped without a word. Only timeouts, proxy and certificate authorities count, for
the fetch."""

_PLAIN = ("http", "tftp")
_CHECKED = ("https", "s3", "gs", "arn", *_PLAIN)
_CONTENT = {
    "storage": ("directories", "disks", "files", "filesystems", "links", "luks", "raid"),
    "systemd": ("units",),
    "passwd": ("users", "groups"),
    "kernelArguments": ("shouldExist", "shouldNotExist"),
}


def check(subject: Subject) -> Iterator[Violation]:
    yield from _replaced(subject)
    for resource, path in subject.resources():
        source = resource.get("source", "")
        if not source or source.startswith("data:"):
            continue
        try:
            url = urls.parse(source)
        except urls.UrlError:
            continue
        if url.scheme not in _CHECKED:
            continue
        where = (*path, "source")
        if url.userinfo and ":" in url.userinfo:
            yield PASSWORD_IN_URL.at(where)
        if path[-1] == "keyFile" and url.scheme in _PLAIN:
            yield KEY_OVER_PLAIN_HTTP.at(where)
        elif resource.get("verification", {}).get("hash"):
            continue
        elif url.scheme in _PLAIN:
            yield PLAIN_HTTP.at(where)
        else:
            yield NO_HASH.at(where)


def _replaced(subject: Subject) -> Iterator[Violation]:
    value = subject.value
    config = value.get("ignition", {}).get("config", {})
    if not config.get("replace", {}).get("source"):
        return
    beside = ["ignition.config.merge"] if config.get("merge") else []
    for section, kinds in _CONTENT.items():
        beside += [f"{section}.{kind}" for kind in kinds if value.get(section, {}).get(kind)]
    if beside:
        message = f"this replaces the whole config: {', '.join(beside)} beside it is ignored"
        yield REPLACE_DROPS_CONTENT.at(("ignition", "config", "replace", "source"), message)
