# SPDX-License-Identifier: Apache-2.0
"""Ignition's command line: `ignition --platform ID --stage NAME`.

Follows the grammar of Go's flag package: one dash or two, `-x=v` or `-x v`, booleans only as `-x` or
`-x=true`, no abbreviations. Parsing stops at the first argument that is not a flag, and the rest is ignored.
Error messages are word for word those of that package, because people and scripts match them.
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
  ignition run PHASE...   run several phases in one process
  ignition lint FILE...   check configs
  ignition test FILE...   boot configs in QEMU and check the machines
  ignition expect FILE    print what a config promises about its machine
  ignition render FILE    merge a config with the configs that it references
  ignition why NAME FILE  show which config gives something its content
  ignition diff OLD NEW   compare two configs by what a machine would get
  ignition convert FILE   convert a config to another spec version
  ignition apply FILE...  apply configs to a container, an image or a chroot
  ignition help COMMAND   show what a command does, and its flags
  ignition version        print the version

At boot, one unit per phase runs ignition without a command:
  -config-cache PATH     file to store the rendered config in (default "/run/ignition.json")
  -fetch-timeout TIME    timeout for fetching the platform's config (default 2m0s)
  -log-to-stdout         log to standard output instead of the system log
  -neednet PATH          flag file that requests the network (default "/run/ignition/neednet")
  -platform ID           platform of this machine (required)
  -root PATH             root of the target system (default "/")
  -stage NAME            phase to run (required): fetch-offline, fetch, kargs, disks, mount,
                         files or umount
  -state-file PATH       file to pass state between phases (default "/run/ignition/state")
  -version               print the version and exit
"""

TRUE = ("1", "t", "T", "true", "TRUE", "True")
FALSE = ("0", "f", "F", "false", "FALSE", "False")


class UsageError(Exception):
    """An invalid command line; the program prints the message to standard error and exits with status 2."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


def fit_to_terminal(text: str = USAGE) -> str:
    """A usage text reflowed to the width of the terminal; unchanged in the initramfs."""
    if in_initramfs():
        return text
    from ignition.cli.layout import reflow, terminal_width

    return reflow(text, terminal_width())


class UnknownFlag(UsageError):
    """A flag that does not exist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"flag provided but not defined: -{name}")
        self.name = name


class Request:
    """The flags that are not settings."""

    __slots__ = ("help", "platform_given", "stage", "version")

    def __init__(self) -> None:
        self.stage = ""
        self.platform_given = False
        self.version = False
        self.help = False


def parse(args: list[str], settings: Settings, platforms: Collection[str]) -> Request:
    """Parses the arguments into `settings` and a request; `platforms` are the known ids.

    UsageError for everything that Ignition rejects.
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
    """UsageError if --platform was not given."""
    if not request.platform_given:
        raise UsageError("'--platform' must be provided", _platform_hint(platforms))


def read_flags(
    args: list[str], settings: Settings, platforms: Collection[str], request: Request
) -> list[str]:
    """Parses flags up to the first argument that is not a flag; returns the arguments from there on."""
    rest = list(args)
    while rest and len(rest[0]) > 1 and rest[0].startswith("-"):
        arg = rest.pop(0)
        if arg == "--":
            break
        name, has_value, value = arg.removeprefix("-").removeprefix("-").partition("=")
        if not name or name.startswith("-"):
            raise UsageError(f"bad flag syntax: {arg}")
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
