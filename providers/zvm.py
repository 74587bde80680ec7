# SPDX-License-Identifier: Apache-2.0
"""IBM z/VM: the config is a file of type `ign` in the virtual reader of the guest.

Reading removes it from the reader. Programs: s390-tools. Source: vmur(8).
"""

from __future__ import annotations

import os

from ignition.base.errors import CommandFailed, Failure
from ignition.system import kernelmodule
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext
    from ignition.system.run import Result

NEEDS_NETWORK = False

READER = "000c"
TYPE = "ign"
# Columns of `vmur list`: owner, spool id, class (two words), records, copies, hold, date, time, name, type,
# and more. In the heading CLASS is one word, so its type column cannot match.
_SPOOL_ID, _NAME, _TYPE, _MIN_COLUMNS = 1, 9, 10, 11


def fetch(ctx: FetchContext) -> bytes:
    """The first such file without the NUL padding of its last card; b"" if the reader has none."""
    kernelmodule.load("vmur", "IGN5665", ctx.settings, ctx.log)
    _start_reader(ctx)
    listing = _call(ctx, "IGN5667", "cannot list the files in the reader", "vmur", "li").stdout
    spool_id = _find(ctx, listing)
    return _receive(ctx, spool_id).strip(b"\0") if spool_id else b""


def _start_reader(ctx: FetchContext) -> None:
    what = f"cannot bring the reader {READER} online"
    try:
        _call(ctx, "IGN5666", what, "chccwdev", "-e", READER)
    except Failure:
        ctx.log.info(f"the reader {READER} may be on the list of ignored devices: removing it")
        _call(ctx, "IGN5666", what, "cio_ignore", "-r", READER)
        _call(ctx, "IGN5666", what, "chccwdev", "-e", READER)
    _call(ctx, "IGN5666", what, "udevadm", "settle")


def _find(ctx: FetchContext, listing: str) -> str:
    """The spool id of the first `ign` file, "" for none."""
    for line in listing.splitlines():
        columns = line.split()
        if len(columns) <= 1:
            break
        # CP converts unquoted names to upper case. Ignition does not accept those.
        if len(columns) >= _MIN_COLUMNS and columns[_TYPE].lower() == TYPE:
            ctx.log.info(
                f"reading {columns[_NAME]} {columns[_TYPE]} (spool file {columns[_SPOOL_ID]})"
            )
            return columns[_SPOOL_ID]
    ctx.log.info(f"no file of the type {TYPE} in the reader {READER}")
    return ""


def _receive(ctx: FetchContext, spool_id: str) -> bytes:
    folder = os.path.join(ctx.settings.run_dir, f"reader.{os.getpid()}")
    path = os.path.join(folder, f"config.{TYPE}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        try:
            _call(ctx, "IGN5668", "cannot receive the config", "vmur", "re", "-f", spool_id, path)
            with open(path, "rb") as file:
                return file.read()
        finally:
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
            os.rmdir(folder)
    except OSError as error:
        raise Failure(
            "IGN5669",
            f"cannot read the config that vmur received: {error.strerror}",
            hint="it may be gone from the reader: punch it again",
        ) from error


def _call(ctx: FetchContext, code: str, what: str, program: str, *args: str) -> Result:
    try:
        return run(ctx.log, [ctx.settings.program(program), *args])
    except CommandFailed as error:
        raise Failure(code, f"{what}: {program} failed", hint=error.hint or error.text) from error
