# SPDX-License-Identifier: Apache-2.0
"""VirtualBox: the config is the guest property `/Ignition/Config`, set on the host."""

from __future__ import annotations

import os

from ignition.base.errors import CommandFailed, Failure
from ignition.system.vboxguest import Properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False

CONFIG = "/Ignition/Config"
# Reserved for the future. This version cannot read a config that has an encoding.
ENCODING = "/Ignition/Config/Encoding"


def fetch(ctx: FetchContext) -> bytes:
    """The config; b"" if the property is not set."""
    _load_driver(ctx)
    with Properties(ctx.log, ctx.settings.vboxguest_device) as properties:
        encoding = properties.get(ENCODING)
        if encoding:
            raise Failure(
                "IGN5622",
                f"the guest property {ENCODING} is {encoding.decode(errors='replace')!r},"
                " and no encoding is known yet",
                hint=f"store the config as it is, and unset {ENCODING}",
            )
        data = properties.get(CONFIG)
    if data is None:
        ctx.log.info(f"no guest property {CONFIG}")
    return data or b""


def delete(ctx: FetchContext) -> bool:
    """Removes the config from the virtual machine. Failure if the host refuses."""
    _load_driver(ctx)
    with Properties(ctx.log, ctx.settings.vboxguest_device) as properties:
        for name in (ENCODING, CONFIG):
            ctx.log.info(f"deleting the guest property {name}")
            properties.delete(name)
    return True


def _load_driver(ctx: FetchContext) -> None:
    """Loads the driver in case udev has not. Errors are ignored: opening the device reports them."""
    from ignition.system.run import run

    if os.path.exists(ctx.settings.vboxguest_device):
        return
    command = [ctx.settings.program("modprobe"), "vboxguest"]
    try:
        run(ctx.log, command, what="loading kernel module vboxguest", check=False)
    except CommandFailed as error:
        ctx.log.warning(error.text)
