# SPDX-License-Identifier: Apache-2.0
"""From what a machine did to the verdict on its case. Nothing here starts or reads anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ignition.base.origin import Origin
from ignition.base.printable import printable
from ignition.config import document
from ignition.lint.refusals import config_codes
from ignition.testbed import diagnosis
from ignition.testbed.diagnosis import Diagnosis
from ignition.testbed.engine_failure import ProvisioningFailure, last_phase
from ignition.testbed.expectations.model import Expectations, ExpectedFailure, JournalLine
from ignition.testbed.report import Report
from ignition.testbed.results import Cause, Check, Status, Verdict

MULTI_USER, EMERGENCY, NOTHING = "multi-user", "emergency", "nothing"


@dataclass(frozen=True)
class Boot:
    """What is known of one power-on. `report` is empty if the guest did not report, or cannot."""

    console: str
    seconds: float
    timed_out: bool
    report: Report
    reports: bool = True

    @property
    def reached(self) -> str:
        """How far the machine came: MULTI_USER, EMERGENCY or NOTHING."""
        if self.report.state:
            return EMERGENCY if self.report.state == "emergency" else MULTI_USER
        if not self.reports and last_phase(self.console) == "started":
            return MULTI_USER
        return NOTHING


@dataclass(frozen=True)
class Promise:
    """What the engine promises under a fault: `stops` are the codes with which it may stop, `may_succeed`
    whether the machine may come up instead."""

    text: str
    stops: tuple[str, ...]
    may_succeed: bool = True


@dataclass(frozen=True)
class Outcome:
    """A verdict with its grounds."""

    verdict: Verdict
    cause: Cause | None = None
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What is asked of a machine. `config` and `data`: its config, for the lines of causes. `wrapped`: it
    came inside of another config, with the reporter."""

    config: str
    data: bytes
    expectations: Expectations
    promise: Promise | None = None
    limit: float = 600
    wrapped: bool = False


def decide(
    question: Question, boot: Boot, checks: Sequence[Check], *, first: bool = True
) -> Outcome:
    """The verdict on one boot. `checks`: what was expected and found, for a machine that can be judged."""
    found = diagnosis.examine(boot.console, boot.report)
    notes = tuple(_notes(found, checks))
    if question.expectations.failure is not None and first:
        return _expected_failure(question, question.expectations.failure, boot, found)
    if found.crash is not None:
        return Outcome(Verdict.CRASHED, found.crash, notes=notes)
    if found.provisioning is not None and boot.reached != MULTI_USER:
        return _stopped(question, found.provisioning, notes)
    if boot.timed_out:
        return _timeout(question, boot, found, notes)
    if boot.reached != MULTI_USER:
        return _did_not_come_up(question, boot, found, checks, notes, first=first)
    return _came_up(question, found, checks, notes)


def _came_up(
    question: Question, found: Diagnosis, checks: Sequence[Check], notes: tuple[str, ...]
) -> Outcome:
    """The machine runs: is it as expected?"""
    if question.promise is not None and not question.promise.may_succeed:
        text = f"the machine came up under a fault for which {question.promise.text}"
        cause = Cause("IGN8424", text)
        return Outcome(Verdict.EXPECTATION_FAILED, cause, tuple(checks), notes)
    failed = [check for check in checks if check.status is Status.FAILED]
    if failed:
        notes = (*notes, *(f"{each.cause.code}: {each.cause.text}" for each in found.problems))
        return Outcome(Verdict.EXPECTATION_FAILED, failed_checks(checks), tuple(checks), notes)
    for problem in found.problems:
        if not _allowed(problem.line, question.expectations):
            same = (each.line for each in found.problems if each.cause.code == problem.cause.code)
            place = place_of_unit("\n".join(same), question)
            cause = replace(problem.cause, place=place)
            return Outcome(Verdict.EXPECTATION_FAILED, cause, tuple(checks), notes)
    undecided = sum(check.status is Status.NOT_DECIDED for check in checks)
    if undecided and undecided == len(checks):
        notes = (*notes, "none of the expectations could be decided: the machine came up, no more")
    return Outcome(Verdict.PASSED, None, tuple(checks), notes)


def failed_checks(checks: Sequence[Check]) -> Cause:
    """The cause for failed checks: the first of them, and how many there are."""
    failed = [check for check in checks if check.status is Status.FAILED]
    first = failed[0]
    what = f"{first.subject}: {first.prop}" if first.prop else first.subject
    parts = [f"expected {first.expected}"] if first.expected else []
    parts.append(f"found {first.found or 'nothing'}")
    more = f"; {len(failed) - 1} more of {len(checks)} checks failed" if len(failed) > 1 else ""
    text = printable(f"{what}: {', '.join(parts)}{more}")
    return Cause("IGN8426", text, place=first.place)


