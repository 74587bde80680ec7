# SPDX-License-Identifier: Apache-2.0
"""Apple Hypervisor (vfkit, podman machine): the host serves the config over HTTP on a vsock.

Source: https://github.com/crc-org/vfkit/blob/main/doc/usage.md
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure
from ignition.resource.body import MemoryDestination
from ignition.resource.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False

HOST, PORT = 2, 1024
DRIVER = "/sys/devices/virtual/misc/vsock"
# Seconds to wait for the complete headers, and for each piece of the body. Ignition waits for ever, but the
# server is on the same host.
TIMEOUT = 60
_CHUNK = 1 << 20


def fetch(ctx: FetchContext) -> bytes:
    """The body that the host serves; b"" if the machine has no config."""
    import socket

    if not os.path.exists(DRIVER):
        from ignition.system import kernelmodule

        kernelmodule.load("vsock", "IGN5520", ctx.settings, ctx.log)
    try:
        with (
            Watch(ctx.progress, f"the config from the host (vsock {HOST}:{PORT})"),
            socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as connection,
        ):
            connection.settimeout(TIMEOUT)
            connection.connect((HOST, PORT))
            return request_config(ctx, connection)
    except OSError as error:
        raise Failure(
            "IGN5521",
            f"no config from the host: vsock {HOST}:{PORT}: {error.strerror or error}",
            hint="start vfkit with --ignition; podman machine does that automatically",
        ) from error


def request_config(ctx: FetchContext, connection: socket.socket) -> bytes:
    """GETs / on an open connection. As in Ignition, the body is used whatever the status is."""
    import http.client

    from ignition.resource.schemes.http_response import StrictResponse

    client: Any = http.client.HTTPConnection("d")
    client.response_class = StrictResponse  # bounds the head and reports a truncated body
    client.sock = connection
    config = MemoryDestination("the config from the host", None)
    try:
        client.request("GET", "/", headers={"Accept": "application/json"})
        answer = client.getresponse()
        if answer.ambiguous_length:
            raise http.client.HTTPException
        while piece := answer.read(_CHUNK):
            config.write(piece)
        if answer.length:  # http.client does not report missing bytes
            raise http.client.IncompleteRead(b"")
    except (http.client.HTTPException, ValueError) as error:
        raise Failure(
            "IGN5522", f"the host does not answer in HTTP: {type(error).__name__}"
        ) from error
    if answer.status not in (200, 204):
        ctx.log.warning(f"the host answers {answer.status} {answer.reason}: using its body anyway")
    return bytes(config.data)
