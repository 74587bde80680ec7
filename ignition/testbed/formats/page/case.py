# SPDX-License-Identifier: Apache-2.0
"""The section of one case on the page."""

from __future__ import annotations

from collections.abc import Iterator

from ignition.base.finding import Finding
from ignition.base.origin import Origin
from ignition.testbed.formats.excerpt import Sources
from ignition.testbed.formats.page.disks import disks
from ignition.testbed.formats.page.markup import NOTHING, Markup, folded, join, lines, tag, text
from ignition.testbed.formats.page.timeline import timeline
from ignition.testbed.formats.plain import clipped_lines, console_tail
from ignition.testbed.formats.text import kind
from ignition.testbed.formats.words import (
    attempts,
    by_status,
    cause_sentence,
    duration,
    labels,
    position,
    tally,
    what,
)
from ignition.testbed.results import CaseResult, Check, Status, Verdict

# Limits per case; the artefact folder and the JSON have all.
_CHECKS = 300
_FINDINGS = 50
_DETAIL_LINES = 80
_BOOTS = 4
# Characters of a console, by whether the case passed.
_CONSOLE = {True: 8 << 10, False: 64 << 10}


def section(case: CaseResult, number: int, sources: Sources, *, alone: bool) -> Markup:
    """All about one case. A passed case is folded, unless there is no other."""
    undecided = bool(by_status(case, Status.NOT_DECIDED))
    head = tag(
        "summary",
        pill(case),
        tag("h2", text(case.name)),
        tag("span", text(facts(case)), class_="open small" if undecided else "muted small"),
    )
    body = tag("div", *_body(case, sources), class_="body")
    is_open = alone or case.verdict is not Verdict.PASSED
    return tag("section", tag("details", head, body, open=is_open), id=f"case-{number}")


def pill(case: CaseResult) -> Markup:
    words = f"{case.verdict.value} (flaky)" if case.flaky else case.verdict.value
    return tag("span", text(words), class_=f"pill {kind(case)}")


def facts(case: CaseResult) -> str:
    """`44 s, 3 checks passed, 2 failed, 1 not decided`."""
    counted = str(tally(case.checks)) if case.checks else ""
    time = duration(case.seconds) if case.seconds else ""
    return ", ".join(filter(None, (time, counted, attempts(case))))


def _body(case: CaseResult, sources: Sources) -> Iterator[Markup]:
    yield from _cause(case, sources)
    yield from _findings(case, sources)
    yield from _checks(case, sources)
    if case.notes:
        yield tag("h3", text("Notes"))
        yield tag("ul", *(tag("li", text(note)) for note in case.notes[:_FINDINGS]))
    yield from _boots(case)
    yield from _about(case)


def _cause(case: CaseResult, sources: Sources) -> Iterator[Markup]:
    cause = case.cause
    if cause is None:
        return
    # A failed check at the same place follows, with its excerpt.
    follows = any(check.place == cause.place for check in by_status(case, Status.FAILED))
    yield tag(
        "div",
        tag("p", tag("strong", text(cause_sentence(cause), 2000))),
        NOTHING if follows else _place(cause.place, sources),
        tag("p", text(f"Hint: {cause.hint}", 1000)) if cause.hint else NOTHING,
        class_="box",
    )


def _place(place: Origin | None, sources: Sources) -> Markup:
    """Where it is, and the line there."""
    if place is None:
        return NOTHING
    excerpt = sources.excerpt(place)
    row = tag("pre", lines(excerpt.text), class_="row", tabindex=0) if excerpt else NOTHING
    pointer = text(f" at {place.pointer}") if place.pointer else NOTHING
    return join([tag("p", tag("code", text(position(place))), pointer, class_="small"), row])


def _findings(case: CaseResult, sources: Sources) -> Iterator[Markup]:
    cause = case.cause
    shown = [
        finding
        for finding in case.findings
        if cause is None or (finding.code, finding.origin) != (cause.code, cause.place)
    ]
    if not shown:
        return
    yield tag("h3", text("Findings in the config"))
    for finding in shown[:_FINDINGS]:
        yield _finding(finding, sources)
    if len(shown) > _FINDINGS:
        yield _more(len(shown) - _FINDINGS, "findings")


def _finding(finding: Finding, sources: Sources) -> Markup:
    colour = "failed" if finding.severity == "error" else "open"
    sentence = tag(
        "p",
        tag("strong", text(f"{finding.severity} {finding.code}"), class_=colour),
        text(f": {finding.message}"),
    )
    hint = tag("p", text(f"Hint: {finding.hint}"), class_="small") if finding.hint else NOTHING
    return join([sentence, _place(finding.origin, sources), hint])


