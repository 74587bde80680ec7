# SPDX-License-Identifier: Apache-2.0
"""Selection of rules, and their severities.

A rule is named by its code, by a code prefix (`IGN18`), or by its name (`unused-key`). Errors for which the
engine refuses a config are always reported, because they would fail the boot.
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
    """Selected rules, as code prefixes. An empty `select` means all; `ignore` takes precedence.

    `severities` are pairs of prefix and severity; the last match wins.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.select or self.ignore or self.severities)

    def merged_over(self, other: Selection) -> Selection:
        """Combines with another selection: `select` replaces it, `ignore` and `severities` are added."""
        return Selection(
            self.select or other.select,
            other.ignore + self.ignore,
            other.severities + self.severities,
        )

    def apply(
        self, findings: Iterable[LintFinding], is_refusal: Callable[[LintFinding], bool]
    ) -> Iterator[LintFinding]:
        """The selected findings, with their severities set."""
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
    """Resolves a code, code prefix or rule name to code prefixes. `names` maps codes to rule names.

    Several rules may share a name. Failure (IGN6302) if nothing matches.
    """
    code = word.upper()
    if code.startswith("IGN") and any(known.startswith(code) for known in names):
        return (code,)
    found = tuple(known for known, name in names.items() if name == word)
    if not found:
        text = f"unknown rule {word!r}"
        raise Failure("IGN6302", text, hint=suggest(word, names))
    return found


def resolve_all(words: Iterable[str], names: dict[str, str]) -> tuple[str, ...]:
    """Resolves several codes, prefixes or names."""
    return tuple(code for word in words for code in resolve(word, names))


def suggest(word: str, names: dict[str, str]) -> str:
    """A hint that suggests a rule for an unknown one."""
    from ignition.base.suggest import closest

    close = closest(word, [*names.values(), *names])
    return f"did you mean {close}?" if close else "see docs/rules for all rules"


def parse_severity(word: str) -> str:
    """Validates a severity. Failure (IGN6303) if it is unknown."""
    if word not in SEVERITIES:
        raise Failure(
            "IGN6303", f"unknown severity {word!r}", hint=f"use one of {', '.join(SEVERITIES)}"
        )
    return word
