# SPDX-License-Identifier: Apache-2.0
"""Units and drop-ins, and the paths that they occupy. All spec versions."""

from __future__ import annotations

from ignition.base.finding import WARNING
from ignition.base.log import quote
from ignition.config import unitfile
from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.rules.rule import RuleFinding

PATH_TAKEN = Rule(
    "IGN1901",
    "path conflicts with systemd unit or dropin",
    hint="define it once, under systemd.units or as a file",
)
"""A unit or drop-in with contents is a file, and two entries would write the same one."""

UNIT_EXTENSION = Rule(
    "IGN1902",
    "invalid systemd unit extension",
    hint="use .service, .socket, .mount, .timer or another unit type as the suffix, in lower case",
)
"""The suffix of its name determines the type of a unit."""

DROPIN_EXTENSION = Rule(
    "IGN1903",
    "invalid systemd drop-in extension",
    hint="use .conf as the suffix",
)
"""systemd ignores other files in a drop-in directory."""

BAD_CONTENTS = Rule(
    "IGN1904",
    "invalid unit content",
    hint="check section headers, the = of each option, and lines that end with a backslash",
)
"""systemd would ignore or reject an invalid unit, long after provisioning."""

NOTHING_TO_ENABLE = Rule(
    "IGN1905",
    "unit is enabled, but has no install section so enable does nothing",
    hint="add an [Install] section with WantedBy=, or remove enabled",
    severity=WARNING,
)
"""Enabling a unit creates the links that its Install section lists. An empty section lists none."""

TEMPLATE_NOT_ENABLED = Rule(
    "IGN1906",
    "template unit doesn't have Install section",
    hint="add an [Install] section with WantedBy= to the template",
    severity=WARNING,
)
"""The Install section of the template determines how an instance is enabled."""

_UNIT_TYPES = (
    ".service",
    ".socket",
    ".device",
    ".mount",
    ".automount",
    ".swap",
    ".target",
    ".path",
    ".timer",
    ".snapshot",
    ".slice",
    ".scope",
)
_DIRECTORY = "/etc/systemd/system/"


def check_unit_paths(config: dict[str, Any]) -> Iterator[RuleFinding]:
    """Findings for nodes at the path of a unit or drop-in; finding paths start at the top of the config."""
    taken = _unit_paths(config.get("systemd", {}).get("units", ()))
    if not taken:
        return
    storage = config.get("storage", {})
    for kind in ("files", "directories", "links"):
        for index, item in enumerate(storage.get(kind, ())):
            if item.get("path") in taken:
                yield PATH_TAKEN.at("storage", kind, index, "path")


def _unit_paths(units: list[dict[str, Any]]) -> set[str]:
    paths = set()
    for unit in units:
        name = unit.get("name", "")
        if unit.get("contents"):
            paths.add(_DIRECTORY + name)
        for dropin in unit.get("dropins", ()):
            if dropin.get("contents"):
                paths.add(f"{_DIRECTORY}{name}.d/{dropin.get('name', '')}")
    return paths


def check_systemd(value: dict[str, Any]) -> Iterator[RuleFinding]:
    """Checks `$.systemd`: instances and their templates, then each unit with its drop-ins."""
    units = value.get("units", ())
    parsed = _ParsedUnits()
    yield from _check_templates(units, parsed)
    for index, unit in enumerate(units):
        for finding in _check_unit(unit, parsed):
            yield finding.with_prefix("units", index)
        for number, dropin in enumerate(unit.get("dropins", ())):
            if rule := parsed.check(dropin.get("contents", "")):
                yield rule.at("units", index, "dropins", number, "contents")
            if _extension(dropin.get("name", "")) != ".conf":
                yield DROPIN_EXTENSION.at("units", index, "dropins", number, "name")


class _ParsedUnits:
    """Caches parse results of unit contents, since drop-ins are often identical."""

    __slots__ = ("_cache",)

    def __init__(self) -> None:
        self._cache: dict[str, tuple[str, bool]] = {}

    def _parse(self, text: str) -> tuple[str, bool]:
        known = self._cache.get(text)
        if known is None:
            try:
                options = unitfile.parse(text)
            except unitfile.UnitError as error:
                known = str(error), False
            else:
                known = "", any(section == "Install" for section, _, _ in options)
            self._cache[text] = known
        return known

    def check(self, text: str) -> Rule | None:
        problem = self._parse(text)[0]
        return BAD_CONTENTS.with_message(f"invalid unit content: {problem}") if problem else None

    def lacks_install(self, text: str) -> bool:
        """Whether a non-empty text is a valid unit without options in an Install section."""
        return bool(text) and self._parse(text) == ("", False)


def _check_templates(units: list[dict[str, Any]], parsed: _ParsedUnits) -> Iterator[RuleFinding]:
    contents = {unit.get("name", ""): unit.get("contents", "") for unit in units}
    for index, unit in enumerate(units):
        if not unit.get("enabled"):
            continue
        name = unit.get("name", "")
        template = _template_of(name)
        if template and parsed.lacks_install(contents.get(template, "")):
            yield TEMPLATE_NOT_ENABLED.with_message(
                f"template unit {quote(template)} for {quote(name)} doesn't have Install section"
            ).at("units", index, "contents")


def _template_of(name: str) -> str:
    """`a@.service` for `a@b.service`; "" for a name that is not an instance of a service."""
    at = name.find("@", 1)
    if (
        at < 0
        or not name.endswith(".service")
        or len(name) <= at + 1 + len(".service")
        or "\n" in name
    ):
        return ""
    return name[:at] + "@.service"


def _check_unit(value: dict[str, Any], parsed: _ParsedUnits) -> Iterator[RuleFinding]:
    name, contents = value.get("name", ""), value.get("contents", "")
    if _extension(name) not in _UNIT_TYPES:
        yield UNIT_EXTENSION.at("name")
    if rule := parsed.check(contents):
        yield rule.at("contents")
    elif value.get("enabled") and parsed.lacks_install(contents):
        yield NOTHING_TO_ENABLE.with_message(
            f"unit {quote(name)} is enabled, but has no install section so enable does nothing"
        ).at("contents")


def _extension(name: str) -> str:
    """The suffix of a path from the last dot of its last component, like Go's path.Ext."""
    dot = name.rfind(".")
    return name[dot:] if dot > name.rfind("/") else ""