def _allowed(line: str, expectations: Expectations) -> bool:
    """Whether the author expects this very message in the journal."""
    return any(
        isinstance(item, JournalLine) and item.exists and re.search(item.matches, line)
        for item in expectations.items
    )


def _notes(found: Diagnosis, checks: Iterable[Check]) -> Iterable[str]:
    if found.hang is not None:
        yield f"{found.hang.code}: {found.hang.text}; {found.hang.hint}"
    judged = {check.subject for check in checks}
    for unit, why in (found.failed_units or {}).items():
        the_cause = found.provisioning is not None and unit.startswith("ignition-")
        if not the_cause and f"unit {unit}" not in judged:
            yield f"{unit} failed in the guest ({why}); nothing is expected of it"


# -- the machine did not come up ---------------------------------------------------------------------------


def _stopped(question: Question, failure: ProvisioningFailure, notes: tuple[str, ...]) -> Outcome:
    """The engine stopped the boot. Under a fault that may be what it promises."""
    cause = provisioning_cause(question, failure)
    if any(code in config_codes() for code in (failure.code, *failure.codes)):
        return Outcome(Verdict.REFUSED, cause, notes=notes)
    if question.promise is None:
        return Outcome(Verdict.PROVISIONING_FAILED, cause, notes=notes)
    if failure.code and failure.code in question.promise.stops:
        said = f"the engine stopped with {cause.code} ({cause.text}), as it promises for this fault"
        return Outcome(Verdict.PASSED, notes=(*notes, said))
    broken = f"the engine did not keep its promise for this fault: {question.promise.text}"
    return Outcome(Verdict.PROVISIONING_FAILED, cause, notes=(*notes, broken))


def provisioning_cause(question: Question, failure: ProvisioningFailure) -> Cause:
    """The engine's own words, and the line of the author's config."""
    place = place_in_config(failure.where, question.config, question.data, wrapped=question.wrapped)
    phase = f"phase {failure.phase}: " if failure.phase else ""
    return Cause(
        failure.code or "IGN8427", printable(f"{phase}{failure.text}"), failure.hint, place
    )


_INLINE = "config inline in "
_WRAPPED = "/ignition/config/merge/0"
"""Where the author's config is in one with the reporter."""
_LINE = re.compile(r":(\d+):(\d+)$")


def place_in_config(
    where: str, config: str, data: bytes, *, wrapped: bool = False
) -> Origin | None:
    """The author's line for an origin that the engine printed; None if it names no place.

    The engine calls the config by the way it came; any origin that is not a URL or a path of the machine
    means the author's config. For a part of a config in a data URL it is the line of the URL. `wrapped`: the
    machine got the config inside of another one, with the reporter.
    """
    if not where:
        return None
    source, *rest = where.split(": /")
    line, column = 0, 0
    for text in (source, *rest):
        match = _LINE.search(text)
        line, column = (int(match[1]), int(match[2])) if match else (line, column)
    source = _LINE.sub("", source)
    pointers = [_LINE.sub("", f"/{text}") for text in rest]
    while source.startswith(_INLINE):
        source = source.removeprefix(_INLINE)
    if source.startswith("/") or re.match(r"(?!data:)[a-z0-9+]+://", source):
        return Origin(source, pointers[-1] if pointers else "", line, column)
    if wrapped and pointers[:1] == [_WRAPPED]:
        pointers = pointers[1:]
    pointer = pointers[0] if pointers else ""
    found = _position(pointer, config, data)
    return Origin(config, pointer, *(found or (line, column)))


def place_of_unit(text: str, question: Question) -> Origin | None:
    """The line of the first unit of the config that a message names."""
    try:
        units = json.loads(question.data)["systemd"]["units"]
        names = [unit["name"] for unit in units]
    except (ValueError, LookupError, TypeError):
        return None
    words = {word.strip(":.") for word in re.findall(r"[\w@:.\\-]+", text)}
    for index, name in enumerate(names):
        if name in words:
            pointer = f"/systemd/units/{index}/name"
            found = _position(pointer, question.config, question.data)
            return Origin(question.config, pointer, *(found or (0, 0)))
    return None


def _position(pointer: str, config: str, data: bytes) -> tuple[int, int] | None:
    """Line and column of the value that a JSON pointer names, or of the nearest part that exists."""
    if not pointer:
        return None
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    path = tuple(int(step) if step.isdigit() else step for step in steps)
    try:
        return document.parse(data, config).position(path)
    except Exception:  # not a config: there are no lines to name
        return None


