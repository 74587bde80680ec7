# SPDX-License-Identifier: Apache-2.0
"""Equinix Metal, once Packet: user data by https, and a word to the console of the platform after each phase.

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
# The service knows no other: the usual one is answered by 406.
ACCEPT = ("Accept", "*/*")


def fetch(ctx: FetchContext) -> bytes:
    """The raw user data; a machine without any answers with no bytes."""
    return metadata.required_user_data(ctx, BASE + "/userdata", headers=[ACCEPT])


def status(ctx: FetchContext, phase: str, error: str) -> None:
    """Tells the platform how a phase ended; `error` is "" for a success. Failure if it cannot be told."""
    if error:
        event = {"state": "failed", "message": f"[{phase}] Ignition error: {error}"}
    else:
        message = f"[{phase}] Ignition status: finished successfully"
        event = {"state": "running", "message": message}
    options = RequestOptions("POST", gojson.dumps(event).encode("utf-8", "replace"))
    headers = [("Content-Type", "application/json"), ACCEPT]
    fetch_bytes(ctx, _events(ctx), headers=headers, options=options)


def _events(ctx: FetchContext) -> str:
    """The URL that takes events."""
    text = metadata.get(ctx, BASE + "/metadata", headers=[ACCEPT]).decode("utf-8", "replace")
    try:
        about = gojson.loads(text)
    except ValueError:
        about = None
    home = about.get("phone_home_url") if isinstance(about, dict) else None
    if not isinstance(home, str) or not home.startswith(("http://", "https://")):
        raise Failure("IGN5504", "the metadata of this machine names no URL to tell its status to")
    return home.removesuffix("/phone-home") + "/events"
