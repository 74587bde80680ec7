# SPDX-License-Identifier: Apache-2.0
"""Remote contents: integrity, transport security, and what ignition.config.replace discards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.finding import INFO
from ignition.config import urls
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

NO_HASH = LintRule(
    "IGN1871",
    "fetched without verification",
    hint="add verification.hash: sha512- followed by the output of sha512sum",
    severity=INFO,
)
"""With a hash, provisioning fails if the server returns other contents than expected."""

PLAIN_HTTP = LintRule(
    "IGN1872",
    "fetched over an unencrypted connection without verification",
    hint="use https, or add verification.hash",
)
"""Over http and tftp, anyone on the network path can change the contents. A hash prevents that, but does not
make the contents confidential."""

KEY_OVER_PLAIN_HTTP = LintRule(
    "IGN1873",
    "key file is fetched over an unencrypted connection",
    hint="use https",
    since="3.2.0",
)
"""Anyone on the network path can read the key of the volume; a hash does not prevent that."""

PASSWORD_IN_URL = LintRule(
    "IGN1874",
    "URL contains a password",
    hint="authenticate the machine in another way, or use a short-lived token",
    severity=INFO,
    secret=True,
)
"""Configs are not confidential: a metadata service returns the config to every program on the machine."""

REPLACE_DROPS_CONTENT = LintRule(
    "IGN1875",
    "ignition.config.replace discards the rest of this config",
    hint="use ignition.config.merge to keep this config, or remove the rest",
)
"""The referenced config replaces this one. Files, units, users and the `merge` list are silently discarded;
only timeouts, proxy and certificate authorities are used, for the fetch."""

_UNENCRYPTED = ("http", "tftp")
_CHECKED = ("https", "s3", "gs", "arn", *_UNENCRYPTED)
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
        if path[-1] == "keyFile" and url.scheme in _UNENCRYPTED:
            yield KEY_OVER_PLAIN_HTTP.at(where)
        elif resource.get("verification", {}).get("hash"):
            continue
        elif url.scheme in _UNENCRYPTED:
            yield PLAIN_HTTP.at(where)
        else:
            yield NO_HASH.at(where)


def _replaced(subject: Subject) -> Iterator[Violation]:
    value = subject.value
    config = value.get("ignition", {}).get("config", {})
    if not config.get("replace", {}).get("source"):
        return
    discarded = ["ignition.config.merge"] if config.get("merge") else []
    for section, kinds in _CONTENT.items():
        discarded += [f"{section}.{kind}" for kind in kinds if value.get(section, {}).get(kind)]
    if discarded:
        message = f"ignition.config.replace discards {', '.join(discarded)}"
        yield REPLACE_DROPS_CONTENT.at(("ignition", "config", "replace", "source"), message)
