# SPDX-License-Identifier: Apache-2.0
"""Unit names: types, and the escaping of paths."""

from __future__ import annotations

SERVICE, MOUNT, SWAP, SOCKET = ".service", ".mount", ".swap", ".socket"
TYPES = (
    SERVICE,
    SOCKET,
    ".device",
    MOUNT,
    ".automount",
    SWAP,
    ".target",
    ".path",
    ".timer",
    ".slice",
    ".scope",
)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.")


def unit_type(name: str) -> str:
    """The suffix of a unit name, `.service` for `a@b.service`; "" if there is no valid one."""
    return next((each for each in TYPES if name.endswith(each)), "")


def escape_path(path: str) -> str:
    """Escapes a path for use in a unit name, as `systemd-escape --path` does."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts:
        return "-"
    escaped = "-".join("".join(_escaped(char) for char in part) for part in parts)
    return "\\x2e" + escaped[1:] if escaped.startswith(".") else escaped


def _escaped(char: str) -> str:
    if char in _PLAIN:
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
