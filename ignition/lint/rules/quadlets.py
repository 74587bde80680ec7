# SPDX-License-Identifier: Apache-2.0
"""Quadlet files, from which podman makes services at boot. Source: podman-systemd.unit(5)."""

from __future__ import annotations

import re

from ignition.lint import quadlet_keys
from ignition.lint.rule import LintRule
from ignition.lint.typos import KnownNames
from ignition.lint.unit_text import Setting, UnitText

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

NO_QUADLET_SECTION = LintRule(
    "IGN1941",
    "the section that makes this a quadlet file is missing: podman makes no unit from it",
    hint="add the section that belongs to the name of the file",
)
"""A `.container` file has a section `[Container]`, a `.volume` file `[Volume]`, and so on."""

INCOMPLETE_QUADLET = LintRule(
    "IGN1942",
    "the setting that says what to run is missing: podman makes no unit from this file",
    hint="add Image= (container, image), Yaml= (kube), ImageTag= (build)",
)
"""podman refuses such a file, and the service that was to come from it does not exist."""

UNKNOWN_QUADLET = LintRule(
    "IGN1943",
    "the config has no quadlet file of this name",
    hint="add the file under /etc/containers/systemd, or leave the suffix out to name the object itself",
)
"""A network, volume or pod that is named with its suffix, as in `Network=web.network`, stands for the
quadlet file of that name. If there is none, podman refuses the file that names it."""

MISSPELT_QUADLET_SETTING = LintRule(
    "IGN1944",
    "podman does not know this setting, but one with nearly this name",
    hint="correct the name",
)
"""podman refuses a quadlet file with a setting that it does not know. Only names that are one slip away
from a known one are reported, since newer versions know more."""

STRAY_QUADLET_LINE = LintRule(
    "IGN1945",
    "neither a setting nor a section",
    hint="write NAME=VALUE below a section; begin comments with #",
)
"""podman refuses the whole file."""

_FOLDERS = ("/etc/containers/systemd/", "/usr/share/containers/systemd/")
_IN_HOME = "/.config/containers/systemd/"
_NEEDS = {
    "Container": ("Image", "Rootfs"),
    "Kube": ("Yaml",),
    "Image": ("Image",),
    "Build": ("ImageTag",),
}
_REFERS = {
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
    """The section that a quadlet file at this path is about; "" if it is none."""
    if not path.startswith(_FOLDERS) and _IN_HOME not in path:
        return ""
    section = path.rpartition(".")[2].capitalize()
    return section if section in quadlet_keys.SECTIONS else ""


def _quadlet(subject: Subject, text: UnitText, section: str) -> Iterator[Violation]:
    embedded = text.embedded
    header = next((each for each in text.headers if each.name == section), None)
    for span in text.stray:
        yield STRAY_QUADLET_LINE.inside(embedded, span)
    if header is None:
        message = f"there is no section [{section}]: podman makes no unit from this file"
        yield NO_QUADLET_SECTION.inside(embedded, (0, 0), message)
        return
    needs = _NEEDS.get(section, ())
    if needs and not any(text.values(section, name) for name in needs):
        message = f"{needs[0]}= is missing: podman makes no unit from this file"
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
            message = f"podman does not know {name} in [{section}]"
            hint = f"perhaps {near} is meant"
            return MISSPELT_QUADLET_SETTING.inside(text.embedded, setting.name_span, message, hint)
    suffix = _REFERS.get((section, name))
    target = setting.value.partition(":")[0]
    if (
        suffix
        and subject.inventory.complete
        and target.endswith(suffix)
        and _PLAIN_NAME.fullmatch(target)
        and target not in subject.inventory.quadlets
    ):
        message = f"the config has no quadlet file {target}"
        return UNKNOWN_QUADLET.inside(text.embedded, setting.value_span, message)
    return None
