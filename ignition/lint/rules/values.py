# SPDX-License-Identifier: Apache-2.0
"""Values and sources that the engine rejects in every phase, reported with the codes of those rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.finding import WARNING
from ignition.config.rules import fetches, headers, values
from ignition.lint.rule import Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.subject import Subject

_SECRETS = ("passwordHash", "sshAuthorizedKeys")
_REPORTED_BY_ENGINE = ("IGN1402",)


def check(subject: Subject) -> Iterator[Violation]:
    for one in values.check(subject.value):
        if one.code not in _REPORTED_BY_ENGINE:
            # In one part of a merge, a header without a value is valid: it removes the header.
            severity = WARNING if one.code == headers.NO_VALUE.code else one.severity
            found = Violation(one.code, severity, one.path, one.message, one.hint)
            found.secret = any(part in _SECRETS for part in one.path)
            yield found
    for resource, path in subject.resources():
        for one in fetches.check_resource(resource, path):
            yield Violation(one.code, one.severity, one.path, one.message, one.hint)
