# SPDX-License-Identifier: Apache-2.0
"""`ignition version`, and -version of all programs."""

from __future__ import annotations

import ignition
from ignition.cli.output import write_stdout


def main(_words: list[str]) -> int:
    """Exit status 0."""
    write_stdout(f"Ignition {ignition.__version__}\n")
    return 0
