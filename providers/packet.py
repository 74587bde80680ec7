# SPDX-License-Identifier: Apache-2.0
"""Equinix Metal (formerly Packet): user data over https, and a status report after each phase.

Source: https://deploy.equinix.com/developers/docs/metal/server-metadata/metadata/
"""

from __future__ import annotations

from ignition.base import gojson
from ignition.base.errors import Failure
from ignition.resource import metadata
from ignition.resource.fetch import RequestOptions, fetch_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

BASE = "https://metadata.packet.net"
# The service answers 406 to any other Accept header.
ACCEPT = ("Accept", "*/*")


def fetch(ctx: FetchContext) -> bytes:
    """The user data; b"" for a machine without user data."""
    return metadata.required_user_data(ctx, BASE + "/userdata", headers=[ACCEPT])


def status(ctx: FetchContext, phase: str, error: str) -> None:
    """Reports the end of a phase; `error` is "" for success. Raises Failure if the report fails."""
    if error:
        event = {"state": "failed", "message": f"[{phase}] Ignition error: {error}"}
    else:
        message = f"[{phase}] Ignition status: finished successfully"
        event = {"state": "running", "message": message}
    options = RequestOptions("POST", gojson.dumps(event).encode("utf-8", "replace"))
    headers = [("Content-Type", "application/json"), ACCEPT]
    fetch_bytes(ctx, _events(ctx), headers=headers, options=options)


def _events(ctx: FetchContext) -> str:
    """The URL that accepts events."""
    text = metadata.get(ctx, BASE + "/metadata", headers=[ACCEPT]).decode("utf-8", "replace")
    try:
        about = gojson.loads(text)
    except ValueError:
        about = None
    home = about.get("phone_home_url") if isinstance(about, dict) else None
    if not isinstance(home, str) or not home.startswith(("http://", "https://")):
        raise Failure("IGN5504", "the metadata of this machine has no URL for status reports")
    return home.removesuffix("/phone-home") + "/events"
