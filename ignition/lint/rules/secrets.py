# SPDX-License-Identifier: Apache-2.0
"""Secrets in plain text. What is found never appears in a finding, only its kind."""

from __future__ import annotations

import re

from ignition.base.finding import INFO
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.embedded import Embedded
    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

READABLE_SECRET = LintRule(
    "IGN1881",
    "a secret in a file that everybody on the machine may read",
    hint="set mode to 384 (0600)",
    secret=True,
)
"""Private keys, access keys and tokens are found by their form. Files have mode 0644 unless the config says
otherwise; text of units is readable by all in any case."""

SECRET_IN_CONFIG = LintRule(
    "IGN1882",
    "a secret in plain text in the config",
    hint="fetch it at boot, or have the machine make it, if others can read the config",
    severity=INFO,
    secret=True,
)
"""A config is stored and passed on in many places: version control, the platform's console, metadata
services that anything on the machine can ask. A secret in it is known to all of them."""

# What it is, words that must be there at all (cheap to look for in large bodies), and its form.
_KINDS = (
    (
        "a private key",
        (b"PRIVATE KEY-----",),
        rb"-----BEGIN (?:(?:RSA|DSA|EC|OPENSSH) )?PRIVATE KEY-----(?:\s|\\n)+[A-Za-z0-9+/]{16}",
    ),
    ("a PGP private key", (b"PGP PRIVATE",), rb"-----BEGIN PGP PRIVATE KEY BLOCK-----"),
    (
        "an AWS access key",
        (b"AKIA", b"ASIA"),
        rb"\b(?:AKIA|ASIA)(?![0-9A-Z]*EXAMPLE)[0-9A-Z]{16}\b",
    ),
    (
        "a GitHub token",
        (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
        rb"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{40,}",
    ),
    ("a GitLab token", (b"glpat-",), rb"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("a Slack token", (b"xox",), rb"\bxox[abprs]-[0-9]{8,}-[0-9A-Za-z-]{10,}"),
    ("a Google API key", (b"AIza",), rb"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("a Stripe key", (b"k_live_",), rb"\b[sr]k_live_[0-9A-Za-z]{20,}"),
    ("an npm token", (b"npm_",), rb"\bnpm_[A-Za-z0-9]{36}\b"),
    (
        "a WireGuard key",
        (b"PrivateKey", b"PresharedKey"),
        rb"(?m)^[ \t]*(?:PrivateKey|PresharedKey)[ \t]*=[ \t]*[A-Za-z0-9+/]{43}=",
    ),
    (
        "a registry password",
        (b'"auths"',),
        rb'"auths"\s*:\s*\{[^}]{1,1000}?"auth"\s*:\s*"[A-Za-z0-9+/]{8,}={0,2}"',
    ),
)
_BY_WORD = [(word, kind, form) for kind, words, form in _KINDS for word in words]
_SHORTEST = 20  # bytes of an AWS access key; all others are longer


def check(subject: Subject) -> Iterator[Violation]:
    for file in subject.files:
        for body in file.bodies:
            secret = _secret(body.data) if body.data else None
            if secret:
                rule = READABLE_SECRET if file.mode & 0o004 else SECRET_IN_CONFIG
                yield rule.at((*body.path, "source"), f"{rule.title}: {secret[0]}")
    for unit in subject.units:
        for text in ([unit.text] if unit.text else []) + unit.dropins:
            yield from _in_unit(text)
    for resource, path in subject.key_files:
        if resource.get("source", "").startswith("data:"):
            message = f"{SECRET_IN_CONFIG.title}: the key of a LUKS volume"
            yield SECRET_IN_CONFIG.at((*path, "source"), message)


def _secret(data: bytes) -> tuple[str, tuple[int, int]] | None:
    """What secret there is in a text, and from which byte to which; None if there is none."""
    if len(data) < _SHORTEST:
        return None
    for word, kind, form in _BY_WORD:
        if word in data:
            match = re.search(form, data)
            if match:
                return kind, match.span()
    return None


def _in_unit(text: Embedded) -> Iterator[Violation]:
    data = text.text.encode("utf-8", "surrogatepass")
    secret = _secret(data)
    if secret:
        kind, (first, last) = secret
        # Characters, not bytes.
        start, end = (len(data[:at].decode("utf-8", "replace")) for at in (first, last))
        message = f"{READABLE_SECRET.title}: {kind}"
        yield READABLE_SECRET.inside(text, (start, end), message)