def _checks(case: CaseResult, sources: Sources) -> Iterator[Markup]:
    failed, undecided, passed = (
        by_status(case, status) for status in (Status.FAILED, Status.NOT_DECIDED, Status.PASSED)
    )
    if not case.checks:
        return
    yield tag("h3", text("Checks"))
    if failed:
        yield _table(f"{len(failed)} failed", "failed", failed, sources)
    if undecided:
        yield _table(f"{len(undecided)} not decided", "open", undecided, sources)
    if passed:
        table = _table("", "passed", passed, sources)
        yield folded(text(f"{len(passed)} passed"), table)


def _table(title: str, colour: str, checks: list[Check], sources: Sources) -> Markup:
    heads = ("Check", "Expected", "Found" if colour != "open" else "Why not decided")
    rows = join(_row(check, sources) for check in checks[:_CHECKS])
    return join(
        [
            tag("p", tag("strong", text(title), class_=colour)) if title else NOTHING,
            tag(
                "table",
                tag("caption", text(f"Checks: {title or 'passed'}"), class_="aside"),
                tag("thead", tag("tr", *(tag("th", text(head), scope="col") for head in heads))),
                tag("tbody", rows),
                class_="checks",
            ),
            _more(len(checks) - _CHECKS, "checks") if len(checks) > _CHECKS else NOTHING,
        ]
    )


def _row(check: Check, sources: Sources) -> Markup:
    """A row; below a failed one the line where it is expected, and the difference."""
    is_failed = check.status is Status.FAILED
    place = tag("div", tag("code", text(position(check.place))), class_="muted small")
    if check.status is Status.NOT_DECIDED:
        last = tag("td", text(check.reason or "no reason given"))
    else:
        found = check.found or ("nothing" if is_failed else check.expected)
        last = tag("td", tag("code", text(found)), class_="failed" if is_failed else "")
    excerpt = sources.excerpt(check.place) if is_failed else None
    below = [tag("pre", lines(excerpt.text), class_="row", tabindex=0)] if excerpt else []
    if check.detail and is_failed:
        below.append(_difference(check.detail))
    row = tag(
        "tr",
        tag("td", text(what(check)), place),
        tag("td", tag("code", text(check.expected))),
        last,
        class_="more-below" if below else False,
    )
    return join([row, tag("tr", tag("td", *below, colspan=3))]) if below else row


def _difference(detail: str) -> Markup:
    """Added and removed lines of a diff are marked; any other text is as it is."""
    is_diff = any(line.startswith("@@") for line in detail.split("\n")[:4])
    shown = []
    for line in clipped_lines(detail, _DETAIL_LINES):
        mark = {"+": "ins", "-": "del"}.get(line[:1]) if is_diff else None
        if mark and not line.startswith(("+++", "---")):
            shown.append(tag(mark, lines(line)))
        else:
            shown.append(join([lines(line), lines("\n")]))
    return tag("pre", *shown)


def _boots(case: CaseResult) -> Iterator[Markup]:
    limit = _CONSOLE[case.verdict is Verdict.PASSED]
    for number, boot in enumerate(case.boots[:_BOOTS], 1):
        title = "the boot" if len(case.boots) == 1 else f"boot {number}"
        yield tag("h3", text(f"Timeline of {title}"))
        yield timeline(boot, title)
        pictures = disks(boot, title)
        if pictures:
            yield tag("h3", text(f"Disks before and after {title}"))
            yield pictures
        if boot.console:
            console = tag(
                "pre", lines(console_tail(boot.console, limit)), class_="console", tabindex=0
            )
            is_open = case.verdict is Verdict.CRASHED
            yield folded(text(f"Console of {title}, its end"), console, open_=is_open)
    if len(case.boots) > _BOOTS:
        yield _more(len(case.boots) - _BOOTS, "boots")


def _about(case: CaseResult) -> Iterator[Markup]:
    if case.repeat:
        yield tag("h3", text("Repeat this case"))
        yield tag("pre", lines(case.repeat[:2000]))
    shown = {**labels(case), "config": case.config, "artefacts": str(case.artefacts or "")}
    yield tag(
        "dl",
        *(
            join([tag("dt", text(name)), tag("dd", tag("code", text(value)))])
            for name, value in shown.items()
            if value
        ),
    )


def _more(count: int, things: str) -> Markup:
    return tag("p", text(f"{count} more {things} are in the JSON."), class_="muted small")
