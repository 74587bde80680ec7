# SPDX-License-Identifier: Apache-2.0
"""The answers of `ignition why` as text."""

from __future__ import annotations

from ignition.base.origin import Origin
from ignition.base.printable import printable
from ignition.review.style import Style, place
from ignition.review.subject import Subject
from ignition.review.why import Answer, Reason


def text(subject: Subject, answers: list[Answer], style: Style) -> str:
    """A paragraph for each answer."""
    blocks = [_block(subject, answer, style) for answer in answers]
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def _block(subject: Subject, answer: Answer, style: Style) -> list[str]:
    head = style.paint("head", f"{answer.thing.kind} {printable(answer.thing.name)}")
    where = place(answer.origin)
    lines = [head, *([f"  asked for by {where}"] if where else [])]
    lines += [f"  together with {place(origin)}" for origin in answer.joins]
    width = max((len(reason.fact.name) for reason in answer.reasons), default=0)
    for reason in answer.reasons:
        if _is_obvious(answer, reason):
            continue
        lines += _reason(reason, min(width, style.width // 3), style)
    lines += [f"  note: {printable(note)}" for note in answer.notes]
    return [*lines, *_chains(subject, answer)]


def _is_obvious(answer: Answer, reason: Reason) -> bool:
    """Whether the first lines already say it: the thing exists, since an entry asks for it."""
    return reason.fact.name == "exists" and reason.origin == answer.origin


def _reason(reason: Reason, width: int, style: Style) -> list[str]:
    left = f"  {printable(reason.fact.name):<{width}}  "
    lines = style.row(left, printable(reason.fact.shown), place(reason.origin))
    indent = " " * (width + 4)
    for value, origin in reason.replaces:
        lines += style.row(f"{indent}replaces ", printable(value), place(origin))
    lines += [f"{indent}also {style.paint('dim', place(origin))}" for origin in reason.joins]
    return lines


def _chains(subject: Subject, answer: Answer) -> list[str]:
    """For each config that another one references: by which."""
    origins: list[Origin | None] = [answer.origin, *answer.joins]
    for reason in answer.reasons:
        origins += [reason.origin, *(origin for _, origin in reason.replaces), *reason.joins]
    sources = dict.fromkeys(origin.source for origin in origins if origin is not None)
    chains = {source: subject.chain(source) for source in sources}
    return [
        f"  {printable(source)} is referenced by {printable(', by '.join(chain))}"
        for source, chain in chains.items()
        if chain
    ]
