# SPDX-License-Identifier: Apache-2.0
"""Values that no machine can be given, and sources that nothing comes from, by the rules of every phase."""

from __future__ import annotations

from ignition.base.finding import WARNING
from ignition.config.rules import fetches, headers, values
from ignition.lint.rule import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.subject import Subject

_SECRET = ("passwordHash", "sshAuthorizedKeys")
_OF_THE_SPECS = ("IGN1402",)  # said already when the config was read


def check(subject: Subject) -> Iterator[Violation]:
    for one in values.check(subject.value):
        if one.code not in _OF_THE_SPECS:
            # A part of a merge may mean it.
            severity = WARNING if one.code == headers.NO_VALUE.code else one.severity
            found = Violation(one.code, severity, one.path, one.message, one.hint)
            found.secret = any(part in _SECRET for part in one.path)
            yield found
    for resource, path in subject.resources():
        for one in fetches.check_resource(resource, path):
            yield Violation(one.code, one.severity, one.path, one.message, one.hint)
