# SPDX-License-Identifier: Apache-2.0
"""What follows from systemd units: whether they are enabled and masked, that they work, and mounts."""

from __future__ import annotations

from ignition.config.model import Unit
from ignition.lint.unit_names import MOUNT, SOCKET, SWAP, unit_type
from ignition.lint.unit_text import UnitFiles, is_true
from ignition.testbed.expectations import model
from ignition.testbed.expectations.derivation.subject import Subject
from ignition.testbed.expectations.derivation.unittexts import unit_files

_WANTED_BY = ("WantedBy", "RequiredBy", "UpheldBy")
_STARTED_AT_BOOT = frozenset(
    f"{name}.target"
    for name in (
        *("default", "multi-user", "graphical", "basic", "sysinit", "local-fs", "remote-fs"),
        *("timers", "sockets", "paths", "swap", "network-online"),
    )
)
_STAYS_ACTIVE = frozenset((SOCKET, MOUNT, SWAP, ".timer", ".path", ".automount"))
"""Types whose units stay active once they are started. A service may end by itself."""
_WITHIN = 30.0
# Options that /proc/self/mountinfo shows under the name that one gives to mount.
_VISIBLE_OPTIONS = frozenset(
    ["ro", "rw", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "sync"]
)


def derive(subject: Subject) -> tuple[list[model.Unit], list[model.Mount]]:
    """Units, and the mounts that enabled mount units make."""
    units: list[model.Unit] = []
    mounts: list[model.Mount] = []
    for index, unit in enumerate(subject.config.systemd.units):
        place = subject.place("systemd", "units", index)
        files = unit_files(unit)
        found = _unit(subject, unit, files, model.Unit(place=place, name=unit.name))
        if found is not None:
            units.append(found)
            if found.active and files.kind == MOUNT:
                mounts += _mount(subject, files, found)
    return units, mounts


def _unit(subject: Subject, unit: Unit, files: UnitFiles, base: model.Unit) -> model.Unit | None:
    place, name = base.place, base.name
    if unit.mask:
        return model.Unit(place=place, name=name, masked=True)
    masked = unit.mask
    before, at, instance = name.rpartition(".")[0].partition("@")
    if at and not instance:
        return _template(subject, unit, files, base)
    failed = False if unit.enabled or files.texts else None
    if unit.enabled is False:
        if at:
            subject.note(f"{name}: enabled: false has no effect on an instance of {before}@")
            return _or_none(model.Unit(place=place, name=name, masked=masked, failed=failed))
        return model.Unit(place=place, name=name, masked=masked, enabled=False, failed=failed)
    enabled = _is_enabled(subject, unit, files)
    active = True if enabled and _stays_active(files) else None
    return _or_none(
        model.Unit(
            place=place,
            name=name,
            masked=masked,
            enabled=enabled,
            active=active,
            within=_WITHIN if active else 0,
            failed=failed,
        )
    )


def _or_none(unit: model.Unit) -> model.Unit | None:
    """None for a unit of which nothing is expected."""
    states = (unit.masked, unit.enabled, unit.active, unit.failed)
    return None if states == (None,) * len(states) else unit


def _template(
    subject: Subject, unit: Unit, files: UnitFiles, base: model.Unit
) -> model.Unit | None:
    """A template has no state of its own; it can be enabled if it has a default instance."""
    if unit.enabled and files.last("Install", "DefaultInstance"):
        return model.Unit(place=base.place, name=base.name, masked=unit.mask, enabled=True)
    if unit.enabled is not None:
        subject.note(f"{base.name}: a template without default instance is neither on nor off")
    return _or_none(model.Unit(place=base.place, name=base.name, masked=unit.mask))


def _is_enabled(subject: Subject, unit: Unit, files: UnitFiles) -> bool | None:
    if not unit.enabled:
        return None
    if files.main is None:
        return True
    if any(files.values("Install", name) for name in (*_WANTED_BY, "Alias")):
        return True
    subject.note(f"{unit.name}: enabled has no effect, since no [Install] section says by what")
    return None


def _stays_active(files: UnitFiles) -> bool:
    """Whether the unit is started at boot without a condition, and then stays active."""
    if files.main is None:
        return False
    settings = [setting for text in files.texts for setting in text.settings]
    if any(setting.name.startswith(("Condition", "Assert")) for setting in settings):
        return False
    targets = {
        target
        for name in _WANTED_BY
        for setting in files.values("Install", name)
        for target in setting.value.split()
    }
    if not targets & _STARTED_AT_BOOT:
        return False
    remains = files.last("Service", "Type") == "oneshot" and is_true(
        files.last("Service", "RemainAfterExit")
    )
    return remains or unit_type(files.name) in _STAYS_ACTIVE


def _mount(subject: Subject, files: UnitFiles, unit: model.Unit) -> list[model.Mount]:
    where, what, kind = (files.last("Mount", name) for name in ("Where", "What", "Type"))
    options = files.last("Mount", "Options").split(",")
    if not where.startswith("/") or "%" in where:
        subject.note(f"{unit.name}: its mount point is only known to systemd")
        return []
    if "noauto" in options:
        return []
    visible = tuple(option for option in options if option in _VISIBLE_OPTIONS)
    return [
        model.Mount(
            place=unit.place,
            path=where.rstrip("/") or "/",
            device=what if what.startswith("/dev/") and "%" not in what else None,
            type=kind if kind and kind != "auto" and "%" not in kind else None,
            options=visible,
        )
    ]
