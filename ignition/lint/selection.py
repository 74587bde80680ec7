# SPDX-License-Identifier: Apache-2.0
"""Which findings an author wants to see, and how much each matters to them.

A rule is named by its code, by the beginning of codes (`IGN18`), or by its name (`unused-key`). What makes
the engine refuse a config is always shown, as an error: hidden, it would only come back at the boot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ignition.base.errors import Failure
from ignition.base.finding import ERROR, INFO, WARNING
from ignition.base.record import record
from ignition.lint.finding import LintFinding

OFF = "off"
SEVERITIES = (ERROR, WARNING, INFO, OFF)


@record
class Selection:
    """`select` empty means all rules; `ignore` wins over it; `severities` are pairs of rule and severity,
    the last that fits counts."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.select or self.ignore or self.severities)

    def merged_over(self, other: Selection) -> Selection:
        """This one, which is nearer to the author, over another: its `select` replaces, the rest adds up."""
        return Selection(
            self.select or other.select,
            other.ignore + self.ignore,
            other.severities + self.severities,
        )

    def apply(
        self, findings: Iterable[LintFinding], is_refusal: Callable[[LintFinding], bool]
    ) -> Iterator[LintFinding]:
        """The findings that are wanted, with the severity that is wanted."""
        for finding in findings:
            if not is_refusal(finding):
                if self.select and not finding.code.startswith(self.select):
                    continue
                if self.ignore and finding.code.startswith(self.ignore):
                    continue
                for code, severity in self.severities:
                    if finding.code.startswith(code):
                        finding.severity = severity
                if finding.severity == OFF:
                    continue
            yield finding


def resolve(word: str, names: dict[str, str]) -> tuple[str, ...]:
    """The codes, or the beginning of codes, that a word stands for. `names` maps codes to names of rules,
    which the same rule on two kinds of things may share.

    Failure (IGN6302) if it stands for none.
    """
    code = word.upper()
    if code.startswith("IGN") and any(known.startswith(code) for known in names):
        return (code,)
    found = tuple(known for known, name in names.items() if name == word)
    if not found:
        text = f"{word!r} is neither a code nor the name of a rule"
        raise Failure("IGN6302", text, hint=suggest(word, names))
    return found


def resolve_all(words: Iterable[str], names: dict[str, str]) -> tuple[str, ...]:
    """The codes that several words stand for."""
    return tuple(code for word in words for code in resolve(word, names))


def suggest(word: str, names: dict[str, str]) -> str:
    """What was probably meant by a rule that does not exist."""
    from ignition.base.suggest import closest

    close = closest(word, [*names.values(), *names])
    return f"did you mean {close}?" if close else "see docs/rules for all rules"


def parse_severity(word: str) -> str:
    """A severity by its name. Failure (IGN6303) if there is none of that name."""
    if word not in SEVERITIES:
        raise Failure(
            "IGN6303", f"{word!r} is not a severity", hint=f"use one of {', '.join(SEVERITIES)}"
        )
    return word
