# SPDX-License-Identifier: Apache-2.0
"""`ignition-apply`: applies a config inside a container. Flags and messages are Ignition's."""

from __future__ import annotations

import os
import tempfile

import ignition
from ignition.base import streams
from ignition.base.errors import Failure, InvalidConfig, Refused, flatten
from ignition.base.finding import ERROR, Finding
from ignition.base.log import Log, open_sink
from ignition.base.printable import printable
from ignition.base.settings import load_settings
from ignition.cli import pflag
from ignition.cli.compat import UsageError, fit_to_terminal
from ignition.config.parse import parse
from ignition.engine.view import View
from ignition.lint.batch import read_file
from ignition.lint.result import STANDARD_INPUT
from ignition.live import engine, unsupported
from ignition.live.merged import Source, merge_all
from ignition.resource.context import FetchContext

USAGE = """\
Usage: ignition-apply [flags] CONFIG

Applies a config inside a container: files, directories, links, units and presets. CONFIG may be - for
standard input. A config with other parts is refused before anything is changed.

Flags:
      --ignore-unsupported  skip the parts that need a first boot, and users and groups
      --offline             refuse a config that needs the network
      --root DIR            root of the filesystem (default /)
      --version             print the version and exit
  -h, --help                show this text

Exit status: 0 applied, 1 failure or not exactly one config, 2 unknown flag
"""
FLAGS = ("ignore-unsupported", "offline", "root", "version", "help")
_MARKS = ("/run/.containerenv", "/.dockerenv")


def main(args: list[str]) -> int:
    """Exit status: 0 applied, 1 failure or not exactly one config, 2 unknown flag."""
    values = {"root": "/"}
    switches = dict.fromkeys((name for name in FLAGS if name != "root"), False)
    try:
        configs = pflag.parse(args, values, switches)
    except UsageError as error:
        advice = pflag.advice(str(error), FLAGS)
        streams.print_error(f"{printable(str(error))}\n{advice}{USAGE}")
        return 2
    if switches["help"]:
        streams.print_error(fit_to_terminal(USAGE))
        return 0
    if switches["version"]:
        from ignition.cli import version

        return version.main([])
    if len(configs) != 1:
        streams.print_error(USAGE)
        return 1
    log = Log(open_sink(stdout=True))
    log.info(f"Ignition {ignition.__version__}")
    try:
        _run(configs[0], values["root"], switches, log)
    except Failure as failure:
        _log_failure(failure, log)
        return failure.exit_status if failure.exit_status > 128 else 1
    return 0


def _run(path: str, root: str, switches: dict[str, bool], log: Log) -> None:
    source = _read(path)
    _parse(source)
    _require_container()
    settings = engine.prepared(load_settings())
    settings.root = os.path.abspath(root)
    ctx = FetchContext(settings, log, offline=switches["offline"])
    merged = merge_all([source], ctx)
    _log_findings(merged.findings, log)
    parts = unsupported.parts(merged.value, accounts=True)
    if parts and not switches["ignore-unsupported"]:
        raise unsupported.refused(parts, merged.table)
    for part in parts:
        log.warning(f"skipping {part}: it cannot be applied to a container")
    config = unsupported.without(merged.value, parts)
    with tempfile.TemporaryDirectory(prefix="ignition-apply-") as settings.spool:
        engine.run(merged, config, settings, log, View(-1, colour=False))


def _read(path: str) -> Source:
    try:
        return Source(read_file(path), STANDARD_INPUT if path == "-" else path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Failure(
            "IGN6311",
            f"couldn't read config: open {path}: {why}",
            hint="name a readable file, or - for standard input",
        ) from error


def _parse(source: Source) -> None:
    """A config that is invalid by itself is refused first, as by Ignition: also outside of a container."""
    try:
        parse(source.data, source.name)
    except Failure as failure:
        failure.text = f"couldn't parse config: {failure.text}"
        raise


def _require_container() -> None:
    container = os.environ.get("container")  # noqa: SIM112
    if container or any(map(os.path.exists, _MARKS)):
        return
    raise Refused(
        "IGN6502",
        "failed to apply: this tool is not designed to run on a host system; reprovision the machine instead",
        hint="`ignition apply --root DIR` changes the root of an image, a container or a chroot",
    )


def _log_findings(findings: list[Finding], log: Log) -> None:
    for finding in findings:
        line = log.critical if finding.severity == ERROR else log.warning
        line(finding.log_line())


def _log_failure(failure: Failure, log: Log) -> None:
    for one in flatten(failure):
        if isinstance(one, InvalidConfig):
            _log_findings(one.findings, log)
        known = one.text.startswith(("couldn't ", "failed to apply: "))
        log.critical(one.text if known else f"failed to apply: {one.text}")
        where = f" at {one.origin}" if one.origin is not None else ""
        log.critical(f"{one.code}{where}" + (f": {one.hint}" if one.hint else ""))
