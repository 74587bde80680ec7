# SPDX-License-Identifier: Apache-2.0
"""The lines of /etc/crypttab, from which systemd opens the volumes on later boots."""

from __future__ import annotations

FOLDER = "/etc"
NAME = "crypttab"
NO_KEY = "none"
_OPTIONS = "luks,x-initrd.attach"
_OPTIONS_NETWORK = "luks,_netdev,x-initrd.attach"


def line(name: str, uuid: str, key_file: str, *, needs_network: bool) -> bytes:
    """The line of a volume, without a newline. `key_file` is a path or NO_KEY."""
    options = _OPTIONS_NETWORK if needs_network else _OPTIONS
    return f"{name} UUID={uuid} {key_file} {options}".encode("utf-8", "surrogatepass")


def merge(present: bytes, lines: list[bytes]) -> bytes:
    """The table with these lines.

    A line that an earlier run wrote for the same volume is replaced in its place. Lines of others stay, and a
    missing newline at the end is added.
    """
    pending = {_name(each): each for each in lines}
    names = set(pending)
    kept: list[bytes] = []
    for each in present.split(b"\n"):
        if _name(each) not in names or not _is_own(each):
            kept.append(each)
        elif _name(each) in pending:
            kept.append(pending.pop(_name(each)))
    text = b"\n".join(kept)
    if text and not text.endswith(b"\n"):
        text += b"\n"
    return text + b"".join(each + b"\n" for each in pending.values())


def foreign_names(present: bytes, lines: list[bytes]) -> list[str]:
    """The volumes for which somebody else has written a line, which systemd prefers since it comes first."""
    names = {_name(each) for each in lines}
    found = [_name(each) for each in present.split(b"\n") if not _is_own(each)]
    return [name.decode("utf-8", "replace") for name in found if name in names]


def _name(text: bytes) -> bytes:
    """The first field; b"" for an empty line and a comment."""
    fields = text.split(None, 1)
    return fields[0] if fields and not fields[0].startswith(b"#") else b""


def _is_own(text: bytes) -> bool:
    """Whether a line has exactly the form of `line`."""
    fields = text.split(b" ")
    if len(fields) != 4 or not fields[1].startswith(b"UUID="):
        return False
    return (fields[2] == NO_KEY.encode() or fields[2].endswith(b"/" + fields[0])) and fields[3] in (
        _OPTIONS.encode(),
        _OPTIONS_NETWORK.encode(),
    )
