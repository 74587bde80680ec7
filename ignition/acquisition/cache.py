# SPDX-License-Identifier: Apache-2.0
"""The config cache: the rendered user config, written by a fetch phase and read by every later phase."""

from __future__ import annotations

import os

from ignition.acquisition import transport
from ignition.acquisition.acquired import Acquired
from ignition.base import digest, gojson
from ignition.base.errors import Failure, InvalidConfig
from ignition.base.files import STATE_LIMIT, read_regular, write_atomically
from ignition.base.origin import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.settings import Settings
    from ignition.base.state import State
    from ignition.resource.context import FetchContext, Transport


def write(settings: Settings, text: str) -> None:
    """Replaces the cache. Mode 0640: the config holds secrets. Failure IGN6202."""
    path = settings.config_cache
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o755, exist_ok=True)
        write_atomically(path, text.encode("utf-8", "surrogatepass"), 0o640)
    except OSError as error:
        raise Failure(
            "IGN6202", f"writing the config cache: {error}", hint=f"{path} must be writable"
        ) from error


def from_cache(ctx: FetchContext, state: State) -> Acquired:
    """The config that a fetch phase left.

    The cache alone is enough: without base configs in the state, they are read from the system's directories.
    A cache that the fetch phase did not write clears the origins in the state.
    """
    user, unchanged = _read(ctx.settings.config_cache, state.config_sha512)
    if not unchanged:
        state.origins = None
    base = _base(ctx, state)
    full = user
    if base:
        from ignition.config.merge import merge

        full = merge(base, user)
    return Acquired(user, full, [], state.sources, state.origins or {}, _transport(ctx, user))


def _read(path: str, expected: str) -> tuple[dict[str, Any], bool]:
    """The cached config, and whether its SHA-512 sum is `expected`.

    The config is not validated, as in Ignition: a cache written by hand may contain anything that has the
    types of the newest spec. Failure IGN4121 if it cannot be read, IGN4122 if it is not a config.
    """
    try:
        data = read_regular(path, STATE_LIMIT, follow=True)
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise Failure(
            "IGN4121",
            f"failed to acquire config: open {path}: {reason}",
            hint="a fetch phase writes it, and must run before this one",
        ) from error
    if digest.sha512(data) == expected:
        return gojson.loads(data.decode("utf-8", "surrogatepass")), True
    return _decode(data, path), False


def _decode(data: bytes, path: str) -> dict[str, Any]:
    from ignition.config import decode, document, shapes

    try:
        return decode.decode(document.parse(data, path).root, shapes.for_version(shapes.NEWEST))
    except InvalidConfig as failure:
        reason = failure.findings[0].message if failure.findings else failure.text
    except decode.TypeMismatch as fault:
        reason = fault.text
    raise Failure("IGN4122", f"failed to parse cached config: {reason}")


def _base(ctx: FetchContext, state: State) -> dict[str, Any]:
    frozen = state.base_configs
    if frozen is None:
        from ignition.acquisition import base_configs, platforms

        loaded = base_configs.load(ctx, platforms.canonical(ctx.settings.platform))
        return loaded.value if loaded.parts else {}
    if digest.sha512(gojson.dumps(frozen.config).encode()) != frozen.sha512:
        raise Failure(
            "IGN4123",
            "the base configs in the state file do not match their checksum",
            hint=f"remove {ctx.settings.state_file} and run the fetch phase again",
        )
    return frozen.config


def _transport(ctx: FetchContext, user: dict[str, Any]) -> Transport:
    if user.get("ignition", {}).get("security", {}).get("tls", {}).get("certificateAuthorities"):
        from ignition.acquisition import trust

        return trust.cached_transport(user, ctx, Origin("config cache"))
    return transport.build(user, ())
