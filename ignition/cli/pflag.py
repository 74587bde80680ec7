# SPDX-License-Identifier: Apache-2.0
"""The grammar of Go's pflag package: flags have two dashes, and other arguments may stand between them.

Error messages are those of that package, because people and scripts match them.
"""

from __future__ import annotations

from ignition.cli.compat import FALSE, TRUE, UsageError


def parse(args: list[str], values: dict[str, str], switches: dict[str, bool]) -> list[str]:
    """Sets values and switches, whose keys are the known flags, and returns the other arguments.

    `switches` must have `help`. UsageError with the messages of pflag.
    """
    others: list[str] = []
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            others += rest
            break
        if len(arg) < 2 or not arg.startswith("-"):
            others.append(arg)
        elif arg.startswith("--"):
            _long(arg, rest, values, switches)
        elif arg.startswith("-h"):
            switches["help"] = True
        else:
            raise UsageError(f"unknown shorthand flag: {arg[1]!r} in {arg}")
    return others


def _long(arg: str, rest: list[str], values: dict[str, str], switches: dict[str, bool]) -> None:
    name, has_value, value = arg[2:].partition("=")
    if not name or name.startswith("-"):
        raise UsageError(f"bad flag syntax: {arg}")
    if name in values:
        if not has_value and not rest:
            raise UsageError(f"flag needs an argument: --{name}")
        values[name] = value if has_value else rest.pop(0)
    elif name in switches:
        switches[name] = _boolean(name, value if has_value else "true")
    else:
        raise UsageError(f"unknown flag: --{name}")


def advice(error: str, flags: tuple[str, ...]) -> str:
    """A line that suggests a similar flag; "" if there is none."""
    from ignition.base.suggest import closest

    close = closest(error.rpartition("--")[2], flags)
    return f"did you mean --{close}?\n" if close and error.startswith("unknown flag") else ""


def _boolean(name: str, value: str) -> bool:
    if value in TRUE or value in FALSE:
        return value in TRUE
    raise UsageError(
        f'invalid argument "{value}" for "--{name}" flag: strconv.ParseBool: parsing "{value}":'
        " invalid syntax"
    )
