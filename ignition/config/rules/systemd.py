# SPDX-License-Identifier: Apache-2.0
"""Units and drop-ins, and the paths that they take. All spec versions."""

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
    hint="write the text in one place: under systemd.units, or as a file",
)
"""A unit or drop-in with contents is a file itself, and two entries would write it."""

UNIT_EXTENSION = Rule(
    "IGN1902",
    "invalid systemd unit extension",
    hint="end the name in .service, .socket, .mount, .timer or another type of unit, in lower case",
)
"""systemd knows the type of a unit by the end of its name."""

DROPIN_EXTENSION = Rule(
    "IGN1903",
    "invalid systemd drop-in extension",
    hint="end the name in .conf",
)
"""systemd reads no other files in the folder of a unit's drop-ins."""

BAD_CONTENTS = Rule(
    "IGN1904",
    "invalid unit content",
    hint="check sections, the = of each option, and lines that end in a backslash",
)
"""What cannot be read as a unit would be ignored or refused by systemd, long after provisioning."""

NOTHING_TO_ENABLE = Rule(
    "IGN1905",
    "unit is enabled, but has no install section so enable does nothing",
    hint="add an [Install] section with WantedBy=, or leave enabled out",
    severity=WARNING,
)
"""Enabling makes the links that the Install section asks for. A section without options asks for none."""

TEMPLATE_NOT_ENABLED = Rule(
    "IGN1906",
    "template unit doesn't have Install section",
    hint="add an [Install] section with WantedBy= to the template",
    severity=WARNING,
)
"""An instance is enabled by the Install section of its template."""

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
_FOLDER = "/etc/systemd/system/"


def check_unit_paths(config: dict[str, Any]) -> Iterator[RuleFinding]:
    """Nodes at the path of a unit or drop-in of the same config; paths from the top of the config."""
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
            paths.add(_FOLDER + name)
        for dropin in unit.get("dropins", ()):
            if dropin.get("contents"):
                paths.add(f"{_FOLDER}{name}.d/{dropin.get('name', '')}")
    return paths


def check_systemd(value: dict[str, Any]) -> Iterator[RuleFinding]:
    """Rules of `$.systemd`: instances and their templates, then each unit with its drop-ins."""
    units = value.get("units", ())
    texts = _Texts()
    yield from _templates(units, texts)
    for index, unit in enumerate(units):
        for finding in _unit(unit, texts):
            yield finding.with_prefix("units", index)
        for number, dropin in enumerate(unit.get("dropins", ())):
            if fault := texts.fault(dropin.get("contents", "")):
                yield fault.at("units", index, "dropins", number, "contents")
            if _extension(dropin.get("name", "")) != ".conf":
                yield DROPIN_EXTENSION.at("units", index, "dropins", number, "name")


class _Texts:
    """Contents of units, each parsed once; drop-ins are often all the same."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, bool]] = {}

    def _read(self, text: str) -> tuple[str, bool]:
        known = self._known.get(text)
        if known is None:
            try:
                options = unitfile.parse(text)
            except unitfile.UnitError as error:
                known = str(error), False
            else:
                known = "", any(section == "Install" for section, _, _ in options)
            self._known[text] = known
        return known

    def fault(self, text: str) -> Rule | None:
        problem = self._read(text)[0]
        return BAD_CONTENTS.with_message(f"invalid unit content: {problem}") if problem else None

    def lacks_install(self, text: str) -> bool:
        """Whether text is a unit that has nothing to enable; an empty one is no unit."""
        return bool(text) and self._read(text) == ("", False)


def _templates(units: list[dict[str, Any]], texts: _Texts) -> Iterator[RuleFinding]:
    contents = {unit.get("name", ""): unit.get("contents", "") for unit in units}
    for index, unit in enumerate(units):
        if not unit.get("enabled"):
            continue
        name = unit.get("name", "")
        template = _template_of(name)
        if template and texts.lacks_install(contents.get(template, "")):
            yield TEMPLATE_NOT_ENABLED.with_message(
                f"template unit {quote(template)} for {quote(name)} doesn't have Install section"
            ).at("units", index, "contents")


def _template_of(name: str) -> str:
    """`a@.service` for `a@b.service`; empty for a name that is no instance of a service."""
    at = name.find("@", 1)
    if (
        at < 0
        or not name.endswith(".service")
        or len(name) <= at + 1 + len(".service")
        or "\n" in name
    ):
        return ""
    return name[:at] + "@.service"


def _unit(value: dict[str, Any], texts: _Texts) -> Iterator[RuleFinding]:
    name, contents = value.get("name", ""), value.get("contents", "")
    if _extension(name) not in _UNIT_TYPES:
        yield UNIT_EXTENSION.at("name")
    if fault := texts.fault(contents):
        yield fault.at("contents")
    elif value.get("enabled") and texts.lacks_install(contents):
        yield NOTHING_TO_ENABLE.with_message(
            f"unit {quote(name)} is enabled, but has no install section so enable does nothing"
        ).at("contents")


def _extension(name: str) -> str:
    """The last dot of the last part of a path, and what follows, as Go's path.Ext."""
    dot = name.rfind(".")
    return name[dot:] if dot > name.rfind("/") else ""
