# SPDX-License-Identifier: Apache-2.0
"""Parses version strings and looks up the spec version that they name (docs/behaviour/config.md)."""

from __future__ import annotations

from ignition.config import shapes

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_INT_MAX = str((1 << 63) - 1)


class BadVersion(ValueError):
    """Not a semantic version."""


def parse(text: str) -> tuple[str, str, str, str, str]:
    """Splits a semantic version into major, minor, patch (without leading zeros), pre-release and
    metadata."""
    rest, _, metadata = text.partition("+")
    rest, _, prerelease = rest.partition("-")
    parts = rest.split(".", 2)
    if len(parts) != 3 or not _identifiers(prerelease) or not _identifiers(metadata):
        raise BadVersion(text)
    major, minor, patch = (_number(part, text) for part in parts)
    return major, minor, patch, prerelease, metadata


def _number(part: str, text: str) -> str:
    if not part or part.strip(_DIGITS):
        raise BadVersion(text)
    digits = part.lstrip("0") or "0"
    # Compared as text: int() is slow on very long numbers, and has a limit.
    if (len(digits), digits) > (len(_INT_MAX), _INT_MAX):
        raise BadVersion(text)
    return digits


def _identifiers(text: str) -> bool:
    """Whether a text is empty or consists of dot-separated identifiers of letters, digits and hyphens."""
    return not text or all(
        part and not part.strip(_LETTERS + _DIGITS + "-") for part in text.split(".")
    )


_KNOWN = {parse(version): version for version in shapes.VERSIONS}


def lookup(text: str) -> str | None:
    """The spec version for a string: `03.06.00-` is 3.6.0. None for an unknown version.

    BadVersion if it is not a semantic version.
    """
    return _KNOWN.get(parse(text))


def hint(text: str) -> str:
    """A hint for an unknown or malformed version."""
    newest_stable = [version for version in shapes.VERSIONS if "-" not in version][-1]
    try:
        major, minor, patch, prerelease, metadata = parse(text)
    except BadVersion:
        return f'give ignition.version, for example "{newest_stable}"' if not text else (
            f'versions have three numbers, for example "{newest_stable}"'
        )  # fmt: skip
    plain = f"{major}.{minor}.{patch}"
    if major in ("1", "2"):
        return (
            f"spec {plain} was replaced by spec 3 in incompatible ways; convert the config, for example"
            " with ign-converter, or write it anew"
        )
    if plain in shapes.VERSIONS and (prerelease or metadata):
        return f'{plain} is stable now: write "{plain}"'
    experimental = f"{plain}-experimental"
    if experimental in shapes.VERSIONS:
        return f'{plain} is not final yet: write "{experimental}" or "{newest_stable}"'
    return f"the config is of spec {text}; this engine knows {', '.join(shapes.VERSIONS)}"
