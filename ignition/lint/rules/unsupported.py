# SPDX-License-Identifier: Apache-2.0
"""What this version of the engine cannot do."""

from __future__ import annotations

from ignition.base.finding import ERROR
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

LUKS_UNSUPPORTED = LintRule(
    "IGN1990",
    "this version of the engine makes no LUKS volumes: it refuses the config",
    hint="leave storage.luks out; for a machine that Ignition provisions, lint with --ignore IGN1990",
    severity=ERROR,
    since="3.2.0",
)
"""A boot refuses such a config before it changes anything."""


def check(subject: Subject) -> Iterator[Violation]:
    for _, path in subject.items("storage", "luks"):
        yield LUKS_UNSUPPORTED.at(path)
