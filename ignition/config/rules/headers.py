# SPDX-License-Identifier: Apache-2.0
"""Headers of resources that HTTP does not allow.

The specs allow any text. In Ignition the HTTP library rejects the header when it sends the request, and
Ignition retries for ever.
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
    "a header that HTTP does not allow",
    hint="use letters, digits and hyphens in the name, and no control characters in the value",
)
"""A header is one line of the request, and a colon ends its name. A line break would start another header,
and servers reject other control characters. White space around a value is dropped."""

NO_VALUE = Rule(
    "IGN1986",
    "a header without a value, which is an error when the resource is fetched",
    hint="give it a value, or remove it; it only makes sense in a config that is merged into another",
)
"""In a merge, a header without a value removes the header of the parent config. One that remains after the
merge makes the fetch fail."""

# Go's HTTP client sets these itself: Host comes from the URL, and a GET request has no body.
NOT_SENT = ("host", "content-length", "transfer-encoding", "trailer")
_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
_CONTROLS = "".join(map(chr, (*range(9), *range(10, 32), 127)))


def header_problem(name: str, value: str) -> str:
    """Why a header is invalid, "" if it is valid. The message does not contain the value."""
    if not name or any(character not in _NAME_CHARACTERS for character in name):
        return f"{quote(name)} cannot be the name of a header"
    if any(character in _CONTROLS for character in value):
        return f"the value of the header {quote(name)} contains a control character"
    return ""


def check(config: dict[str, Any]) -> Iterator[RuleFinding]:
    """Findings for the headers of all resources of a config."""
    for resource, path in _resources(config):
        for index, header in enumerate(resource.get("httpHeaders") or ()):
            where = (*path, "httpHeaders", index)
            name, value = header.get("name") or "", header.get("value")
            problem = header_problem(name, value or "")
            if problem:
                yield IMPOSSIBLE_HEADER.with_message(problem).at(*where)
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
        if contents and "httpHeaders" in contents:  # skips most of perhaps ten thousand files
            yield contents, ("storage", "files", index, "contents")
        for number, part in enumerate(file.get("append") or ()):
            yield part, ("storage", "files", index, "append", number)
    for index, volume in enumerate(storage.get("luks") or ()):
        if volume.get("keyFile"):
            yield volume["keyFile"], ("storage", "luks", index, "keyFile")
