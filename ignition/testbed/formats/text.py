# SPDX-License-Identifier: Apache-2.0
"""Results as text for terminals."""

from __future__ import annotations

from ignition.testbed.formats.words import summary
from ignition.testbed.results import CaseResult, RunResult


class Text:
    """Formats results, optionally with colours; `verbose` lists passed checks, too."""

    def __init__(self, colour: bool = False, verbose: bool = False) -> None:
        self._colour = colour
        self._verbose = verbose

    def case(self, case: CaseResult) -> str:
        """All about one case, as soon as it has ended."""
        return f"{case.verdict.value}  {case.name}\n"

    def summary(self, run: RunResult) -> str:
        """The last line."""
        return summary(run) + "\n"


def write(run: RunResult) -> str:
    text = Text()
    return "".join(map(text.case, run.cases)) + text.summary(run)
