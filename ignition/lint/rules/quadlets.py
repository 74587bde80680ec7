# SPDX-License-Identifier: Apache-2.0
"""Quadlet files, from which podman generates units at boot. Source: podman-systemd.unit(5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ignition.lint import quadlet_keys
from ignition.lint.inventory import QUADLET_DIRECTORIES
from ignition.lint.rule import LintRule
from ignition.lint.typos import KnownNames
from ignition.lint.unit_text import Setting, UnitText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

NO_QUADLET_SECTION = LintRule(
    "IGN1941",
    "required section is missing: podman generates no unit from this file",
    hint="add the section that matches the suffix of the file",
)
"""A `.container` file needs a `[Container]` section, a `.volume` file a `[Volume]` section, and so on."""

INCOMPLETE_QUADLET = LintRule(
    "IGN1942",
    "required setting is missing: podman generates no unit from this file",
    hint="add Image= (container, image), Yaml= (kube) or ImageTag= (build)",
)
"""podman rejects the file, so the service that it describes does not exist."""

UNKNOWN_QUADLET = LintRule(
    "IGN1943",
    "unknown quadlet file",
    hint="add the file to /etc/containers/systemd, or remove the suffix to refer to an existing object",
)
"""With the suffix, as in `Network=web.network`, the value refers to a quadlet file. If that file does not
exist, podman rejects the file that refers to it."""

MISSPELT_QUADLET_SETTING = LintRule(
    "IGN1944",
    "unknown quadlet setting, probably misspelt",
    hint="fix the name",
)
"""podman rejects a quadlet file with an unknown setting. Because newer versions add settings, only names that
are one typo away from a known one are reported."""

STRAY_QUADLET_LINE = LintRule(
    "IGN1945",
    "neither a setting nor a section header",
    hint="write NAME=VALUE in a section; start comments with #",
)
"""podman rejects the whole file."""

_IN_HOME = "/.config/containers/systemd/"
_REQUIRED = {
    "Container": ("Image", "Rootfs"),
    "Kube": ("Yaml",),
    "Image": ("Image",),
    "Build": ("ImageTag",),
}
_REFERENCES = {
    ("Container", "Network"): ".network",
    ("Container", "Volume"): ".volume",
    ("Container", "Pod"): ".pod",
    ("Pod", "Network"): ".network",
    ("Pod", "Volume"): ".volume",
    ("Kube", "Network"): ".network",
}
_KNOWN = {section: KnownNames(names) for section, names in quadlet_keys.SECTIONS.items()}
_PLAIN_NAME = re.compile(r"[\w.@-]+")


def check(subject: Subject) -> Iterator[Violation]:
    for file in subject.files:
        section = section_of(file.target)
        if not section or len(file.bodies) != 1:
            continue
        text = file.bodies[0].text(file.target)
        if text is not None:
            yield from _quadlet(subject, UnitText(text), section)


def section_of(path: str) -> str:
    """The section that a quadlet file at this path must have; "" if it is not a quadlet file."""
    if not path.startswith(QUADLET_DIRECTORIES) and _IN_HOME not in path:
        return ""
    section = path.rpartition(".")[2].capitalize()
    return section if section in quadlet_keys.SECTIONS else ""


def _quadlet(subject: Subject, text: UnitText, section: str) -> Iterator[Violation]:
    embedded = text.embedded
    header = next((each for each in text.headers if each.name == section), None)
    for span in text.stray:
        yield STRAY_QUADLET_LINE.inside(embedded, span)
    if header is None:
        message = f"section [{section}] is missing: podman generates no unit from this file"
        yield NO_QUADLET_SECTION.inside(embedded, (0, 0), message)
        return
    required = _REQUIRED.get(section, ())
    if required and not any(text.values(section, name) for name in required):
        message = f"{required[0]}= is missing: podman generates no unit from this file"
        yield INCOMPLETE_QUADLET.inside(embedded, header.span, message)
    for setting in text.settings:
        if setting.section == section:
            found = _setting(subject, text, setting)
            if found:
                yield found


def _setting(subject: Subject, text: UnitText, setting: Setting) -> Violation | None:
    section, name = setting.section, setting.name
    if name not in _KNOWN[section]:
        near = _KNOWN[section].closest(name)
        if near:
            message = f"unknown setting {name} in section [{section}]"
            hint = f"did you mean {near}?"
            return MISSPELT_QUADLET_SETTING.inside(text.embedded, setting.name_span, message, hint)
    suffix = _REFERENCES.get((section, name))
    target = setting.value.partition(":")[0]
    if (
        suffix
        and subject.inventory.complete
        and target.endswith(suffix)
        and _PLAIN_NAME.fullmatch(target)
        and target not in subject.inventory.quadlets
    ):
        message = f"unknown quadlet file {target}"
        return UNKNOWN_QUADLET.inside(text.embedded, setting.value_span, message)
    return None
