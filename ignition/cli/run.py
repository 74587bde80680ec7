# SPDX-License-Identifier: Apache-2.0
"""`ignition run PHASE...`: several phases in one process."""

from __future__ import annotations

import argparse

from ignition import providers
from ignition.base.settings import duration, from_process
from ignition.engine.main import run
from ignition.engine.phases import PHASES

_DESCRIPTION = """\
Runs phases of a first boot in the order given, in one process. Each does what the unit of that
name does at boot; what one phase leaves for the next stands in the cache and the state file. The
first phase that fails ends the run.
"""

_EPILOG = """\
phases:
  fetch-offline  read the config where no network is needed, or ask for the network
  fetch          read the config over the network
  kargs          change kernel arguments, by the distribution's helper
  disks          partitions, RAID, LUKS, filesystems
  mount, umount  mount the config's filesystems below the root, and back
  files          users, files, units, the result file

example:
  ignition run --platform file --root /mnt/target fetch files

exit status: 0 done, 1 a phase failed, 2 wrong use, 3 the state file cannot be used
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ignition run",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "phases", nargs="+", metavar="PHASE", choices=list(PHASES), help="see below"
    )
    parser.add_argument(
        "--platform", required=True, metavar="ID", choices=providers.names(), help="platform id"
    )
    parser.add_argument("--root", metavar="DIR", help="root of the target system (default /)")
    parser.add_argument("--config-cache", metavar="FILE", help="default /run/ignition.json")
    parser.add_argument("--neednet", metavar="FILE", help="default /run/ignition/neednet")
    parser.add_argument("--state-file", metavar="FILE", help="default /run/ignition/state")
    parser.add_argument(
        "--fetch-timeout",
        metavar="TIME",
        type=_seconds,
        help="limit for the platform's config, such as 90s or 5m (default 2m)",
    )
    parser.add_argument(
        "--log-to-stdout", action="store_true", help="log to standard output, not the system log"
    )
    return parser


def _seconds(text: str) -> int:
    try:
        return int(duration(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90s or 5m") from None


def main(words: list[str]) -> int:
    """Exit status as of the boot's own command line."""
    options = _parser().parse_args(words)
    settings = from_process()
    for name in ("platform", "root", "config_cache", "neednet", "state_file", "fetch_timeout"):
        value = getattr(options, name)
        if value is not None:
            setattr(settings, name, value)
    settings.log_to_stdout = options.log_to_stdout
    return run(options.phases, settings)
