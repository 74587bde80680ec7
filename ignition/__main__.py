# SPDX-License-Identifier: Apache-2.0
"""Entry point of all programs; argv[0] selects the program, as with busybox."""

from __future__ import annotations

import gc
import os
import sys

from ignition.base import load_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.errors import Failure
    from ignition.base.settings import Settings
    from ignition.cli import compat

# A config creates many objects and almost no reference cycles. With the default threshold of 700, garbage
# collection takes 5 % of a small run.
_GC_THRESHOLD = 50_000

# Each subcommand is a module in cli/, imported on demand.
COMMANDS = (
    "apply",
    "convert",
    "diff",
    "expect",
    "help",
    "lint",
    "render",
    "run",
    "test",
    "version",
    "why",
)
PLANNED = ("plan",)


def main(argv: list[str] | None = None) -> int:
    """Runs the program named by argv[0] and returns its exit status."""
    gc.set_threshold(_GC_THRESHOLD)
    args = sys.argv if argv is None else argv
    program = os.path.basename(args[0])
    if program == "__main__.py":  # python -m ignition
        program = "ignition"
    try:
        from ignition.base import entrypoint

        return entrypoint.run(program, lambda: _program(program, args[1:]))
    except KeyboardInterrupt:  # before entrypoint was imported
        return 130


def _program(program: str, args: list[str]) -> int:
    if program == "ignition-validate":
        return _run("validate", args)
    if program == "ignition-rmcfg":
        return _run("rmcfg", args)
    if program == "ignition-apply":
        return _run("container_apply", args)
    if args and args[0] in COMMANDS:
        return _run(args[0], args[1:])
    if args and args[0] in PLANNED:
        raise _unavailable("IGN6005", f"ignition {args[0]} is not implemented yet")
    return boot(args)


def _run(command: str, args: list[str]) -> int:
    """Failure (IGN6313) if the command, or the testbed that it uses, is not part of this installation."""
    name = f"ignition.cli.{command}"
    try:
        status: int = load_module(name).main(args)
    except ModuleNotFoundError as error:
        if error.name == name:
            raise _unavailable("IGN6313", f"{command} is not in this initramfs") from error
        if error.name == "ignition.testbed":
            text = f"ignition {command} is not on installed systems"
            hint = "run it where the configs are written, from the Python package or a checkout"
            raise _unavailable("IGN6313", text, hint) from error
        raise
    return status


def _unavailable(
    code: str, text: str, hint: str = "see ignition --help for the available commands"
) -> Failure:
    from ignition.base.errors import Failure

    return Failure(code, text, hint=hint, exit_status=2)


def boot(args: list[str]) -> int:
    """Runs one phase: `ignition --platform ID --stage NAME`, the command line of the boot units."""
    from ignition import providers
    from ignition.base import streams
    from ignition.base.settings import load_settings
    from ignition.cli import compat

    settings = load_settings()
    try:
        request = compat.parse(args, settings, providers.platform_ids())
    except compat.UsageError as error:
        _usage_error(error, args, settings)
        return 2
    if request.help:
        streams.print_error(compat.fit_to_terminal())
        return 0
    if request.version:
        return _run("version", [])
    from ignition.engine.main import run

    return run([request.stage], settings)


def _usage_error(error: compat.UsageError, args: list[str], settings: Settings) -> None:
    """Reports a usage error; in the initramfs also to the console and the failure file."""
    from ignition.base import streams
    from ignition.base.errors import Failure
    from ignition.base.printable import printable
    from ignition.base.settings import in_initramfs
    from ignition.cli import compat
    from ignition.engine import report
    from ignition.engine.view import explain, open_view

    if not in_initramfs():
        try:
            from ignition.cli import advice
        except ImportError:
            pass  # an initramfs tree, run outside of an initramfs
        else:
            streams.print_error(advice.usage_advice(error, args))
            return
    streams.print_error(f"{printable(str(error))}\n{error.hint or compat.USAGE}\n")
    failure = Failure("IGN6003" if error.hint else "IGN6004", str(error), hint=error.hint)
    open_view(settings.console).line(f"FAILED {failure.code} {failure.text}")
    report.write_failure(explain("", [failure]), settings)


if __name__ == "__main__":
    sys.exit(main())
