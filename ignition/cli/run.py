# SPDX-License-Identifier: Apache-2.0
"""`ignition run PHASE...`: runs several phases in one process."""

from __future__ import annotations

from ignition import providers
from ignition.base.errors import Failure
from ignition.base.settings import PHASE_NAMES, in_initramfs, load_settings
from ignition.cli import compat
from ignition.cli.output import write_stdout
from ignition.engine.main import run

USAGE = """\
Usage: ignition run --platform ID [flags] PHASE...

Runs phases of a first boot in one process, in the given order. Each phase does what the boot unit of
that name does, and passes its results to the next one in the config cache and the state file. The run
stops at the first phase that fails.

Phases:
  fetch-offline  fetch the config without the network, or request the network
  fetch          fetch the config, over the network if necessary
  kargs          change kernel arguments with the distribution's helper
  disks          create partitions, RAID arrays, LUKS volumes and filesystems
  mount, umount  mount and unmount the config's filesystems below the root
  files          create users, files and units, and write the result file

Flags:
  --platform ID          platform of this machine; "file" reads config.ign in this directory
  --root DIR             root of the target system (default /)
  --config-cache FILE    file to store the rendered config in (default /run/ignition.json)
  --state-file FILE      file to pass state between phases (default /run/ignition/state)
  --neednet FILE         flag file that requests the network (default /run/ignition/neednet)
  --fetch-timeout TIME   timeout for the platform's config, such as 90s or 5m (default 2m)
  --log-to-stdout        log to standard output instead of the system log

Example:
  ignition run --platform file --root /mnt/target --config-cache cache.json \\
    --state-file state fetch files

Exit status: 0 success, 1 a phase failed, 2 usage error, 3 unusable state file, 130 interrupted
"""


def main(args: list[str]) -> int:
    """The exit status is that of the boot's command line."""
    settings = load_settings()
    request = compat.Request()
    phases: list[str] = []
    rest = list(args)
    try:
        while rest and not request.help:
            rest = compat.read_flags(rest, settings, providers.platform_ids(), request)
            if rest:
                phases.append(_phase(rest.pop(0)))
        if request.help:
            write_stdout(compat.fit_to_terminal(USAGE))
            return 0
        compat.require_platform(request, providers.platform_ids())
    except compat.UsageError as error:
        code = "IGN6003" if error.hint else "IGN6004"
        raise _usage_failure(code, str(error), _advice(error, args)) from error
    if not phases:
        raise _usage_failure(
            "IGN6004", "name at least one phase", f"phases: {', '.join(PHASE_NAMES)}"
        )
    return run(phases, settings)


def _phase(arg: str) -> str:
    if arg not in PHASE_NAMES:
        raise _usage_failure(
            "IGN6004", f"{arg!r} is not a phase", f"phases: {', '.join(PHASE_NAMES)}"
        )
    return arg


def _advice(error: compat.UsageError, args: list[str]) -> str:
    if in_initramfs():
        return error.hint or "see ignition run --help"
    from ignition.cli import advice

    return advice.run_advice(error, args)


def _usage_failure(code: str, text: str, hint: str) -> Failure:
    return Failure(code, text, hint=hint, exit_status=2)
