# SPDX-License-Identifier: Apache-2.0
"""Which names users and groups can have.

useradd differs from one distribution to the other. Debian's takes nearly all, upstream's letters, digits and
a few signs; what either takes is accepted here, since the target's own tool has the last word.
"""

from __future__ import annotations

_FORBIDDEN = {":": "a colon", ",": "a comma"}
_FORBIDDEN_FIRST = {"-": "a hyphen", "+": "a plus sign", "~": "a tilde"}
_BLANKS = " \t\n\v\f\r"
_MAX = 255  # LOGIN_NAME_MAX without the NUL at its end


def check_name(name: str) -> str:
    """Why no useradd takes this name; "" if some do."""
    if not name:
        return "it is empty"
    if name[0] in _FORBIDDEN_FIRST:
        return f"it begins with {_FORBIDDEN_FIRST[name[0]]}"
    for character, what in _FORBIDDEN.items():
        if character in name:
            return f"it holds {what}"
    if any(blank in name for blank in _BLANKS):
        return "it holds a blank"
    if len(name.encode("utf-8", "surrogatepass")) > _MAX:
        return f"it is longer than {_MAX} bytes"
    return ""
