# SPDX-License-Identifier: Apache-2.0
"""systemd units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ignition.testbed.checks.subject import Subject, tail
from ignition.testbed.expectations.model import Unit
from ignition.testbed.facts import integer
from ignition.testbed.report import UNIT_STARTED, Report
from ignition.testbed.results import Check

ENABLED = frozenset(
    ("enabled", "enabled-runtime", "static", "indirect", "alias", "generated", "transient")
)
"""The states for which `systemctl is-enabled` exits 0."""
NOT_DISABLED = frozenset(("enabled", "enabled-runtime", "alias", "generated", "transient"))
"""Those in which something starts the unit at boot."""
MASKED = frozenset(("masked", "masked-runtime"))
SLACK = 1.5
"""Seconds between the moment when the default target is reached and when the reporter sees it."""


def unit(item: Unit, report: Report) -> Iterator[Check]:
    subject = Subject(f"unit {item.name}", item.place)
    facts = (report.units or {}).get(item.name)
    if facts is None:
        for prop in _wanted(item):
            yield subject.undecided(prop, "the guest did not report this unit")
        return
    present = _present(facts)
    if item.exists is not None or (present is False and _must_exist(item)):
        yield _exists(subject, item.exists is not False, present)
        if item.exists is not False and present is False:
            return
    if item.enabled is not None:
        yield _enabled(subject, item.enabled, facts)
    if item.masked is not None:
        yield _masked(subject, item.masked, facts)
    if item.active is not None:
        yield _active(subject, item, facts, report)
    if item.failed is not None:
        yield _failed(subject, item, facts, report)


def _wanted(item: Unit) -> list[str]:
    props = ("exists", "enabled", "masked", "active", "failed")
    return [prop for prop in props if getattr(item, prop) is not None]


def _must_exist(item: Unit) -> bool:
    """A misspelt unit is not failed, and not disabled either: that alone must not pass."""
    return any((item.enabled, item.masked, item.active, item.failed is not None))


def _present(facts: Mapping[str, str]) -> bool | None:
    """None if the report does not say."""
    load = facts.get("LoadState")
    if load is not None:
        return load != "not-found"
    state = facts.get("UnitFileState")
    return None if state is None else state != "not-found"


def _exists(subject: Subject, wanted: bool, found: bool | None) -> Check:
    words = {True: "present", False: "not found"}
    if found is None:
        return subject.undecided("exists", "the guest did not report it", words[wanted])
    return subject.check("exists", wanted == found, words[wanted], words[found])


def _enabled(subject: Subject, wanted: bool, facts: Mapping[str, str]) -> Check:
    expected = "enabled" if wanted else "not enabled"
    state = "not found" if _present(facts) is False else facts.get("UnitFileState")
    if state is None or (not state and "ActiveState" not in facts):
        return subject.undecided("enabled", "the guest did not report it", expected)
    right = state in ENABLED if wanted else state not in NOT_DISABLED
    detail = ""
    if state == "disabled" and wanted:
        detail = "no symlink in a .wants or .requires folder: does the unit have [Install]?"
    return subject.check("enabled", right, expected, state or "without a unit file", detail)


def _masked(subject: Subject, wanted: bool, facts: Mapping[str, str]) -> Check:
    expected = "masked" if wanted else "not masked"
    states = [facts[key] for key in ("LoadState", "UnitFileState") if facts.get(key)]
    if not states:
        return subject.undecided("masked", "the guest did not report it", expected)
    is_masked = not MASKED.isdisjoint(states)
    return subject.check(
        "masked", wanted == is_masked, expected, "masked" if is_masked else states[-1]
    )


def _active(subject: Subject, item: Unit, facts: Mapping[str, str], report: Report) -> Check:
    expected = "active" if item.active else "not active"
    if item.active and item.within > 0:
        expected += f" within {item.within:g} s"
    state = facts.get("ActiveState")
    if state is None:
        return subject.undecided("active", "only a booted machine can tell", expected)
    is_active = state in ("active", "reloading", "refreshing")
    shown = _state(item.name, facts, report)
    if not item.active:
        return subject.check("active", not is_active, expected, shown)
    late = _late(item, facts, report) if is_active else None
    if late is not None:
        return subject.check("active", False, expected, f"active after {late:.1f} s")
    detail = "" if is_active else _why_inactive(item.name, facts, report)
    return subject.check("active", is_active, expected, shown, detail)


def _late(item: Unit, facts: Mapping[str, str], report: Report) -> float | None:
    """The seconds that the unit took if they were too many."""
    entered = integer(facts.get("ActiveEnterTimestampMonotonic"))
    if item.within <= 0 or not entered or report.reached is None:
        return None
    seconds = entered / 1e6 - report.reached
    return seconds if seconds > item.within + SLACK else None


def _why_inactive(name: str, facts: Mapping[str, str], report: Report) -> str:
    if _has_finished(name, facts, report):
        return (
            "it has run and ended. Set RemainAfterExit=yes in [Service] to keep it active, or expect"
            " `failed: false` instead of `active: true`"
        )
    if facts.get("LoadState") == "masked":
        return "it is masked"
    if facts.get("ConditionResult") == "no" and facts.get("ActiveState") == "inactive":
        return "a condition of the unit was not met, or nothing started it"
    return tail(report.log(name))


def _has_finished(name: str, facts: Mapping[str, str], report: Report) -> bool:
    """Whether a oneshot service, or one that exits by itself, was successful and ended.

    systemd forgets when a service ended that nothing refers to. Then the journal knows that it was started.
    """
    if facts.get("ActiveState") != "inactive" or facts.get("Result") != "success":
        return False
    if integer(facts.get("ExecMainExitTimestampMonotonic")):
        return True
    entries = (entry for entry in report.journal or () if entry.get("UNIT") == name)
    return any(entry.get("MESSAGE_ID") == UNIT_STARTED for entry in entries)


def _failed(subject: Subject, item: Unit, facts: Mapping[str, str], report: Report) -> Check:
    expected = "failed" if item.failed else "not failed"
    state = facts.get("ActiveState")
    if state is None:
        return subject.undecided("failed", "only a booted machine can tell", expected)
    right = (state == "failed") == item.failed
    shown = _state(item.name, facts, report)
    return subject.check("failed", right, expected, shown, tail(report.log(item.name)))


def _state(name: str, facts: Mapping[str, str], report: Report) -> str:
    """As systemctl status says it, with the result of what has ended."""
    shown = f"{facts.get('ActiveState')} ({facts.get('SubState', '')})"
    result = facts.get("Result", "")
    if facts.get("ActiveState") == "failed":
        status = facts.get("ExecMainStatus", "0")
        return f"{shown}, result {result}" + (f", status {status}" if status != "0" else "")
    return f"{shown}, result success" if _has_finished(name, facts, report) else shown
