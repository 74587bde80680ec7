# SPDX-License-Identifier: Apache-2.0
"""`ignition run PHASE...`: several phases in one process."""

from __future__ import annotations

from ignition import providers
from ignition.base.errors import Failure
from ignition.base.settings import PHASE_NAMES, in_initramfs, load_settings
from ignition.cli import compat
from ignition.cli.output import write_stdout
from ignition.engine.main import run

USAGE = """\
Usage: ignition run --platform ID [flags] PHASE...

Runs phases of a first boot in the order given, in one process. Each does what the unit of that
name does at boot. What one phase leaves for the next stands in the cache and the state file. The
first phase that fails ends the run.

Phases:
  fetch-offline  read the config where no network is needed, or ask for the network
  fetch          read the config, over the network if need be
  kargs          change kernel arguments, by the distribution's helper
  disks          partitions, RAID, LUKS, filesystems
  mount, umount  mount the config's filesystems below the root, and take them off again
  files          users, files, units, the result file

Flags:
  --platform ID          the platform that this machine runs on; "file" reads config.ign here
  --root DIR             root of the target system (default /)
  --config-cache FILE    where the rendered config is kept (default /run/ignition.json)
  --state-file FILE      what one phase leaves for the next (default /run/ignition/state)
  --neednet FILE         flag file that asks for the network (default /run/ignition/neednet)
  --fetch-timeout TIME   limit for the platform's config, such as 90s or 5m (default 2m)
  --log-to-stdout        log to standard output instead of the system log

Example:
  ignition run --platform file --root /mnt/target --config-cache cache.json \\
    --state-file state fetch files

Exit status: 0 done, 1 a phase failed, 2 wrong use, 3 the state file cannot be used, 130 interrupted
"""


def main(args: list[str]) -> int:
    """Exit status as of the boot's own command line."""
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
        raise _wrong_use(code, str(error), _advice(error, args)) from error
    if not phases:
        raise _wrong_use("IGN6004", "name at least one phase", f"phases: {', '.join(PHASE_NAMES)}")
    return run(phases, settings)


def _phase(word: str) -> str:
    if word not in PHASE_NAMES:
        raise _wrong_use("IGN6004", f"{word!r} is not a phase", f"phases: {', '.join(PHASE_NAMES)}")
    return word


def _advice(error: compat.UsageError, args: list[str]) -> str:
    if in_initramfs():
        return error.hint or "ignition run --help shows phases and flags"
    from ignition.cli import advice

    return advice.run_advice(error, args)


def _wrong_use(code: str, text: str, hint: str) -> Failure:
    return Failure(code, text, hint=hint, exit_status=2)
