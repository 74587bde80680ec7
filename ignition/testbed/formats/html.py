# SPDX-License-Identifier: Apache-2.0
"""Results as one HTML file without network and scripts, for wide and narrow, light and dark windows."""

from __future__ import annotations

import base64
import hashlib
import time

import ignition
from ignition.lint.formats import pluralize
from ignition.testbed.formats.excerpt import Sources
from ignition.testbed.formats.page.case import pill, section
from ignition.testbed.formats.page.markup import NOTHING, Markup, tag, text
from ignition.testbed.formats.page.style import css
from ignition.testbed.formats.text import kind
from ignition.testbed.formats.words import accelerator, attempts, duration, run_tally, tally
from ignition.testbed.results import CaseResult, RunResult, Verdict

# Bytes of all sections together: what a browser shows without delay, and a code host keeps as an artefact.
_LIMIT = 12 << 20
# Cases in the table at the top, and sections.
_CASES = 2000


def write(run: RunResult) -> str:
    return page(run)


def page(run: RunResult) -> str:
    """The whole page. Of a run with many cases, those that did not pass come first into the limited size."""
    sheet = css()
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    # Nothing is loaded or run, even if something on this page should ask for it.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="robots", content="noindex"),
        tag("title", text(f"{_headline(run)}: ignition test")),
        tag("style", Markup(sheet)),
    )
    sections = _sections(run)
    main = tag("main", _overview(run, sections), *sections.values(), _left_out(run, sections))
    body = tag("body", _header(run), main, _footer(run))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _headline(run: RunResult) -> str:
    passed = run.count(Verdict.PASSED)
    if not run.cases:
        return "No cases"
    if passed == len(run.cases):
        return "The case passed" if passed == 1 else "All cases passed"
    return f"{passed} of {pluralize(len(run.cases), 'case')} passed"


def _header(run: RunResult) -> Markup:
    counts = [
        (f"{run.count(each)} {each.value}", "passed" if each is Verdict.PASSED else "failed")
        for each in Verdict
        if run.count(each)
    ]
    flaky = sum(case.flaky for case in run.cases)
    if flaky:
        counts.append((f"{flaky} flaky", "open"))
    checks = run_tally(run)
    if checks.undecided:
        counts.append((f"{pluralize(checks.undecided, 'check')} not decided", "open"))
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run.started))
    about = [str(checks), when, duration(run.seconds), accelerator(run)]
    return tag(
        "header",
        tag("p", text("ignition test"), class_="product"),
        tag("h1", text(_headline(run))),
        tag("p", text(" · ".join(filter(None, about))), class_="muted"),
        _share(run),
        tag(
            "ul",
            *(tag("li", tag("span", text(words), class_=f"pill {kind}")) for words, kind in counts),
            class_="counts",
        ),
    )


def _share(run: RunResult) -> Markup:
    """The shares of cases as a bar. The numbers stand below it."""
    if len(run.cases) < 2:
        return NOTHING
    kinds = [kind(case) for case in run.cases]
    bars, at = [], 0.0
    for name in ("passed", "open", "failed"):
        share = kinds.count(name) / len(kinds) * 100
        if share:
            bars.append(
                tag(
                    "rect",
                    class_=name,
                    x=f"{at:.2f}%",
                    width=f"{max(share - 0.3, 0.3):.2f}%",
                    height=10,
                )
            )
        at += share
    return tag("svg", *bars, class_="share", aria_hidden="true")


def _overview(run: RunResult, sections: dict[int, Markup]) -> Markup:
    """A table of cases with links to their sections."""
    if len(run.cases) < 2:
        return NOTHING
    heads = (
        tag("th", text("Verdict"), scope="col"),
        tag("th", text("Case"), scope="col"),
        tag("th", text("Time"), scope="col", class_="number"),
    )
    rows = (_entry(run.cases[each], each, each in sections) for each in _ranked(run)[:_CASES])
    return tag(
        "table",
        tag("caption", text("Cases"), class_="aside"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
    )


def _ranked(run: RunResult) -> list[int]:
    """The numbers of cases, from 0: in the order of the run, unless there are too many for the page."""
    numbers = list(range(len(run.cases)))
    if len(numbers) > _CASES:
        numbers.sort(key=lambda each: run.cases[each].verdict is Verdict.PASSED)
    return numbers


def _entry(case: CaseResult, number: int, has_section: bool) -> Markup:
    name, reason = text(case.name), _reason(case)
    return tag(
        "tr",
        tag("td", pill(case)),
        tag(
            "td",
            tag("a", name, href=f"#case-{number + 1}") if has_section else name,
            tag("div", text(reason), class_="muted small") if reason else NOTHING,
        ),
        tag("td", text(duration(case.seconds) if case.seconds else ""), class_="number"),
    )


def _reason(case: CaseResult) -> str:
    """Why it did not pass, or what was checked."""
    if case.cause:
        return case.cause.text
    counted = str(tally(case.checks)) if case.checks else ""
    return ", ".join(filter(None, (counted, attempts(case))))


def _sections(run: RunResult) -> dict[int, Markup]:
    """Number of a case -> its section, as far as there is room; first come those that did not pass."""
    sources = Sources()
    made: dict[int, Markup] = {}
    size = 0
    for number in sorted(
        range(len(run.cases)), key=lambda each: run.cases[each].verdict is Verdict.PASSED
    ):
        if size > _LIMIT or len(made) >= _CASES:
            break
        made[number] = section(run.cases[number], number + 1, sources, alone=len(run.cases) == 1)
        size += len(made[number].encode())
    return {number: made[number] for number in sorted(made)}


def _left_out(run: RunResult, sections: dict[int, Markup]) -> Markup:
    count = len(run.cases) - len(sections)
    if not count:
        return NOTHING
    words = (
        f"{pluralize(count, 'case')} without details here, to limit the size; the JSON has them."
    )
    return tag("p", text(words), class_="muted")


def _footer(run: RunResult) -> Markup:
    return tag(
        "footer",
        text(f"Written by ignition test {ignition.__version__}; exit status {run.exit_status}."),
    )
