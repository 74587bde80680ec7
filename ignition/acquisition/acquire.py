# SPDX-License-Identifier: Apache-2.0
"""The config of a phase: from the platform in the fetch phases, from the cache in all others."""

from __future__ import annotations

from ignition.acquisition import cache
from ignition.acquisition.transport import with_authorities
from ignition.base import gojson
from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.base.record import record
from ignition.resource import digest
from ignition.resource.context import FetchContext, Transport, no_progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ignition.acquisition.origins import Table
    from ignition.base.errors import NeedNetwork
    from ignition.base.finding import Finding
    from ignition.base.log import Log
    from ignition.base.settings import Settings
    from ignition.base.state import State


@record
class Acquired:
    """What a phase works with.

    user        the rendered user config, a canonical value of the newest spec
    full        the same laid over the base configs
    findings    warnings about all of them
    sources     what the config was made of: dicts with kind, source, sha512, size and by (who referred to it)
    transport   how to fetch what the user config names
    cache_text  what the cache must hold; "" when it came from there
    """

    user: dict[str, Any]
    full: dict[str, Any]
    findings: list[Finding]
    sources: list[dict[str, Any]]
    transport: Transport
    cache_text: str = ""


def from_provider(
    settings: Settings,
    log: Log,
    state: State,
    platform: str,
    *,
    offline: bool,
    progress: Callable[[str], None] = no_progress,
) -> Acquired:
    """Asks the platform and follows all references. Notes in the state what later phases need to know.

    NeedNetwork when that takes a network and the phase has none; the state is then worth saving.
    """
    from ignition.acquisition import user_config

    return user_config.acquire(settings, log, state, platform, offline=offline, progress=progress)


def forget_kept(settings: Settings, state: State) -> None:
    """Removes what a fetch phase may have kept for another one; the cache stands for it now."""
    from ignition.acquisition import kept

    kept.forget(settings, state)


def from_cache(settings: Settings, log: Log, state: State) -> Acquired:
    """Reads what a fetch phase left. The cache is enough by itself: without base configs in the state, the
    system's folders are read."""
    user, ours = cache.read(settings.config_cache, state.engine.get("sha512"))
    if not ours:
        state.engine.pop("origins", None)
    base = _base(settings, log, state)
    full = user
    if base:
        from ignition.config.merge import merge

        full = merge(base, user)
    return Acquired(
        user, full, [], state.engine.get("sources", []), _transport(settings, log, user)
    )


def fetch_context(
    settings: Settings, log: Log, transport: Transport, progress: Callable[[str], None]
) -> FetchContext:
    """For fetching what the config of this phase names."""
    return FetchContext(settings, log, transport=transport, progress=progress)


def network_need(full: dict[str, Any], sources: Table) -> NeedNetwork | None:
    """What in a config needs the network later, as the error that it would be offline; None for nothing."""
    from ignition.acquisition import network_need

    return network_need.network_need(full, sources)


def freeze_base(state: State, value: dict[str, Any]) -> None:
    """Keeps the base configs as they are now, {} for none, so that all phases act on the same config."""
    state.engine["base"] = {"sha512": digest.sha512(gojson.dumps(value).encode()), "config": value}


def _base(settings: Settings, log: Log, state: State) -> dict[str, Any]:
    frozen = state.engine.get("base")
    if not isinstance(frozen, dict):
        from ignition.acquisition import base_configs, platforms

        loaded = base_configs.load(settings, platforms.canonical(settings.platform), log)
        return loaded.value if loaded.parts else {}
    value: dict[str, Any] = frozen.get("config", {})
    if digest.sha512(gojson.dumps(value).encode()) != frozen.get("sha512"):
        raise Failure(
            "IGN4123",
            "the base configs in the state file are not those that the fetch phase kept",
            hint=f"run the fetch phase again, without {settings.state_file}",
        )
    return value


def _transport(settings: Settings, log: Log, user: dict[str, Any]) -> Transport:
    if user.get("ignition", {}).get("security", {}).get("tls", {}).get("certificateAuthorities"):
        from ignition.acquisition import trust

        return trust.of_cached(user, FetchContext(settings, log), Origin("config cache"))
    return with_authorities(user, ())