def _timeout(question: Question, boot: Boot, found: Diagnosis, notes: tuple[str, ...]) -> Outcome:
    if found.emergency is not None:
        return Outcome(Verdict.CRASHED, found.emergency, notes=notes)
    if found.no_boot is not None and boot.console.strip():
        return Outcome(Verdict.HOST_PROBLEM, found.no_boot, notes=notes)
    phase = last_phase(boot.console)
    where = found.no_boot.text if found.no_boot else f"it is in {_spoken(phase)}"
    text = f"the machine was not done after {question.limit:g} s: {where}"
    hint = (
        found.no_boot.hint
        if found.no_boot
        else "console.log has its last words; or raise --timeout"
    )
    return Outcome(Verdict.TIMEOUT, Cause("IGN8423", text, hint), notes=notes)


def _spoken(phase: str) -> str:
    fixed = {
        "firmware": "the firmware or boot loader",
        "kernel": "the kernel",
        "initramfs": "the initramfs, before any phase of the engine",
        "switch root": "the change from the initramfs to the real root",
        "started": "the booted system, which did not report",
    }
    return fixed.get(phase, f"phase {phase}")


def _did_not_come_up(
    question: Question,
    boot: Boot,
    found: Diagnosis,
    checks: Sequence[Check],
    notes: tuple[str, ...],
    *,
    first: bool,
) -> Outcome:
    if found.emergency is not None:
        failed = [check for check in checks if check.status is Status.FAILED]
        place = failed[0].place if failed else place_of_unit(found.emergency.text, question)
        cause = replace(found.emergency, place=place)
        return Outcome(Verdict.CRASHED, cause, tuple(checks), notes)
    if found.no_boot is not None:
        verdict = Verdict.HOST_PROBLEM if first else Verdict.CRASHED
        return Outcome(verdict, found.no_boot, notes=notes)
    text = f"the guest went off without a report, in {_spoken(last_phase(boot.console))}"
    hint = "a unit may have powered it off, or it restarted: console.log has its last words"
    return Outcome(Verdict.CRASHED, Cause("IGN8422", text, hint), notes=notes)


# -- a failure that is expected ----------------------------------------------------------------------------


def _expected_failure(
    question: Question, expected: ExpectedFailure, boot: Boot, found: Diagnosis
) -> Outcome:
    """Passed if provisioning failed as the author said."""
    if found.provisioning is None:
        if found.crash is not None:
            return Outcome(Verdict.CRASHED, found.crash)
        if boot.reached == MULTI_USER:
            check = Check(
                "provisioning",
                "",
                Status.FAILED,
                expected.place,
                "a failure",
                "the machine came up",
            )
            text = "provisioning was expected to fail, but the machine came up"
            cause = Cause("IGN8424", text, place=expected.place)
            return Outcome(Verdict.EXPECTATION_FAILED, cause, (check,))
        if boot.timed_out and found.emergency is None:
            return _timeout(question, boot, found, ())
        if found.emergency is None:
            return _did_not_come_up(question, boot, found, (), (), first=True)
    failure = found.provisioning or ProvisioningFailure(
        last_phase(boot.console), "", found.emergency.text if found.emergency else ""
    )
    checks = tuple(_compare(expected, failure))
    if any(check.status is Status.FAILED for check in checks):
        cause = provisioning_cause(question, failure)
        text = f"provisioning failed otherwise than expected: {cause.code} {cause.text}"
        return Outcome(
            Verdict.EXPECTATION_FAILED, Cause("IGN8425", text, place=expected.place), checks
        )
    return Outcome(Verdict.PASSED, None, checks)


def _compare(expected: ExpectedFailure, failure: ProvisioningFailure) -> Iterable[Check]:
    """One check for each property that the author named, and one for the failure itself."""
    place = expected.place

    def check(prop: str, wanted: str, found: str, passed: bool) -> Check:
        status = Status.PASSED if passed else Status.FAILED
        return Check("provisioning failure", prop, status, place, wanted, printable(found))

    yield check("", "a failure", failure.text, True)
    if expected.phase is not None:
        yield check("phase", expected.phase, failure.phase, failure.phase == expected.phase)
    if expected.code is not None:
        if failure.code:
            codes = failure.codes or (failure.code,)
            given = expected.code.upper() in codes
            yield check("code", expected.code, ", ".join(codes), given)
        else:
            yield Check(
                *("provisioning failure", "code", Status.NOT_DECIDED, place, expected.code),
                reason="this image's engine has no codes",
            )
    if expected.words is not None:
        words = failure.words or failure.text
        given = _folded(expected.words) in _folded(words)
        yield check("words", expected.words, failure.text, given)


def _folded(text: str) -> str:
    """Case and line breaks do not matter."""
    return " ".join(text.casefold().split())
