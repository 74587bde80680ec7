# SPDX-License-Identifier: Apache-2.0
"""`ignition help [COMMAND]`: shows what a command does, and its flags."""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.cli import compat
from ignition.cli.commands import AUTHORS, parser_of
from ignition.cli.output import write_stdout


def main(args: list[str]) -> int:
    """Exit status: 0 success, 2 unknown command."""
    write_stdout(_text(args[0] if args else "help"))
    return 0


def _text(program: str) -> str:
    if program == "ignition-apply":
        from ignition.cli import container_apply

        return compat.fit_to_terminal(container_apply.USAGE)
    name = program.removeprefix("ignition-")
    if name in ("help", "version", "ignition"):
        return compat.fit_to_terminal()
    if name in AUTHORS:
        return parser_of(name).format_help()
    if name in ("rmcfg", "run", "validate"):
        from ignition.cli import rmcfg, run, validate

        usage = {"rmcfg": rmcfg.USAGE, "run": run.USAGE, "validate": validate.USAGE}
        return compat.fit_to_terminal(usage[name])
    from ignition.cli import advice

    raise Failure(
        "IGN6004",
        f"no help for {name!r}",
        hint=advice.suggest_command(name, ["--help"]),
        exit_status=2,
    )
