# SPDX-License-Identifier: Apache-2.0
"""`ignition-rmcfg`: deletes the user config from the hypervisor. Flags and messages are Ignition's."""

from __future__ import annotations

import ignition
from ignition import providers
from ignition.acquisition import platforms
from ignition.base import entrypoint, streams
from ignition.base.errors import Failure
from ignition.base.log import Log, open_sink
from ignition.base.printable import printable
from ignition.base.settings import Settings, load_settings
from ignition.cli import pflag
from ignition.cli.compat import UsageError, fit_to_terminal
from ignition.resource.context import FetchContext

USAGE = """\
Usage: ignition-rmcfg --platform ID [flags]

Deletes the user config from the hypervisor (virtualbox, vmware), where every program on the machine
could still read it.

Flags:
      --log-to-stdout   log to standard output instead of the system log
      --platform ID     platform of this machine (required)
      --version         print the version and exit
  -h, --help            show this text

Exit status: 0 deleted, no config, or deletion denied (see the log); 1 failure, 2 usage error
"""


FLAGS = ("platform", "log-to-stdout", "version", "help")


class Request:
    """The parsed command line; `args` are the arguments that are not flags."""

    __slots__ = ("args", "help", "log_to_stdout", "platform", "version")

    def __init__(self) -> None:
        self.platform = ""
        self.log_to_stdout = False
        self.version = False
        self.help = False
        self.args: list[str] = []


def main(args: list[str]) -> int:
    """Exit status: 0 success (or denied by VMware, with a warning), 1 failure, 2 usage error."""
    try:
        request = parse(args)
    except UsageError as error:
        streams.print_error(f"{printable(str(error))}\n{pflag.advice(str(error), FLAGS)}{USAGE}")
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
        streams.print_error(f"{named} is not a valid platform\n  use one of {known}\n")
        return 2
    settings = load_settings()
    settings.log_to_stdout = request.log_to_stdout
    settings.platform = providers.canonical_id(request.platform)
    return run(settings)


def run(settings: Settings) -> int:
    """Deletes the config from the platform in the settings and logs the result."""
    log = Log(open_sink(stdout=settings.log_to_stdout))
    log.info(f"Ignition {ignition.__version__}")
    try:
        deleted = delete(settings, log)
    except Failure as failure:
        log.critical(f"couldn't delete config: {failure.text}")
        if failure.hint:
            log.critical(failure.hint)
        if not settings.log_to_stdout:
            entrypoint.print_failure("ignition-rmcfg", failure)
        return 1
    if deleted:
        log.info("Successfully deleted config")
    else:
        # Not a failure in Ignition either: it would stop the boot of every machine that denies deletion.
        log.warning("the config was not deleted: every program on the machine can read it")
    return 0


def delete(settings: Settings, log: Log) -> bool:
    """Has the provider delete the config; returns whether it did.

    Failure (IGN5640) if the platform has no way to do that.
    """
    provider = platforms.with_delete(settings.platform)
    if provider is None:
        raise Failure(
            "IGN5640",
            "cannot delete config on this platform",
            hint=f"{settings.platform} has no way to do that from inside the machine",
        )
    return provider.delete(FetchContext(settings, log))


def parse(args: list[str]) -> Request:
    """Parses the arguments. UsageError with the messages of pflag."""
    request = Request()
    values = {"platform": ""}
    switches = dict.fromkeys(("log-to-stdout", "version", "help"), False)
    request.args = pflag.parse(args, values, switches)
    request.platform = values["platform"]
    request.log_to_stdout = switches["log-to-stdout"]
    request.version, request.help = switches["version"], switches["help"]
    return request
