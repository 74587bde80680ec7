# SPDX-License-Identifier: Apache-2.0
"""Headers for the fetch of a resource that no request can carry.

The specs allow any text. Ignition's library finds out when the request is made, and tries again for ever.
"""

from __future__ import annotations

from ignition.base.log import quote
from ignition.config.rules.rule import Rule, RuleFinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Path = tuple[str | int, ...]

IMPOSSIBLE_HEADER = Rule(
    "IGN1985",
    "a header that no request can carry",
    hint="a name is letters, digits and hyphens; a value has no control characters",
)
"""A header is a line of the request, and its name ends at a colon. A line break in it would be a header of
its own, and servers refuse other control characters. Blanks around a value are dropped."""

NO_VALUE = Rule(
    "IGN1986",
    "a header without a value, which is an error when the resource is fetched",
    hint="give it a value, or take it out; in a config that is merged into another it takes a header away",
)
"""A header without a value can only be meant to remove one that comes from another config of a merge. What
is left of it when everything is merged stops the boot."""

# Ignition's library says these itself: the host is that of the URL, and a request like these has no body.
NOT_SENT = ("host", "content-length", "transfer-encoding", "trailer")
_OF_NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
_CONTROLS = "".join(map(chr, (*range(9), *range(10, 32), 127)))


def header_problem(name: str, value: str) -> str:
    """Why no request can carry a header, "" if one can. The text does not repeat the value."""
    if not name or any(character not in _OF_NAMES for character in name):
        return f"{quote(name)} cannot be the name of a header"
    if any(character in _CONTROLS for character in value):
        return f"the value of the header {quote(name)} holds a control character"
    return ""


def check(config: dict[str, Any]) -> Iterator[RuleFinding]:
    """What is wrong with the headers of all resources of a config."""
    for resource, path in _resources(config):
        for index, header in enumerate(resource.get("httpHeaders") or ()):
            where = (*path, "httpHeaders", index)
            name, value = header.get("name") or "", header.get("value")
            why = header_problem(name, value or "")
            if why:
                yield IMPOSSIBLE_HEADER.with_message(why).at(*where)
            elif value is None:
                yield NO_VALUE.with_message(f"the header {quote(name)} has no value").at(*where)


def _resources(config: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Path]]:
    section = config.get("ignition") or {}
    references = section.get("config") or {}
    if references.get("replace"):
        yield references["replace"], ("ignition", "config", "replace")
    for index, item in enumerate(references.get("merge") or ()):
        yield item, ("ignition", "config", "merge", index)
    tls = (section.get("security") or {}).get("tls") or {}
    for index, item in enumerate(tls.get("certificateAuthorities") or ()):
        yield item, ("ignition", "security", "tls", "certificateAuthorities", index)
    storage = config.get("storage") or {}
    for index, file in enumerate(storage.get("files") or ()):
        contents = file.get("contents")
        if contents and "httpHeaders" in contents:  # few have any, of perhaps ten thousand
            yield contents, ("storage", "files", index, "contents")
        for number, part in enumerate(file.get("append") or ()):
            yield part, ("storage", "files", index, "append", number)
    for index, volume in enumerate(storage.get("luks") or ()):
        if volume.get("keyFile"):
            yield volume["keyFile"], ("storage", "luks", index, "keyFile")
