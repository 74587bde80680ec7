# SPDX-License-Identifier: Apache-2.0
"""The programs: which one this is follows from the name under which it was started."""

from __future__ import annotations

import os
import sys

import ignition
from ignition.base.errors import Failure
from ignition.base.settings import from_process, in_initramfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.settings import Settings
    from ignition.cli import compat

# Subcommands, each in its own file of cli/, loaded when it is asked for.
COMMANDS = ("convert", "lint", "render", "run")
NOT_BUILT_YET = ("apply", "plan", "test")


def main(argv: list[str] | None = None) -> int:
    """Runs the program named by argv[0] and returns its exit status."""
    words = sys.argv if argv is None else argv
    program = os.path.basename(words[0])
    if program == "__main__.py":  # python -m ignition
        program = "ignition"
    try:
        if program == "ignition-validate":
            from ignition.cli import validate

            status: int = validate.main(words[1:])
        elif program == "ignition-rmcfg":
            from ignition.cli import rmcfg

            status = rmcfg.main(words[1:])
        elif len(words) > 1 and words[1] in COMMANDS:
            name = f"ignition.cli.{words[1]}"
            __import__(name)
            command: Any = sys.modules[name]
            status = command.main(words[2:])
        elif program == "ignition-apply":
            raise _not_built_yet(program)
        elif len(words) > 1 and words[1] in NOT_BUILT_YET:
            raise _not_built_yet(f"ignition {words[1]}")
        else:
            status = boot(words[1:])
        return status
    except Failure as failure:
        sys.stderr.write(f"{program}: {failure.code}: {failure.text}\n")
        if failure.hint:
            sys.stderr.write(f"  {failure.hint}\n")
        return failure.exit_status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has enough of it; keep the interpreter from saying so at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141


def _not_built_yet(what: str) -> Failure:
    failure = Failure("IGN6005", f"{what} is not built yet", hint="see ignition --help for what is")
    failure.exit_status = 2
    return failure


def boot(words: list[str]) -> int:
    """`ignition --platform P --stage S ...`, as the units call it."""
    from ignition import providers
    from ignition.cli import compat

    settings = from_process()
    try:
        request = compat.parse(words, settings, providers.names())
    except compat.UsageError as error:
        _usage_error(error, settings)
        return 2
    if request.help:
        sys.stderr.write(compat.USAGE)
        return 0
    if request.version:
        sys.stdout.write(f"Ignition {ignition.__version__}\n")
        return 0
    from ignition.engine.main import run

    return run([request.stage], settings)


def _usage_error(error: compat.UsageError, settings: Settings) -> None:
    """In the initramfs nobody reads a usage text, so the cause also goes where failures are shown."""
    from ignition.cli import compat
    from ignition.engine import report
    from ignition.engine.view import explain, open_view

    sys.stderr.write(f"{error}\n{error.hint or compat.USAGE}\n")
    if in_initramfs():
        failure = Failure("IGN6003" if error.hint else "IGN6004", str(error), hint=error.hint)
        open_view(settings.console).line(f"FAILED {failure.code} {failure.text}")
        report.keep_failure(explain("", [failure]), settings)


if __name__ == "__main__":
    sys.exit(main())
