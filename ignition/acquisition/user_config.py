# SPDX-License-Identifier: Apache-2.0
"""Acquiring the config in a fetch phase: base configs, sources in their order, references, validation.

Order and outcomes: docs/behaviour/run.md.
"""

from __future__ import annotations

from ignition.acquisition import acquire as acquired
from ignition.acquisition import base_configs, kept, origin_table, origins, platforms
from ignition.acquisition.render import Rendering
from ignition.acquisition.sources import Fetched, Part
from ignition.base.errors import Failure, InvalidConfig, NeedNetwork, NoProvider
from ignition.base.finding import ERROR, Finding
from ignition.base.origin import Origin
from ignition.base.record import record
from ignition.config import dump
from ignition.config.merge import merge
from ignition.config.parse import parse, validate_rendered
from ignition.resource import digest
from ignition.resource.context import FetchContext, Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ignition.acquisition.origins import Table
    from ignition.base.log import Log
    from ignition.base.settings import Settings
    from ignition.base.state import State

    Value = dict[str, Any]

# Asked before the platform, on every one.
SOURCES = ("cmdline", "system")
# What passes the rules of one spec from here on passes those of the newest: they only came to allow more.
_RULES_ONLY_RELAXED_SINCE = 3


@record
class _User:
    """The rendered user config. `parts` is empty when there is none."""

    value: Value
    parts: list[Part]
    findings: list[Finding]
    fetched: list[Fetched]
    transport: Transport


def acquire(
    settings: Settings,
    log: Log,
    state: State,
    platform: str,
    *,
    offline: bool,
    progress: Callable[[str], None],
) -> acquired.Acquired:
    """See `acquire.from_provider`."""
    name = platforms.canonical(platform)
    if name != platform:
        log.info(f"platform {platform} is {name}")
    # A phase before this one may have come as far as a reference; what it noted is noted again.
    state.fetched_configs = [entry for entry in state.fetched_configs if entry["kind"] == "base"]
    base = base_configs.load(settings, name, log)
    if not state.fetched_configs:
        _note(state, "base", "system", referenced=False)
    user = _user(settings, log, state, name, offline, progress)
    full = merge(base.value, user.value) if base.parts else user.value
    table = origin_table.table(full, base.parts + user.parts) if base.parts or user.parts else {}
    findings = base.findings + user.findings
    if base.parts and user.parts:
        findings += _of_both(full, findings, table)
    _tell(log, findings)
    text = dump.cache_text(user.value)
    sources = [each.to_json("base") for each in base.fetched]
    sources += [each.to_json("user") for each in user.fetched]
    acquired.freeze_base(state, base.value if base.parts else {})
    state.engine.update(sha512=digest.sha512(text.encode("utf-8", "surrogatepass")), origins=table)
    state.engine["sources"] = sources
    return acquired.Acquired(user.value, full, findings, sources, user.transport, text)


def _user(
    settings: Settings,
    log: Log,
    state: State,
    platform: str,
    offline: bool,
    progress: Callable[[str], None],
) -> _User:
    asking = FetchContext(
        settings,
        log,
        offline=offline,
        transport=Transport(total=settings.fetch_timeout),
        progress=progress,
    )
    try:
        name, data = kept.take(settings, state, log) or _ask(asking, platform, state)
    except NeedNetwork:
        log.info("failed to fetch config: resource requires networking")
        raise
    except Failure as failure:
        log.warning(f"failed to fetch config: {failure}")
        raise
    if not data:
        log.info(f"no user config from {name}: going on without one")
        return _User(dump.empty(), [], [], [], Transport())
    total = digest.sha512(data)
    log.debug(f"parsing config with SHA512: {total}")
    source = f"user config from {name}"
    parsed = parse(data, source)
    _note(state, "user", name, referenced=False)
    rendering = Rendering(asking.with_transport(Transport()))
    try:
        value = rendering.render(parsed.value, source, total)
    except NeedNetwork:
        log.info("failed to fetch config: resource requires networking")
        kept.keep(settings, state, name, data)
        raise
    finally:
        for each in rendering.fetched:
            _note(state, "user", each.path, referenced=True)
    transport = rendering.authorities.transport(value)
    value = rendering.authorities.inline(value)
    findings = parsed.findings + rendering.findings
    if rendering.fetched or int(parsed.version.split(".")[1]) < _RULES_ONLY_RELAXED_SINCE:
        findings += _of_rendered(value, rendering.parts, findings)
    fetched = [Fetched(source, total, len(data)), *rendering.fetched]
    return _User(value, rendering.parts, findings, fetched, transport)


def _ask(ctx: FetchContext, platform: str, state: State) -> tuple[str, bytes]:
    """The first source that has something to say, and what it says. Files that it wants on the target are
    noted in the state, in place of those of an earlier answer."""
    state.provider_output_files = []
    for name in SOURCES:
        try:
            return name, platforms.source(name).fetch(ctx)
        except NoProvider:
            continue
    provider = platforms.provider(platform)
    if ctx.offline and provider.NEEDS_NETWORK:
        raise NeedNetwork("IGN4003", f"the config of {platform} comes by the network")
    if not hasattr(provider, "fetch_with_files"):
        return platform, provider.fetch(ctx)
    data, files = provider.fetch_with_files(ctx)
    state.provider_output_files = [file.to_config() for file in files]
    return platform, data


def _of_rendered(value: Value, parts: list[Part], known: list[Finding]) -> list[Finding]:
    """Warnings about the rendered config as a whole; an error there is one of the whole config."""
    findings = _placed(value, origin_table.table(value, parts))
    if any(finding.severity == ERROR for finding in findings):
        raise InvalidConfig(
            "IGN4105",
            "merging configs resulted in an invalid config: config is not valid",
            Origin("merged config"),
            findings=findings,
        )
    return _new(findings, known)


def _of_both(full: Value, known: list[Finding], table: Table) -> list[Finding]:
    """What is wrong with user and base configs together: warnings, since the original does not look."""
    findings = _new(_placed(full, table), known)
    for finding in findings:
        finding.severity = "warning"
        finding.message += " (base and user config together)"
    return findings


def _placed(value: Value, table: Table) -> list[Finding]:
    """The findings of a merged config, each where it stands in the config that it comes from."""
    findings = validate_rendered(value)
    for finding in findings:
        finding.origin = origins.find_pointer(table, finding.origin.pointer)
    return findings


def _new(findings: list[Finding], known: list[Finding]) -> list[Finding]:
    said = {(finding.code, finding.origin.pointer, finding.message) for finding in known}
    return [
        finding
        for finding in findings
        if (finding.code, finding.origin.pointer, finding.message) not in said
    ]


def _tell(log: Log, findings: list[Finding]) -> None:
    for finding in findings:
        line = log.warning if finding.severity == "warning" else log.info
        line(f"{finding} [{finding.code}, {finding.origin.source}]")


def _note(state: State, kind: str, source: str, *, referenced: bool) -> None:
    state.fetched_configs.append({"kind": kind, "source": source, "referenced": referenced})
