# SPDX-License-Identifier: Apache-2.0
"""Files, directories and links, one at a time."""

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
    hint="use only one of them",
)
"""The id and the name could mean different owners. An id of 0 counts as set."""

ILLEGAL_MODE = Rule(
    "IGN1402",
    "illegal file mode",
    hint="use a decimal number from 0 to 4095; octal 0644 is 420, 0755 is 493",
)
"""A mode has twelve bits: 0 to 07777 in octal."""

SPECIAL_BITS = Rule(
    "IGN1403",
    "setuid/setgid/sticky bits are not supported or functional in spec versions older than 3.6.0",
    hint="use spec 3.6.0 or newer if you need them; this spec drops the bits",
    severity=WARNING,
)
"""Before 3.6.0 these bits were accepted but never applied. Up to 3.5.0."""

OVERWRITE_WITHOUT_SOURCE = Rule(
    "IGN1404",
    "overwrite must be false if source is unspecified",
    hint="set contents.source (data:, for an empty file), or remove overwrite",
)
"""Without contents, overwriting would only destroy the old file. An empty source counts as set."""

_MODE_MAX = 0o7777
_SPECIAL = 0o7000


def check_directory(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """Checks a directory and its owner."""
    yield from _check_node(value, minor)
    if "user" in value or "group" in value:
        yield from _check_owner(value)


def check_file(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """Checks a file with its owner, appended parts and contents."""
    yield from _check_node(value, minor)
    contents = value.get("contents", {})
    if value.get("overwrite") and "source" not in contents:
        yield OVERWRITE_WITHOUT_SOURCE.at("overwrite")
    if "user" in value or "group" in value:
        yield from _check_owner(value)
    for index, part in enumerate(value.get("append", ())):
        for finding in check_resource(part, minor):
            yield finding.with_prefix("append", index)
    if contents:
        for finding in check_resource(contents, minor):
            yield finding.with_prefix("contents")


def check_link(value: dict[str, Any]) -> Iterator[RuleFinding]:
    """Checks the path and owner of a link. `storage` checks its target."""
    if rule := check_path(value.get("path", "")):
        yield rule.at("path")
    if "user" in value or "group" in value:
        yield from _check_owner(value)


def _check_node(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    if rule := check_path(value.get("path", "")):
        yield rule.at("path")
    if "mode" in value:
        mode = value["mode"]
        if not 0 <= mode <= _MODE_MAX:
            yield ILLEGAL_MODE.at("mode")
        if mode & _SPECIAL and minor < 6:
            yield SPECIAL_BITS.at("mode")


def _check_owner(value: dict[str, Any]) -> Iterator[RuleFinding]:
    for kind in ("group", "user"):
        owner = value.get(kind, {})
        if "id" in owner and owner.get("name"):
            yield ID_AND_NAME.at(kind)
