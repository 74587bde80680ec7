# SPDX-License-Identifier: Apache-2.0
"""How the authors' commands fetch the configs that a config references: their flags, and the context."""

from __future__ import annotations

import argparse
import os

from ignition.base import streams
from ignition.base.log import Log
from ignition.base.printable import printable
from ignition.base.settings import Settings
from ignition.resource.context import FetchContext

# Seconds. At boot the engine retries forever; at a prompt that would only look like a hang.
_DEFAULT_TIMEOUT = 30


def add_options(parser: argparse.ArgumentParser, timeout: int = _DEFAULT_TIMEOUT) -> None:
    """Adds --offline, --timeout, whose default is `timeout` seconds, and --verbose."""
    add = parser.add_argument
    add("--offline", action="store_true", help="do not access the network")
    add(
        "--timeout",
        type=int,
        default=timeout,
        metavar="SECONDS",
        help=f"timeout of each fetch, including retries (default: {timeout}; 0: none)",
    )
    add("--verbose", action="store_true", help="print the engine's log to standard error")


def context(options: argparse.Namespace) -> FetchContext:
    """The context for these flags; progress goes to a terminal on standard error."""
    settings = Settings()
    settings.wait_fetch = max(options.timeout, 0)

    def sink(_level: int, text: str) -> None:
        if options.verbose:
            streams.print_error(f"{printable(text)}\n")

    def progress(text: str) -> None:
        if os.isatty(streams.STDERR):
            streams.print_error(f"{printable(text)}\n")

    return FetchContext(settings, Log(sink), offline=options.offline, progress=progress)
