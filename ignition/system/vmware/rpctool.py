# SPDX-License-Identifier: Apache-2.0
"""The transport by an open-vm-tools program, if the image contains one."""

from __future__ import annotations

from ignition.base.errors import CommandFailed
from ignition.system import diagnostics
from ignition.system.run import run
from ignition.system.vmware import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.settings import Settings

UNSET = "No value found"
_NOT_FOUND = 127


def call(settings: Settings, log: Log, request: bytes) -> bytes:
    """Sends a request and returns the reply. TransportError if there is no program, or if it fails for any
    other reason than an unset variable."""
    text = request.decode("utf-8", "surrogateescape")
    for program, options in (("vmware-rpctool", ()), ("vmtoolsd", ("--cmd",))):
        args = [settings.program(program), *options, text]
        # The request may contain a value, so it must not be logged.
        try:
            done = run(log, args, secret=(len(args) - 1,), check=False)
        except CommandFailed as error:
            if error.status == _NOT_FOUND:
                continue
            raise
        if done.status == 0:
            return b"1 " + done.stdout.removesuffix("\n").encode("utf-8", "surrogateescape")
        cause = diagnostics.summarize(done.stderr, done.stdout)
        if UNSET in done.stdout + done.stderr:
            return b"0 " + UNSET.encode()
        raise TransportError(f"{program}: {cause or f'exit status {done.status}'}")
    raise TransportError("neither vmware-rpctool nor vmtoolsd is installed")
