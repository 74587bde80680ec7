# SPDX-License-Identifier: Apache-2.0
"""Valid names of users and groups.

Distributions patch useradd: Debian's accepts nearly every name, upstream's only letters, digits and a few
signs. A name that any of them accepts is valid here; the target's own tool decides in the end.
"""

from __future__ import annotations

_FORBIDDEN = {":": "a colon", ",": "a comma"}
_FORBIDDEN_FIRST = {"-": "a hyphen", "+": "a plus sign", "~": "a tilde"}
_BLANKS = " \t\n\v\f\r"
_MAX = 255  # LOGIN_NAME_MAX without the NUL at its end


def check_name(name: str) -> str:
    """Why every useradd rejects this name, "" if some version accepts it."""
    if not name:
        return "it is empty"
    if name[0] in _FORBIDDEN_FIRST:
        return f"it starts with {_FORBIDDEN_FIRST[name[0]]}"
    for character, what in _FORBIDDEN.items():
        if character in name:
            return f"it contains {what}"
    if any(blank in name for blank in _BLANKS):
        return "it contains a space"
    if len(name.encode("utf-8", "surrogatepass")) > _MAX:
        return f"it is longer than {_MAX} bytes"
    return ""
