# SPDX-License-Identifier: Apache-2.0
"""The config of a fetch phase: base configs, then the first source that has a config, then its references."""

from __future__ import annotations

from ignition.acquisition import base_configs, origin_table, platforms, provider_cache
from ignition.acquisition.acquired import Acquired
from ignition.acquisition.render import Rendering
from ignition.acquisition.sources import Fetched, Part
from ignition.base import digest, gojson
from ignition.base.errors import Failure, NeedNetwork, NoProvider
from ignition.base.finding import WARNING
from ignition.base.record import record
from ignition.base.state import FrozenConfig
from ignition.config import dump
from ignition.config.merge import merge
from ignition.config.parse import parse
from ignition.resource.context import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.acquisition.origins import Table
    from ignition.acquisition.platforms import Source
    from ignition.base.finding import Finding
    from ignition.base.log import Log
    from ignition.base.state import State
    from ignition.resource.context import FetchContext

    Value = dict[str, Any]

# These come before the platform, on every machine.
SOURCES = ("cmdline", "system")
# From spec 3.3 on the rules only became more lenient: a config that passes those of its own spec also passes
# those of the newest, and needs no second validation.
_RULES_ONLY_RELAXED_SINCE = 3


@record
class _User:
    """The rendered user config. `parts` is empty if there is none."""

    value: Value
    parts: list[Part]
    origins: Table
    findings: list[Finding]
    fetched: list[Fetched]
    transport: Transport


def from_provider(ctx: FetchContext, state: State) -> Acquired:
    """Gets the config of `ctx.settings.platform` and resolves its references. Records in the state what later
    phases need: base configs, checksum, origins, sources, files of the provider.

    NeedNetwork if `ctx.offline` and the config needs a network; the state is still valid then, save it.
    """
    platform = platforms.canonical(ctx.settings.platform)
    if platform != ctx.settings.platform:
        ctx.log.info(f"platform {ctx.settings.platform} is {platform}")
    # fetch-offline may have recorded references before one needed the network; fetch records them again.
    state.fetched_configs = [entry for entry in state.fetched_configs if entry["kind"] == "base"]
    base = base_configs.load(ctx, platform)
    if not state.fetched_configs:
        _record_fetched(state, "base", "system", referenced=False)
    user = _user_config(ctx, state, platform)
    full, table = user.value, user.origins
    if base.parts:
        full = merge(base.value, user.value)
        table = origin_table.build(full, base.parts + user.parts)
    findings = base.findings + user.findings
    if base.parts and user.parts:
        from ignition.acquisition import merge_check

        findings += merge_check.warnings(full, table, findings)
    _log_findings(ctx.log, findings)
    text = dump.cache_text(user.value)
    state.base_configs = _freeze(base.value if base.parts else {})
    state.config_sha512 = digest.sha512(text.encode("utf-8", "surrogatepass"))
    state.origins = table
    state.sources = [each.to_json("base") for each in base.fetched]
    state.sources += [each.to_json("user") for each in user.fetched]
    return Acquired(user.value, full, findings, state.sources, table, user.transport, text)


def _user_config(ctx: FetchContext, state: State, platform: str) -> _User:
    asking = ctx.with_transport(Transport(total=ctx.settings.fetch_timeout))
    try:
        name, data = provider_cache.load(ctx, state) or _ask(asking, state, platform)
    except NeedNetwork:
        ctx.log.info("failed to fetch config: resource requires networking")
        raise
    except Failure as failure:
        ctx.log.warning(f"failed to fetch config: {failure}")
        raise
    if not data:
        ctx.log.info(f"no user config from {name}: continuing without one")
        return _User(dump.empty(), [], {}, [], [], Transport())
    sha512 = digest.sha512(data)
    ctx.log.debug(f"parsing config with SHA512: {sha512}")
    source = f"user config from {name}"
    parsed = parse(data, source)
    _record_fetched(state, "user", name, referenced=False)
    rendering = Rendering(ctx)
    try:
        value = rendering.render(parsed.value, source, sha512)
    except NeedNetwork:
        ctx.log.info("failed to fetch config: resource requires networking")
        provider_cache.store(ctx.settings, state, name, data)
        raise
    finally:
        for each in rendering.fetched:
            _record_fetched(state, "user", each.path, referenced=True)
    transport = rendering.authorities.transport(value)
    value = rendering.authorities.inline(value)
    table = origin_table.build(value, rendering.parts)
    findings = parsed.findings + rendering.findings
    if rendering.fetched or int(parsed.version.split(".")[1]) < _RULES_ONLY_RELAXED_SINCE:
        from ignition.acquisition import merge_check

        findings += merge_check.check(value, table, findings)
    fetched = [Fetched(source, sha512, len(data)), *rendering.fetched]
    return _User(value, rendering.parts, table, findings, fetched, transport)


def _ask(ctx: FetchContext, state: State, platform: str) -> tuple[str, bytes]:
    """The name and the config of the first source that has one. Files that a provider wants on the target
    replace those in the state."""
    state.provider_output_files = []
    for name in SOURCES:
        try:
            asked: Source = platforms.source(name)
            return name, asked.fetch(ctx)
        except NoProvider:
            continue
    provider = platforms.provider(platform)
    if ctx.offline and provider.NEEDS_NETWORK:
        raise NeedNetwork("IGN4003", f"{platform} serves its config over the network")
    with_files = platforms.with_files(platform)
    if with_files is None:
        return platform, provider.fetch(ctx)
    data, files = with_files.fetch_with_files(ctx)
    state.provider_output_files = [file.to_config() for file in files]
    return platform, data


def _freeze(base: Value) -> FrozenConfig:
    """The base configs as they are now: later phases must not see a change of the directories."""
    return FrozenConfig(digest.sha512(gojson.dumps(base).encode()), base)


def _log_findings(log: Log, findings: list[Finding]) -> None:
    for finding in findings:
        line = log.warning if finding.severity == WARNING else log.info
        line(finding.log_line())


def _record_fetched(state: State, kind: str, source: str, *, referenced: bool) -> None:
    state.fetched_configs.append({"kind": kind, "source": source, "referenced": referenced})
