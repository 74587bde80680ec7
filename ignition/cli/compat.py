# SPDX-License-Identifier: Apache-2.0
"""The original's own command line: `ignition --platform P --stage S ...`.

Go's flag grammar: one dash or two, `-x=v` or `-x v`, booleans only `-x` or `-x=true`, no
abbreviations; parsing stops at the first word that is no flag, and what follows is ignored. The words of
the errors are those of Go's package, because people and scripts know them.
"""

from __future__ import annotations

from ignition.base.settings import PHASE_NAMES, in_initramfs, parse_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from ignition.base.settings import Settings

STAGES = sorted(PHASE_NAMES)

USAGE = """\
Usage of ignition:
  ignition run PHASE...  several phases in one process
  ignition lint FILE...  check configs
  ignition render FILE   a config with all that it refers to
  ignition convert FILE  a config in another spec version
  ignition help COMMAND  what a command does, and its flags
  ignition version       the version

At boot one unit per phase runs ignition without a command:
  -config-cache PATH     where the rendered config is kept (default "/run/ignition.json")
  -fetch-timeout TIME    limit for fetching the platform's config (default 2m0s)
  -log-to-stdout         log to standard output instead of the system log
  -neednet PATH          flag file that asks for the network (default "/run/ignition/neednet")
  -platform ID           the platform that this machine runs on (required)
  -root PATH             root of the target system (default "/")
  -stage NAME            the phase to run (required): fetch-offline, fetch, kargs, disks, mount,
                         files or umount
  -state-file PATH       what one phase leaves for the next (default "/run/ignition/state")
  -version               print the version and exit
"""

TRUE = ("1", "t", "T", "true", "TRUE", "True")
FALSE = ("0", "f", "F", "false", "FALSE", "False")


class UsageError(Exception):
    """A command line that cannot be followed: the text goes to standard error, the status is 2."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


def fit_to_terminal(text: str = USAGE) -> str:
    """A usage text as wide as the terminal. Not in the initramfs, which has nothing to lay it out with."""
    if in_initramfs():
        return text
    from ignition.cli.layout import reflow, terminal_width

    return reflow(text, terminal_width())


class UnknownFlag(UsageError):
    """A flag that there is not."""

    def __init__(self, name: str) -> None:
        super().__init__(f"flag provided but not defined: -{name}")
        self.name = name


class Request:
    """What the flags ask for beside the settings."""

    __slots__ = ("help", "platform_given", "stage", "version")

    def __init__(self) -> None:
        self.stage = ""
        self.platform_given = False
        self.version = False
        self.help = False


def parse(args: list[str], settings: Settings, platforms: Collection[str]) -> Request:
    """Reads the words after the program's name into `settings`; `platforms` are the known ids.

    UsageError for what Go would refuse.
    """
    request = Request()
    read_flags(args, settings, platforms, request)
    if request.help or request.version:
        return request
    require_platform(request, platforms)
    if not request.stage:
        raise UsageError("'--stage' must be provided")
    return request


def require_platform(request: Request, platforms: Collection[str]) -> None:
    """UsageError when no flag named the platform."""
    if not request.platform_given:
        raise UsageError("'--platform' must be provided", _platform_hint(platforms))


def read_flags(
    args: list[str], settings: Settings, platforms: Collection[str], request: Request
) -> list[str]:
    """Reads flags up to the first word that is none; returns the words from there on."""
    rest = list(args)
    while rest and len(rest[0]) > 1 and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        name, has_value, value = word.removeprefix("-").removeprefix("-").partition("=")
        if not name or name.startswith("-"):
            raise UsageError(f"bad flag syntax: {word}")
        if name in ("h", "help"):
            request.help = True
            break
        if name in ("log-to-stdout", "version"):
            switch = _boolean(name, value if has_value else "true")
            if name == "version":
                request.version = switch
            else:
                settings.log_to_stdout = switch
            continue
        if name not in TEXT_FLAGS:
            raise UnknownFlag(name)
        if not has_value:
            if not rest:
                raise UsageError(f"flag needs an argument: -{name}")
            value = rest.pop(0)
        _set(name, value, settings, platforms, request)
    return rest


def _set(
    name: str, value: str, settings: Settings, platforms: Collection[str], request: Request
) -> None:
    if name == "platform":
        if value not in platforms:
            why = _invalid(value, name, f"{value} is not a valid platform")
            raise UsageError(str(why), _platform_hint(platforms))
        settings.platform = value
        request.platform_given = True
    elif name == "stage":
        if value not in STAGES:
            raise _invalid(value, name, f"{value} is not a valid stage")
        request.stage = value
    elif name == "fetch-timeout":
        settings.fetch_timeout = _timeout(value)
    else:
        setattr(settings, name.replace("-", "_"), value)


def _platform_hint(platforms: Collection[str]) -> str:
    return f"set ignition.platform.id= on the kernel command line to one of {', '.join(platforms)}"


TEXT_FLAGS = (
    "config-cache",
    "fetch-timeout",
    "neednet",
    "platform",
    "root",
    "stage",
    "state-file",
)


def _invalid(value: str, name: str, why: str) -> UsageError:
    return UsageError(f'invalid value "{value}" for flag -{name}: {why}')


def _boolean(name: str, value: str) -> bool:
    if value in TRUE or value in FALSE:
        return value in TRUE
    raise UsageError(f'invalid boolean value "{value}" for -{name}: parse error')


def _timeout(value: str) -> int:
    try:
        return int(parse_duration(value))
    except ValueError:
        raise _invalid(value, "fetch-timeout", "parse error") from None
