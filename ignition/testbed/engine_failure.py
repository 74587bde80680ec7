# SPDX-License-Identifier: Apache-2.0
"""Why provisioning failed, in the engine's own words; and the phases that a console shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from ignition.testbed.report import PHASES, Report, message
from ignition.testbed.signs import without_stamp


@dataclass(frozen=True)
class ProvisioningFailure:
    """What the engine said when it stopped. `code` is "" for Ignition; `where` is its origin as text.

    `codes` and `words` are those of the whole message, which may have several failures with findings."""

    phase: str
    code: str
    text: str
    where: str = ""
    hint: str = ""
    codes: tuple[str, ...] = ()
    words: str = ""


# systemd shortens names that are too long for a line: `ignition-fetch-of…etch`.
_SHORTENED = {"fetch-of": "fetch-offline"}
_PHASE_LINES = (
    re.compile(r"^ignition (?P<phase>[a-z][\w-]*): "),
    re.compile(r"Starting .*Ignition \((?P<phase>[a-z-]+)\)"),
    re.compile(rf"Starting ignition-(?P<phase>{'|'.join(PHASES)}|fetch-of)(?=[.…])"),
)
_MILESTONES = (
    (re.compile(r"Linux version |Booting Linux|Decompressing Linux"), "kernel"),
    (
        re.compile(
            r"systemd\[1\]: .*running in system mode|Welcome to .*(?i:initramfs|dracut)"
            r"|Booting initrd of "
        ),
        "initramfs",
    ),
    (
        re.compile(
            r"Starting (?:initrd-switch-root|Switch Root)|Switching root|Reached target .*initrd-switch-root"
        ),
        "switch root",
    ),
    (re.compile(r"Reached target (?:multi-user|graphical|.*Multi-User)"), "started"),
)


def phase_of(line: str) -> str:
    """The phase or milestone that a line of the console begins; "" for other lines."""
    for pattern in _PHASE_LINES:
        match = pattern.search(line)
        if match:
            return _SHORTENED.get(match["phase"], match["phase"])
    return next((name for pattern, name in _MILESTONES if pattern.search(line)), "")


def last_phase(console: str) -> str:
    """The last phase or milestone that the console shows; "firmware" if there is none."""
    return next(filter(None, map(phase_of, reversed(console.splitlines()))), "firmware")


_EXPLAINED = re.compile(r"^Ignition failed(?: in phase (?P<phase>[\w-]+))?:\s*$")
_ENGINE_FAILURE = re.compile(r"^\s{2}(?P<code>IGN\d{4})\s\s(?P<text>.*)$")
_DETAIL = re.compile(r"^\s{6,}\S.*$")
_DEEPER = re.compile(r"^\s{16,}\S")
_CODE = re.compile(r"^\s+(IGN\d{4})\s\s")
_FAILED_LINE = re.compile(r"^ignition ?(?P<phase>[\w-]*): FAILED (?P<code>IGN\d{4}) (?P<text>.*)$")
_IGNITIONS = re.compile(r"(?:CRITICAL\s*:\s*)?Ignition failed: (?P<text>.+)$")
_STAGE = re.compile(
    r"(?:Stage|ignition-|Ignition \()(?::? ?)(?P<phase>fetch-offline|fetch|kargs|disks|mount|files)"
)


def provisioning_failure(console: str, report: Report | None) -> ProvisioningFailure | None:
    """What the engine said when it stopped: in its failure file, on the console, in Ignition's log."""
    for text in (report.failure if report else "", console):
        found = _explained(text.splitlines())
        if found:
            return found
    journal = (report.journal or ()) if report else ()
    messages = [*map(message, journal), *console.splitlines()]
    return _ignitions(messages, console)


def _explained(lines: list[str]) -> ProvisioningFailure | None:
    """The first failure in the engine's explanation; its form is that of `engine.view.explain`."""
    for number, line in enumerate(lines):
        begun = _EXPLAINED.match(without_stamp(line))
        if begun:
            found = _explanation(begun["phase"] or "", lines[number + 1 :])
            if found:
                return found
    for line in lines:
        match = _FAILED_LINE.match(without_stamp(line))
        if match:
            return ProvisioningFailure(match["phase"], match["code"], match["text"].strip())
    return None


def _explanation(phase: str, lines: list[str]) -> ProvisioningFailure | None:
    head = _ENGINE_FAILURE.match(lines[0]) if lines else None
    if not head:
        return None
    block = list(takewhile(_belongs, lines))
    codes = tuple(match[1] for line in block if (match := _CODE.match(line)))
    first = list(takewhile(lambda line: not _ENGINE_FAILURE.match(line), block[1:]))
    where = next((text[3:] for line in first if (text := line.strip()).startswith("at ")), "")
    hints = (line.strip() for line in first if not _CODE.match(line) and not _DEEPER.match(line))
    hint = next((text for text in hints if not text.startswith("at ")), "")
    words = "\n".join(line.strip() for line in block)
    return ProvisioningFailure(phase, head["code"], head["text"].strip(), where, hint, codes, words)


def _belongs(line: str) -> bool:
    return bool(_ENGINE_FAILURE.match(line) or _DETAIL.match(line))


def _ignitions(messages: Iterable[str], console: str) -> ProvisioningFailure | None:
    stage = ""
    for text in messages:
        seen = _STAGE.search(text)
        stage = seen["phase"] if seen else stage
        match = _IGNITIONS.search(text)
        if match:
            return ProvisioningFailure(stage or last_phase(console), "", match["text"].strip())
    return None
