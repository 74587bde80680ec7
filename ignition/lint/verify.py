# SPDX-License-Identifier: Apache-2.0
"""Optional checks of units by `systemd-analyze verify`.

It knows more than the rules here, but checks against this computer instead of the target machine, so its
messages about missing programs and units are dropped.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from typing import TYPE_CHECKING

from ignition.base.finding import INFO
from ignition.lint import unit_text
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.embedded import Embedded
    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

SYSTEMD_VERIFY = LintRule(
    "IGN1938",
    "systemd-analyze verify reported a problem",
    hint="see the message from systemd",
)
"""A message of `systemd-analyze verify` about a unit. Only checked with `--systemd-verify`."""

SYSTEMD_VERIFY_UNAVAILABLE = LintRule(
    "IGN1939",
    "units were not verified: cannot run systemd-analyze",
    hint="install systemd, or omit --systemd-verify",
    severity=INFO,
)
"""`--systemd-verify` requires systemd-analyze."""

_LINE = re.compile(r"(?P<file>[^:]+):(?:(?P<line>\d+):)? (?P<message>.+)")
_ABOUT_THIS_COMPUTER = re.compile(
    r"is not executable|not found|No such file|man page|masked"
    r"|Failed to (load|create|open|prepare|connect|add)"
)
_TIMEOUT = 60


def violations(subject: Subject) -> Iterator[Violation]:
    """The messages of systemd-analyze about the units of a config."""
    texts: dict[str, Embedded] = {}
    for unit in unit_text.unit_files(subject):
        if unit.main is None or not unit.kind or "/" in unit.name or "\0" in unit.name:
            continue
        texts[unit.name] = unit.main.embedded
        for dropin in unit.dropins:
            name = dropin.embedded.name.rpartition("/")[2]
            texts[f"{unit.name}.d/{name}"] = dropin.embedded
    if texts:
        yield from _verified(subject, texts)


def _verified(subject: Subject, texts: dict[str, Embedded]) -> Iterator[Violation]:
    units = [name for name in texts if "/" not in name]
    with tempfile.TemporaryDirectory(prefix="ignition-lint-") as directory:
        for name, text in texts.items():
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(text.text.encode("utf-8", "surrogatepass"))
        try:
            done = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "--", *units],
                cwd=directory,
                env={**os.environ, "SYSTEMD_UNIT_PATH": f"{directory}:", "LC_ALL": "C"},
                capture_output=True,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
                timeout=_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            yield SYSTEMD_VERIFY_UNAVAILABLE.at(("systemd", "units"))
            return
        for line in done.stderr.splitlines():
            match = _LINE.fullmatch(line)
            if match and not _ABOUT_THIS_COMPUTER.search(line):
                name = os.path.relpath(match["file"], directory) if match["line"] else match["file"]
                if name in texts:
                    span = _line_span(texts[name].text, int(match["line"] or 1))
                    # After a colon, systemd quotes the value, which may be a secret.
                    message = f"systemd: {match['message'].partition(': ')[0]}"
                    yield SYSTEMD_VERIFY.inside(texts[name], span, message)


def _line_span(text: str, line: int) -> tuple[int, int]:
    lines = text.split("\n")
    line = min(max(line, 1), len(lines))
    start = sum(len(each) + 1 for each in lines[: line - 1])
    return start, start + len(lines[line - 1])
