# SPDX-License-Identifier: Apache-2.0
"""Files, directories and links, each by itself."""

from __future__ import annotations

from ignition.base.finding import WARNING
from ignition.config.rules.paths import check_path
from ignition.config.rules.resources import check_resource
from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.rules.rule import RuleFinding

ID_AND_NAME = Rule(
    "IGN1401",
    "cannot set both id and name",
    hint="keep one of them",
)
"""An owner named twice might be two owners. An id of 0 counts as set."""

ILLEGAL_MODE = Rule(
    "IGN1402",
    "illegal file mode",
    hint="give the mode as a decimal number from 0 to 4095; 0644 is 420, 0755 is 493",
)
"""A mode is made of twelve bits, 0 to 07777."""

SPECIAL_BITS = Rule(
    "IGN1403",
    "setuid/setgid/sticky bits are not supported or functional in spec versions older than 3.6.0",
    hint="use spec 3.6.0 or newer if you need them; here the bits are dropped",
    severity=WARNING,
)
"""Before 3.6.0 these bits were accepted and then lost on the way to the disk. Until 3.5.0."""

OVERWRITE_WITHOUT_SOURCE = Rule(
    "IGN1404",
    "overwrite must be false if source is unspecified",
    hint="give contents.source (data:, for an empty file), or leave overwrite out",
)
"""With nothing to write, overwriting could only destroy. An empty source counts as given."""

_MODE_MAX = 0o7777
_SPECIAL = 0o7000


def check_directory(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """A directory with its owner."""
    yield from _node(value, minor)
    if "user" in value or "group" in value:
        yield from _owner(value)


def check_file(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """A file with its owner, appended parts and contents."""
    yield from _node(value, minor)
    contents = value.get("contents", {})
    if value.get("overwrite") and "source" not in contents:
        yield OVERWRITE_WITHOUT_SOURCE.at("overwrite")
    if "user" in value or "group" in value:
        yield from _owner(value)
    for index, part in enumerate(value.get("append", ())):
        for finding in check_resource(part, minor):
            yield finding.with_prefix("append", index)
    if contents:
        for finding in check_resource(contents, minor):
            yield finding.with_prefix("contents")


def check_link(value: dict[str, Any]) -> Iterator[RuleFinding]:
    """A link with its owner; its target is a matter of the storage section as a whole."""
    if fault := check_path(value.get("path", "")):
        yield fault.at("path")
    if "user" in value or "group" in value:
        yield from _owner(value)


def _node(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    if fault := check_path(value.get("path", "")):
        yield fault.at("path")
    if "mode" in value:
        mode = value["mode"]
        if not 0 <= mode <= _MODE_MAX:
            yield ILLEGAL_MODE.at("mode")
        if mode & _SPECIAL and minor < 6:
            yield SPECIAL_BITS.at("mode")


def _owner(value: dict[str, Any]) -> Iterator[RuleFinding]:
    for kind in ("group", "user"):
        owner = value.get(kind, {})
        if "id" in owner and owner.get("name"):
            yield ID_AND_NAME.at(kind)
