# SPDX-License-Identifier: Apache-2.0
"""Results as text for terminals: a line per case, and below it all that did not come out as expected."""

from __future__ import annotations

from collections.abc import Iterator

from ignition.base.finding import Finding
from ignition.base.origin import Origin
from ignition.base.printable import printable
from ignition.lint.formats import pluralize
from ignition.testbed.formats.excerpt import Sources
from ignition.testbed.formats.plain import clipped_lines
from ignition.testbed.formats.words import (
    attempts,
    by_status,
    cause_sentence,
    duration,
    outcome,
    position,
    summary,
    tally,
    what,
)
from ignition.testbed.results import CaseResult, Check, RunResult, Status, Verdict

_COLOURS = {
    "passed": "\x1b[1;32m",
    "failed": "\x1b[1;31m",
    "open": "\x1b[1;33m",
    "hint": "\x1b[36m",
    "dim": "\x1b[2m",
}
_PLAIN = "\x1b[0m"
_VERDICT_WIDTH = max(len(verdict.value) for verdict in Verdict)
# Lines of a diff, and names of undecided checks with one reason; the artefact folder has all of them.
_DETAIL_LINES = 40
_NAMES = 5


class Text:
    """Formats results, optionally with colours; `verbose` lists passed checks, too."""

    def __init__(self, colour: bool = False, verbose: bool = False) -> None:
        self._colour = colour
        self._verbose = verbose
        self._sources = Sources()

    def case(self, case: CaseResult) -> str:
        """All about one case, as soon as it has ended."""
        return "".join(f"{line}\n" for line in self._case(case))

    def summary(self, run: RunResult) -> str:
        """The last line."""
        return self._paint(_kind_of_run(run), summary(run)) + "\n"

    def _paint(self, what: str, text: str) -> str:
        return f"{_COLOURS[what]}{text}{_PLAIN}" if self._colour else text

    def _case(self, case: CaseResult) -> Iterator[str]:
        yield self._headline(case)
        if case.cause is not None:
            yield from self._cause(case)
        yield from self._findings(case)
        for check in by_status(case, Status.FAILED):
            yield from self._failed(check)
        yield from self._undecided(by_status(case, Status.NOT_DECIDED))
        if self._verbose:
            for check in by_status(case, Status.PASSED):
                yield f"    {self._paint('passed', 'ok')} {what(check)}: {outcome(check)}"
        for note in case.notes:
            yield f"    note: {printable(note)}"
        if case.artefacts is not None:
            yield f"    artefacts: {printable(str(case.artefacts))}"
        if case.repeat and (case.verdict is not Verdict.PASSED or case.flaky):
            yield f"    repeat: {printable(case.repeat)}"

    def _headline(self, case: CaseResult) -> str:
        counted = tally(case.checks)
        facts = [duration(case.seconds)] if case.seconds else []
        if counted.total:
            facts.append(self._paint("open", str(counted)) if counted.undecided else str(counted))
        if attempts(case):
            facts.append(self._paint("open", attempts(case)))
        warnings = len(case.findings)
        if warnings and case.verdict is Verdict.PASSED and not self._verbose:
            facts.append(pluralize(warnings, "finding"))
        verdict = self._paint(kind(case), f"{case.verdict.value:<{_VERDICT_WIDTH}}")
        return f"{verdict}  {printable(case.name)}  {', '.join(facts)}".rstrip()

    def _cause(self, case: CaseResult) -> Iterator[str]:
        cause = case.cause
        assert cause is not None
        # A failed check at the same place follows, with its excerpt.
        shown = any(check.place == cause.place for check in by_status(case, Status.FAILED))
        place = None if shown else cause.place
        yield from self._at(place, self._paint("failed", cause_sentence(cause)))
        yield from self._hint(cause.hint)

    def _findings(self, case: CaseResult) -> Iterator[str]:
        if case.verdict is Verdict.PASSED and not self._verbose:
            return
        for finding in case.findings:
            if not _is_cause(finding, case):
                yield from self._at(
                    finding.origin,
                    printable(f"{finding.severity} {finding.code}: {finding.message}"),
                )
                yield from self._hint(finding.hint)

    def _failed(self, check: Check) -> Iterator[str]:
        sentence = f"{what(check)}: {self._paint('failed', outcome(check))}"
        yield from self._at(check.place, sentence, with_pointer=False)
        for line in clipped_lines(check.detail, _DETAIL_LINES):
            yield f"        {line}"

    def _undecided(self, checks: list[Check]) -> Iterator[str]:
        """One line per reason, with the names of the checks."""
        reasons: dict[str, list[str]] = {}
        for check in checks:
            reasons.setdefault(outcome(check), []).append(what(check))
        for reason, names in reasons.items():
            count = len(names) if self._verbose else _NAMES
            more = f", and {len(names) - count} more" if len(names) > count else ""
            reason = self._paint("open", f"{len(names)} {reason}")
            yield f"    {reason} ({', '.join(names[:count])}{more})"

    def _at(
        self, place: Origin | None, sentence: str, *, with_pointer: bool = True
    ) -> Iterator[str]:
        """The sentence with its place in front, and the line there."""
        yield f"    {position(place)}: {sentence}" if place else f"    {sentence}"
        if place and with_pointer and place.pointer:
            yield "        " + self._paint("dim", f"at {printable(place.pointer)}")
        excerpt = self._sources.excerpt(place)
        if excerpt is not None:
            yield "    " + self._paint("dim", f"{excerpt.line:>6} | ") + excerpt.row
            marks = self._paint("failed", excerpt.marks)
            yield "    " + self._paint("dim", " " * 6 + " | ") + excerpt.indent + marks

    def _hint(self, hint: str) -> Iterator[str]:
        if hint:
            yield f"        {self._paint('hint', 'hint:')} {printable(hint)}"


def write(run: RunResult) -> str:
    """A whole run, without colours."""
    text = Text()
    return "".join(map(text.case, run.cases)) + text.summary(run)


def kind(case: CaseResult) -> str:
    """`passed`, `failed`, or `open`: nothing failed, but nothing was confirmed, either."""
    if case.verdict is not Verdict.PASSED:
        return "failed"
    counted = tally(case.checks)
    return "open" if case.flaky or (counted.undecided and not counted.passed) else "passed"


def _kind_of_run(run: RunResult) -> str:
    kinds = [kind(case) for case in run.cases]
    return next((each for each in ("failed", "open") if each in kinds), "passed")


def _is_cause(finding: Finding, case: CaseResult) -> bool:
    cause = case.cause
    return cause is not None and (finding.code, finding.origin) == (cause.code, cause.place)
