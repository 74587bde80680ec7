# SPDX-License-Identifier: Apache-2.0
"""How to show a value that a merge replaced, which is only known as the config has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ignition.base.printable import printable
from ignition.config.model import Resource
from ignition.resource.fetch import display_name
from ignition.review.things.contents import HIDDEN, Contents, contents_of, show

if TYPE_CHECKING:
    from ignition.review.subject import Path, Version

_SECRETS = ("passwordHash", "keyFile", "httpHeaders", "custom")
_URLS = ("source", "url", "httpProxy", "httpsProxy")
_WORLD_READABLE = 0o004


def show_replaced(path: Path, version: Version, mode: int | None) -> str:
    """A scalar in one line, without secrets. `mode` is that of the file in the merged config."""
    value = version.value
    if any(step in _SECRETS for step in path):
        return HIDDEN
    if path[0] == "storage" and path[1] == "files" and path[-1] == "source":
        return _contents(path, version.owner, mode)
    if path[0] == "systemd" and path[-1] == "contents":
        return show(Contents(str(value).encode("utf-8", "surrogatepass")), None)
    if path[-1] == "mode":
        return f"{value:04o}"
    if path[-1] in _URLS:
        return display_name(str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else printable(json.dumps(value))


def _contents(path: Path, owner: Any, mode: int | None) -> str:
    """Private if the file was private there, or is now."""
    own = owner.get("mode")
    if own is not None and not own & _WORLD_READABLE:
        mode = own
    resource = owner.get(path[3], {})
    return show(contents_of(Resource(resource)), mode)
