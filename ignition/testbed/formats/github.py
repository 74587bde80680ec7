# SPDX-License-Identifier: Apache-2.0
"""Results for GitHub Actions: annotations on lines, a folded group per case, and a job summary in Markdown.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions

A text that looks like a command, from a console or a diff, is not run: commands are off inside of a group.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from html import escape

from ignition.base.finding import ERROR, INFO, WARNING
from ignition.base.origin import Origin
from ignition.base.printable import printable
from ignition.testbed.formats.plain import clipped
from ignition.testbed.formats.text import Text
from ignition.testbed.formats.words import (
    by_status,
    cause_sentence,
    duration,
    outcome,
    position,
    reached_checks,
    summary,
    tally,
    what,
)
from ignition.testbed.results import CaseResult, Check, RunResult, Status, Verdict

_COMMANDS = {ERROR: "error", WARNING: "warning", INFO: "notice"}
# GitHub shows ten annotations of each level per step, so that one case must not use them up.
_CHECKS_PER_CASE = 5
# GitHub refuses the summary of a step beyond 1 MiB.
_SUMMARY_LIMIT = 900 << 10
_FAILED_ROWS = 50


def write(run: RunResult) -> str:
    """The output for the log. Also appends `markdown(run)` to the file that GITHUB_STEP_SUMMARY names."""
    text = Text()
    out = [_group(case, text.case(case)) for case in run.cases]
    for case in run.cases:
        out += _annotations(case)
    out.append(text.summary(run))
    problem = _publish(markdown(run))
    if problem:
        out.append(f"::warning::{_data(f'the job summary cannot be written: {problem}')}\n")
    return "".join(out)


def _group(case: CaseResult, text: str) -> str:
    # A text cannot contain its own hash, so that nothing in it turns commands on again.
    token = hashlib.sha256(text.encode()).hexdigest()
    title = printable(f"{case.verdict.value}: {case.name}")
    return f"::group::{_data(title)}\n::stop-commands::{token}\n{text}::{token}::\n::endgroup::\n"


def _annotations(case: CaseResult) -> Iterator[str]:
    """The cause, then failed checks, then findings; one notice for all that is not decided."""
    cause = case.cause
    if not reached_checks(case):
        sentence = cause_sentence(cause) if cause else case.verdict.value
        hint = f"\nhint: {printable(cause.hint)}" if cause and cause.hint else ""
        where = cause.place if cause else None
        yield _command("error", where, _title(case), f"{printable(case.name)}: {sentence}{hint}")
    failed = by_status(case, Status.FAILED)
    for check in failed[:_CHECKS_PER_CASE]:
        yield _command("error", check.place, _title(case), _sentence(case, check))
    if len(failed) > _CHECKS_PER_CASE:
        more = f"{len(failed) - _CHECKS_PER_CASE} more checks failed; the log has them"
        yield _command("error", None, _title(case), f"{printable(case.name)}: {more}")
    for finding in case.findings:
        if cause is None or (finding.code, finding.origin) != (cause.code, cause.place):
            text = printable(finding.message) + (
                f"\nhint: {printable(finding.hint)}" if finding.hint else ""
            )
            yield _command(
                _COMMANDS.get(finding.severity, "notice"), finding.origin, finding.code, text
            )
    undecided = by_status(case, Status.NOT_DECIDED)
    if undecided:
        first = f"{what(undecided[0])}: {outcome(undecided[0])}"
        text = f"{printable(case.name)}: {tally(case.checks)}; first: {first}"
        yield _command("notice", None, "not decided", text)


def _sentence(case: CaseResult, check: Check) -> str:
    detail = f"\n{clipped(check.detail, 2000)}" if check.detail else ""
    return f"{printable(case.name)}: {what(check)}: {outcome(check)}{detail}"


def _title(case: CaseResult) -> str:
    code = case.cause.code if case.cause else ""
    return f"{case.verdict.value} ({code})" if code else case.verdict.value


def _command(command: str, place: Origin | None, title: str, text: str) -> str:
    properties = {"file": _file(place.source)} if place else {}
    if place and place.line:
        properties |= {"line": str(place.line), "col": str(place.column)}
    properties["title"] = title
    attributes = ",".join(
        f"{name}={_property(printable(value))}" for name, value in properties.items()
    )
    # Line breaks are encoded below; of what else cannot be printed, nothing gets through.
    lines = "\n".join(map(printable, text.split("\n")))
    return f"::{command} {attributes}::{_data(lines)}\n"


def _file(source: str) -> str:
    """Relative to the checkout, where GitHub looks for the lines of a change."""
    workspace = os.environ.get("GITHUB_WORKSPACE", "")
    path = os.path.abspath(source) if workspace else os.path.normpath(source)
    if workspace and path.startswith(os.path.join(workspace, "")):
        return os.path.relpath(path, workspace)
    return os.path.normpath(source)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _publish(text: str) -> str:
    """Appends to the job summary; returns why it could not be written. The verdict does not depend on it."""
    path = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not path:
        return ""
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def markdown(run: RunResult) -> str:
    """The job summary: a table of cases, and one of failed checks for each that did not pass."""
    out = [
        "## ignition test\n\n",
        f"{_cell(summary(run))}\n\n",
        "| verdict | case | time | checks |\n| --- | --- | --- | --- |\n",
    ]
    for case in run.cases:
        verdict = _cell(case.verdict.value + (" (flaky)" if case.flaky else ""))
        if case.verdict is not Verdict.PASSED:
            verdict = f"**{verdict}**"
        out.append(
            f"| {verdict} | {_cell(case.name)} | {duration(case.seconds)} | {tally(case.checks)} |\n"
        )
    size = 0
    left_out = 0
    for case in run.cases:
        if case.verdict is Verdict.PASSED:
            continue
        section = "".join(_section(case))
        size += len(section.encode())
        if size < _SUMMARY_LIMIT:
            out.append(section)
        else:
            left_out += 1
    if left_out:
        out.append(f"\n{left_out} more cases did not pass; the log has them.\n")
    text = "".join(out)
    # Only with thousands of cases; a table may end anywhere.
    return (
        text if len(text.encode()) < 1 << 20 else f"## ignition test\n\n{_cell(summary(run))}\n\n"
    )


def _section(case: CaseResult) -> Iterator[str]:
    yield f"\n### {_cell(case.name)}\n\n"
    if case.cause is not None:
        at = f" at {_code(position(case.cause.place))}" if case.cause.place else ""
        yield f"{_cell(cause_sentence(case.cause))}{at}\n\n"
        if case.cause.hint:
            yield f"Hint: {_cell(case.cause.hint)}\n\n"
    failed = by_status(case, Status.FAILED)
    if failed:
        yield "| failed check | expected | found | at |\n| --- | --- | --- | --- |\n"
        for check in failed[:_FAILED_ROWS]:
            at = _code(position(check.place))
            found = _cell(check.found or "nothing")
            yield f"| {_cell(what(check))} | {_cell(check.expected)} | {found} | {at} |\n"
        if len(failed) > _FAILED_ROWS:
            yield f"\n{len(failed) - _FAILED_ROWS} more failed.\n"
        yield "\n"
    if case.repeat:
        yield f"Repeat with {_code(case.repeat)}\n"


# Characters with a meaning in Markdown, and those with which mentions and links start.
_MARKS = str.maketrans({each: f"&#{ord(each)};" for each in "\\`*_{}[]()|#~@:"})


def _cell(text: str) -> str:
    """Text that is neither Markdown nor HTML."""
    return escape(clipped(printable(text), 300), quote=False).translate(_MARKS)


def _code(text: str) -> str:
    return f"<code>{_cell(text)}</code>"
