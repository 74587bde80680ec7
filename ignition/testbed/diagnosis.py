# SPDX-License-Identifier: Apache-2.0
"""Recognises on console and journal what went wrong with a guest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ignition.base.printable import printable
from ignition.testbed.engine_failure import ProvisioningFailure, provisioning_failure
from ignition.testbed.report import Report, message
from ignition.testbed.results import Cause
from ignition.testbed.signs import (
    BOOT_LOADERS,
    CRASHES,
    EMERGENCIES,
    HANGS,
    PROBLEMS,
    SILENT,
    UNIT,
    Sign,
    without_stamp,
)


@dataclass(frozen=True)
class Problem:
    """Something that a machine survives. `line` is the message that says so."""

    cause: Cause
    line: str


@dataclass(frozen=True)
class Diagnosis:
    """What was found, None or empty if nothing was.

    crash         the kernel stopped or broke
    hang          the kernel did not get on for a long time
    provisioning  the engine stopped the boot
    emergency     the boot stopped for another reason
    no_boot       the machine never came to a kernel
    problems      what the machine survived
    failed_units  unit -> why it failed
    """

    crash: Cause | None = None
    hang: Cause | None = None
    provisioning: ProvisioningFailure | None = None
    emergency: Cause | None = None
    no_boot: Cause | None = None
    problems: tuple[Problem, ...] = ()
    failed_units: Mapping[str, str] | None = None


_DEVICE_TIMEOUT = re.compile(
    rf"Timed out waiting for device (?P<what>.+?)\.?$|(?P<unit>{UNIT}): Job .* timed out"
)
_FAILED_TO = re.compile(r"^(?:\[FAILED\] )?Failed to (?:start|mount|activate) (?P<what>.+?)\.?$")


def examine(console: str, report: Report | None = None) -> Diagnosis:
    """What console and journal say. `console` is plain text, without escape sequences."""
    lines = console.splitlines()
    journal = _journal(report)
    kernel = [*lines, *_messages(journal, "kernel")]
    everything = [*lines, *map(message, journal)]
    return Diagnosis(
        crash=next(_found(CRASHES, kernel), None),
        hang=next(_found(HANGS, kernel), None),
        provisioning=provisioning_failure(console, report),
        emergency=_emergency(lines, report),
        no_boot=_no_boot(lines),
        problems=_problems([*kernel, *_messages(journal, "systemd", "systemd-oomd")]),
        failed_units=_failed_units(everything, journal, report),
    )


def _journal(report: Report | None) -> list[dict[str, Any]]:
    return (report.journal or []) if report else []


def _messages(journal: Iterable[Mapping[str, Any]], *identifiers: str) -> list[str]:
    return [message(each) for each in journal if each.get("SYSLOG_IDENTIFIER") in identifiers]


def _found(signs: Iterable[Sign], lines: list[str]) -> Iterator[Cause]:
    for sign in signs:
        for line in lines:
            match = sign.pattern.match(line)
            if match:
                yield _cause(sign, match)
                break


def _cause(sign: Sign, match: re.Match[str]) -> Cause:
    groups = {name: (value or "another").strip() for name, value in match.groupdict().items()}
    return Cause(sign.code, printable(sign.text.format(**groups)), sign.hint)


def _problems(lines: list[str]) -> tuple[Problem, ...]:
    """One of each kind and process; a line is on the console and in the journal."""
    found: dict[tuple[str, str], Problem] = {}
    for line in lines:
        for sign in PROBLEMS:
            match = sign.pattern.match(without_stamp(line))
            if match:
                cause = _cause(sign, match)
                found.setdefault((cause.code, cause.text), Problem(cause, line))
    return tuple(found.values())


def _emergency(lines: list[str], report: Report | None) -> Cause | None:
    found = next(_found(EMERGENCIES, lines), None)
    if found is None and report is not None and report.state == "emergency":
        found = next(
            Cause(sign.code, sign.text, sign.hint) for sign in EMERGENCIES if sign.code == "IGN8416"
        )
    if found is None:
        return None
    why = _first_failure(lines, report)
    return Cause(found.code, f"{found.text}: {why}", found.hint) if why else found


def _first_failure(lines: list[str], report: Report | None) -> str:
    """The first thing that timed out or failed."""
    texts = [*map(message, _journal(report)), *map(without_stamp, lines)]
    for text in texts:
        match = _DEVICE_TIMEOUT.search(text)
        if match:
            return printable(f"{match['what'] or match['unit']} did not appear")
    for text in texts:
        match = _FAILED_TO.match(text.strip())
        if match:
            return printable(f"{match['what']} failed")
    return ""


def _no_boot(lines: list[str]) -> Cause | None:
    """Why no kernel started. A kernel with `quiet` says little, so any other line counts as one."""
    text = [line for line in lines if line.strip()]
    if not text:
        return SILENT
    if any(
        re.search(
            r"Linux version|systemd\[1\]|Welcome to |Booting initrd of |\] Reached target", line
        )
        for line in text
    ):
        return None
    return next(_found(BOOT_LOADERS, text), None)


_RESULT = re.compile(rf"^(?P<unit>{UNIT}): (?P<why>Failed with result .*|Main process exited.*)$")


def _failed_units(
    lines: Iterable[str], journal: Iterable[Mapping[str, Any]], report: Report | None
) -> dict[str, str]:
    """The units that are failed at the end, with the cause that systemd or the unit gives."""
    names = list(report.failed_units or ()) if report else []
    why: dict[str, str] = {}
    for text in lines:
        match = _RESULT.match(without_stamp(text))
        if match and not why.get(match["unit"], "").startswith("Main process"):
            why[match["unit"]] = match["why"].rstrip(".")
    said = {
        str(each.get("_SYSTEMD_UNIT")): message(each)
        for each in journal
        if each.get("SYSLOG_IDENTIFIER") != "systemd"
    }
    return {
        name: printable("; ".join(filter(None, (why.get(name, "failed"), said.get(name, "")))))
        for name in names
    }
