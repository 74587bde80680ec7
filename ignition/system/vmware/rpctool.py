# SPDX-License-Identifier: Apache-2.0
"""The way to VMware's hypervisor by a program of open-vm-tools, where the image has one."""

from __future__ import annotations

from ignition.base.errors import CommandFailed
from ignition.system import diagnostics
from ignition.system.run import run
from ignition.system.vmware import Unusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.settings import Settings

UNSET = "No value found"
_NOT_FOUND = 127


def call(settings: Settings, log: Log, request: bytes) -> bytes:
    """One request and its reply. Unusable where there is no program, or it fails for another reason than that
    there is no such value."""
    words = request.decode("utf-8", "surrogateescape")
    for program, options in (("vmware-rpctool", ()), ("vmtoolsd", ("--cmd",))):
        argv = [settings.program(program), *options, words]
        # The request may hold a value, so no log shows it.
        try:
            done = run(log, argv, secret=(len(argv) - 1,), check=False)
        except CommandFailed as error:
            if error.status == _NOT_FOUND:
                continue
            raise
        if done.status == 0:
            return b"1 " + done.stdout.removesuffix("\n").encode("utf-8", "surrogateescape")
        text = diagnostics.summarize(done.stderr, done.stdout)
        if UNSET in done.stdout + done.stderr:
            return b"0 " + UNSET.encode()
        raise Unusable(f"{program}: {text or f'exit status {done.status}'}")
    raise Unusable("neither vmware-rpctool nor vmtoolsd is there")
