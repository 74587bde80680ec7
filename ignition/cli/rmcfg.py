# SPDX-License-Identifier: Apache-2.0
"""`ignition-rmcfg`: deletes the user config from the hypervisor, flag for flag as the original.

Its flags follow the rules of pflag: two dashes, in any position (docs/behaviour/run.md).
"""

from __future__ import annotations

import ignition
from ignition import providers
from ignition.acquisition import platforms
from ignition.base import entrypoint, streams
from ignition.base.errors import Failure
from ignition.base.log import Log, open_sink
from ignition.base.printable import printable
from ignition.base.settings import Settings, load_settings
from ignition.cli.compat import FALSE, TRUE, UsageError, fit_to_terminal
from ignition.resource.context import FetchContext

USAGE = """\
Usage: ignition-rmcfg --platform ID [flags]

Deletes the user config from the platform, where it stays readable for every program of the machine:
virtualbox and vmware.

Flags:
      --log-to-stdout   log to standard output instead of the system log
      --platform ID     the platform that this machine runs on (required)
      --version         print the version and exit
  -h, --help            show this text

Exit status: 0 deleted, nothing there, or not allowed (the log tells); 1 failed, 2 wrong use
"""


class Request:
    """What the args ask for."""

    __slots__ = ("args", "help", "log_to_stdout", "platform", "version")

    def __init__(self) -> None:
        self.platform = ""
        self.log_to_stdout = False
        self.version = False
        self.help = False
        self.args: list[str] = []


def main(args: list[str]) -> int:
    """Exit status 0 done (or refused by VMware, with a warning), 1 failed, 2 wrong use."""
    try:
        request = parse(args)
    except UsageError as error:
        streams.print_error(f"{printable(str(error))}\n{_advice(str(error))}{USAGE}")
        return 2
    if request.help:
        streams.print_error(fit_to_terminal(USAGE))
        return 0
    if request.version:
        from ignition.cli import version

        return version.main([])
    if request.args:
        streams.print_error(USAGE)
        return 2
    if not request.platform:
        streams.print_error("'--platform' must be provided\n")
        return 2
    if request.platform not in providers.platform_ids():
        known = ", ".join(providers.platform_ids())
        named = printable(request.platform)
        streams.print_error(f"{named} is not a valid platform\n  it is one of {known}\n")
        return 2
    settings = load_settings()
    settings.log_to_stdout = request.log_to_stdout
    settings.platform = providers.canonical_id(request.platform)
    return run(settings)


def run(settings: Settings) -> int:
    """Deletes the config of the platform in the settings; says in the log how that went."""
    log = Log(open_sink(stdout=settings.log_to_stdout))
    log.info(f"Ignition {ignition.__version__}")
    try:
        gone = delete(settings, log)
    except Failure as failure:
        log.critical(f"couldn't delete config: {failure.text}")
        if failure.hint:
            log.critical(failure.hint)
        if not settings.log_to_stdout:
            entrypoint.print_failure("ignition-rmcfg", failure)
        return 1
    if gone:
        log.info("Successfully deleted config")
    else:
        # As in the original no failure, which would stop the boot of a machine that is made so.
        log.warning("the config was not deleted: every program of the machine can read it")
    return 0


def delete(settings: Settings, log: Log) -> bool:
    """Has the provider delete the config; whether it is gone. IGN5640 where it has no way to do that."""
    provider = platforms.with_delete(settings.platform)
    if provider is None:
        raise Failure(
            "IGN5640",
            "cannot delete config on this platform",
            hint=f"{settings.platform} has no way to do that from inside the machine",
        )
    return provider.delete(FetchContext(settings, log))


def parse(args: list[str]) -> Request:
    """Reads the words after the program's name; UsageError in pflag's args."""
    request = Request()
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            request.args += rest
            break
        if len(word) < 2 or not word.startswith("-"):
            request.args.append(word)
        elif word.startswith("--"):
            _long(word, rest, request)
        elif word.startswith("-h"):
            request.help = True
        else:
            raise UsageError(f"unknown shorthand flag: {word[1]!r} in {word}")
    return request


def _long(word: str, rest: list[str], request: Request) -> None:
    name, has_value, value = word[2:].partition("=")
    if not name or name.startswith("-"):
        raise UsageError(f"bad flag syntax: {word}")
    if name == "platform":
        if not has_value and not rest:
            raise UsageError("flag needs an argument: --platform")
        request.platform = value if has_value else rest.pop(0)
    elif name in ("log-to-stdout", "version", "help"):
        setattr(request, name.replace("-", "_"), _boolean(name, value if has_value else "true"))
    else:
        raise UsageError(f"unknown flag: --{name}")


def _advice(error: str) -> str:
    from ignition.base.suggest import closest

    close = closest(error.rpartition("--")[2], ("platform", "log-to-stdout", "version", "help"))
    return f"perhaps --{close} is meant\n" if close and error.startswith("unknown flag") else ""


def _boolean(name: str, value: str) -> bool:
    if value in TRUE or value in FALSE:
        return value in TRUE
    raise UsageError(
        f'invalid argument "{value}" for "--{name}" flag: strconv.ParseBool: parsing "{value}":'
        " invalid syntax"
    )
