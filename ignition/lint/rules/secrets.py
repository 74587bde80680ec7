# SPDX-License-Identifier: Apache-2.0
"""Secrets in plain text. A finding names the kind of secret and never shows the secret itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ignition.base.finding import INFO
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.embedded import Embedded
    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

READABLE_SECRET = LintRule(
    "IGN1881",
    "secret in a world-readable file",
    hint="set mode to 384 (0600)",
    secret=True,
)
"""Private keys, access keys and tokens are recognized by their format. The default mode of a file is 0644;
unit files are always world-readable."""

SECRET_IN_CONFIG = LintRule(
    "IGN1882",
    "plain-text secret in the config",
    hint="if others can read the config, fetch the secret at boot or generate it on the machine",
    severity=INFO,
    secret=True,
)
"""Configs are stored in version control and shown in consoles, and metadata services return them to every
program on the machine. All of them can read a secret in the config."""

# Name, literals of which one must occur (cheap to search for in large files), and pattern.
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
_BY_LITERAL = [
    (literal, kind, pattern) for kind, literals, pattern in _KINDS for literal in literals
]
_SHORTEST = 20  # bytes, of an AWS access key


def check(subject: Subject) -> Iterator[Violation]:
    for file in subject.files:
        for body in file.bodies:
            secret = _find_secret(body.data) if body.data else None
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


def _find_secret(data: bytes) -> tuple[str, tuple[int, int]] | None:
    """The kind of the first secret in a text and its span in bytes; None if there is none."""
    if len(data) < _SHORTEST:
        return None
    for literal, kind, pattern in _BY_LITERAL:
        if literal in data:
            match = re.search(pattern, data)
            if match:
                return kind, match.span()
    return None


def _in_unit(text: Embedded) -> Iterator[Violation]:
    data = text.text.encode("utf-8", "surrogatepass")
    secret = _find_secret(data)
    if secret:
        kind, (first, last) = secret
        # Spans of embedded texts count characters.
        start, end = (len(data[:at].decode("utf-8", "replace")) for at in (first, last))
        message = f"{READABLE_SECRET.title}: {kind}"
        yield READABLE_SECRET.inside(text, (start, end), message)
