# SPDX-License-Identifier: Apache-2.0
"""Regular expressions within a time limit: some take ages on a text that does not match.

Python's `re` cannot be interrupted in a thread, so the search runs in a child process.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence

LIMIT = 10.0
"""Seconds for one expression on all its texts."""
_CHILD = """\
import json, re, sys
asked = json.load(sys.stdin)
pattern = re.compile(asked["pattern"], re.MULTILINE)
print(next((at for at, text in enumerate(asked["texts"]) if pattern.search(text)), -1))
"""


class CannotSearch(Exception):
    """Why the expression cannot be searched, as words for `reason`."""


def search(pattern: str, texts: Sequence[str]) -> int | None:
    """The index of the first text in which the expression is found. `^` and `$` match at line breaks, as
    docs/expectations.md promises.

    CannotSearch if it is not a regular expression, or takes longer than LIMIT.
    """
    try:
        re.compile(pattern, re.MULTILINE)
    except (re.error, RecursionError, OverflowError) as error:
        raise CannotSearch(f"not a regular expression: {error}") from None
    try:
        child = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CHILD],
            input=json.dumps({"pattern": pattern, "texts": list(texts)}),
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        raise CannotSearch(f"the search took longer than {LIMIT:.0f} s") from None
    except OSError as error:
        raise CannotSearch(f"the search cannot be started: {error.strerror}") from None
    answer = child.stdout.strip()
    if child.returncode != 0:
        raise CannotSearch("the search ran out of memory")
    return int(answer) if answer != "-1" else None
