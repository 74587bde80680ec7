# SPDX-License-Identifier: Apache-2.0
"""Parts of the spec that this engine does not support yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.finding import ERROR
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

LUKS_UNSUPPORTED = LintRule(
    "IGN1990",
    "LUKS volumes are not supported: the engine refuses the config",
    hint="remove storage.luks; use --ignore IGN1990 if Ignition provisions the machine",
    severity=ERROR,
    since="3.2.0",
)
"""The engine refuses such a config before it changes anything."""


def check(subject: Subject) -> Iterator[Violation]:
    for _, path in subject.items("storage", "luks"):
        yield LUKS_UNSUPPORTED.at(path)
