# SPDX-License-Identifier: Apache-2.0
"""Findings of lint: those of `base.finding` with an end, and a location inside an embedded text."""

from __future__ import annotations

from ignition.base.origin import Origin
from ignition.base.record import record


@record
class Inner:
    """A location in an embedded text: name of the unit or file, line and column (from 1; 0 if unknown).

    If the text is a config, `pointer` is a JSON pointer into it.
    """

    name: str
    line: int = 0
    column: int = 0
    pointer: str = ""


@record
class LintFinding:
    """One problem. The first fields are those of `base.finding.Finding`.

    `end_line` and `end_column` are the position after the last byte, 0 if unknown; columns count bytes from
    1. `inner` is set for problems inside an embedded text. The value of a `secret` finding may be a password
    or a key, so formats must not print an excerpt.
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
