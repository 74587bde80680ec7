# SPDX-License-Identifier: Apache-2.0
"""What lint says about a config: a finding with the span that it is about."""

from __future__ import annotations

from ignition.base.origin import Origin
from ignition.base.record import record


@record
class Inner:
    """A place inside a text that a config carries: the unit or file, line and column in it (from 1).

    If the text is a config itself, `pointer` is the JSON pointer in it.
    """

    name: str
    line: int = 0
    column: int = 0
    pointer: str = ""


@record
class LintFinding:
    """One problem. The first fields are those of `base.finding.Finding`.

    `end_line` and `end_column` are the place after the last byte of what it is about, 0 where unknown;
    columns count bytes from 1. `inner` is set for problems inside an embedded text. What a `secret` finding
    is about must not be shown: it may well be a password or a key.
    """

    code: str
    severity: str
    message: str
    origin: Origin
    hint: str = ""
    end_line: int = 0
    end_column: int = 0
    inner: Inner | None = None
    secret: bool = False
