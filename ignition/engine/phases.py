# SPDX-License-Identifier: Apache-2.0
"""The phases of a first boot: which stages each runs, and how one is run from config to report."""

from __future__ import annotations

import os
import time

from ignition.acquisition import cache
from ignition.base import interrupt, journal, load_module
from ignition.base import state as states
from ignition.base.errors import Failure, NeedNetwork, crash_failure, flatten
from ignition.base.files import touch
from ignition.config.model import Config
from ignition.engine import report, status
from ignition.engine.context import PhaseContext
from ignition.engine.report import Report
from ignition.resource.context import FetchContext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.log import Log
    from ignition.base.settings import Settings
    from ignition.base.state import State
    from ignition.engine import executor, plan
    from ignition.engine.view import View

FETCH_OFFLINE = "fetch-offline"
FETCH = "fetch"

# Phase -> its stages in order: (log prefix, module in stages/, planning function).
PHASES: dict[str, tuple[tuple[str, str, str], ...]] = {
    FETCH_OFFLINE: (),
    FETCH: (),
    "kargs": (("", "kargs", "plan"),),
    "disks": (
        ("createPartitions", "partitions", "plan"),
        ("createRaids", "raid", "plan"),
        ("createLuks", "luks", "plan"),
        ("createFilesystems", "filesystems", "plan"),
    ),
    "mount": (("", "mount", "plan"),),
    "files": (
        ("", "prepare", "plan"),
        ("createUsers", "users", "plan"),
        ("createFilesystemsFiles: createFiles", "files", "plan"),
        ("", "units", "plan"),
        ("createResultFile", "finish", "plan"),
    ),
    "umount": (("", "mount", "plan_umount"),),
}

# The part of the config that a stage works on. A stage whose part is empty is not loaded; a stage that is
# not listed always runs.
_WORK = {
    "kargs": ("kernelArguments", ("shouldExist", "shouldNotExist")),
    "partitions": ("storage", ("disks",)),
    "raid": ("storage", ("raid",)),
    "luks": ("storage", ("luks",)),
    "filesystems": ("storage", ("filesystems",)),
    "mount": ("storage", ("filesystems",)),
    "users": ("passwd", ("users", "groups")),
    "files": ("storage", ("directories", "files", "links")),
    "units": ("systemd", ("units",)),
}


def run(phase: str, settings: Settings, log: Log, view: View) -> Report:
    """Runs one phase, from the state of the phase before to its own, which is saved after success only.

    The report says what was done and what stopped it, also after a crash; nothing is raised.
    """
    started, clock = time.time(), time.monotonic()
    view.phase(phase)
    outcomes: list[executor.Outcome] = []
    failures: list[Failure] = []

    def so_far() -> Report:
        return Report(phase, started, time.monotonic() - clock, outcomes, failures)

    try:
        with interrupt.Interruptible():
            state = states.load(settings.state_file)
            if phase in (FETCH_OFFLINE, FETCH):
                _fetch(phase, settings, log, state, view)
            else:
                execution = _apply(phase, settings, log, state, view)
                outcomes += execution.outcomes
                execution.check()
            log.info(f"{phase}: {phase} passed")
            state.phases.append(so_far().summary())
            states.save(state, settings.state_file)
    except interrupt.Interrupted:
        failures.append(interrupt.failure())
    except Exception as error:  # the border where a defect of ours becomes a report
        failures += flatten(crash_failure(error))
    done = so_far()
    report.keep(done, settings, log)
    if phase not in (FETCH_OFFLINE, FETCH) and not failures:
        view.end(len(outcomes))
    return done


def _fetch(phase: str, settings: Settings, log: Log, state: State, view: View) -> None:
    from ignition.acquisition import acquire, network_need, provider_cache

    offline = phase == FETCH_OFFLINE
    try:
        ctx = FetchContext(settings, log, offline=offline, progress=view.line)
        acquired = acquire.from_provider(ctx, state)
    except NeedNetwork as need:
        if not offline:
            raise
        _ask_for_network(settings, log, view, need)
        return
    cache.write(settings, acquired.cache_text)
    provider_cache.remove(settings, state)
    _mark_idle(settings, Config(acquired.full))
    _remember_soundness(acquired.full, settings, state)
    _tell_journal(state)
    view.done(_where_from(acquired.sources))
    here = log.child(phase)
    if offline:
        need_later = network_need.network_need(acquired.full, acquired.origins)
        if need_later is not None:
            _ask_for_network(settings, here, view, need_later)
    else:
        here.info("fetch complete")


def _where_from(sources: list[dict[str, Any]]) -> str:
    names = [str(source["source"]) for source in sources if source.get("kind") == "user"]
    if not names:
        return "no config was given"
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"read {names[0]}{more}"


def _ask_for_network(settings: Settings, log: Log, view: View, need: NeedNetwork) -> None:
    why = f"{need.text} ({need.origin})" if need.origin else need.text
    log.info(f"asking for the network: {why}")
    view.done("asking for the network")
    try:
        touch(settings.neednet)
    except OSError as error:
        raise Failure(
            "IGN6201",
            f"failed to signal neednet: {error}",
            hint=f"{settings.neednet} must be writable",
        ) from error


def idle_phases(config: Config) -> list[str]:
    """Those of kargs, disks and mount that have nothing to do for this config."""
    idle = [
        phase
        for phase in ("kargs", "disks")
        if not any(has_work(stage, config.raw) for _, stage, _ in PHASES[phase])
    ]
    if not any(
        fs.path and fs.format not in (None, "", "none", "swap") for fs in config.storage.filesystems
    ):
        idle.append("mount")
    return idle


def _mark_idle(settings: Settings, config: Config) -> None:
    """Leaves a mark for each idle phase: the units carry conditions on it."""
    folder = os.path.dirname(settings.neednet) or "."
    idle = [] if status.wanted(settings) else idle_phases(config)
    try:
        for phase in ("kargs", "disks", "mount"):
            mark = os.path.join(folder, f"idle-{phase}")
            if phase in idle:
                touch(mark)
            elif os.path.lexists(mark):
                os.unlink(mark)
    except OSError as error:
        raise Failure(
            "IGN6203", f"marking idle phases: {error}", hint=f"{folder} must be writable"
        ) from error


def _tell_journal(state: State) -> None:
    for entry in state.fetched_configs:
        referenced = bool(entry.get("referenced"))
        kind, source = str(entry.get("kind", "")), str(entry.get("source", ""))
        fields = {
            "IGNITION_CONFIG_TYPE": kind,
            "IGNITION_CONFIG_SRC": source,
            "IGNITION_CONFIG_REFERENCED": "true" if referenced else "false",
        }
        message = f'fetched {"referenced " if referenced else ""}{kind} config from "{source}"'
        if not journal.send(message, journal.FETCHED_CONFIG, fields):
            return  # no journal answers here: the log has the same


def _apply(
    phase: str, settings: Settings, log: Log, state: State, view: View
) -> executor.Execution:
    from ignition.engine import executor, plan

    acquired = cache.from_cache(FetchContext(settings, log), state)
    context = PhaseContext(
        settings, log.child(phase), state, acquired.origins, acquired.transport, view.line
    )
    stages = [
        (prefix, _planner(module, function))
        for prefix, module, function in PHASES[phase]
        if has_work(module, acquired.full)
    ]
    config = Config(acquired.full)
    # What is mounted is unmounted, whatever the config says.
    if phase != "umount" and not _is_known_to_be_sound(settings, state):
        from ignition.engine import fitness

        fitness.check(config, context)
    nodes = plan.make(stages, config, context)
    return executor.run(nodes, context, view)


def _remember_soundness(full: dict[str, Any], settings: Settings, state: State) -> None:
    """The fetch phase has the rules at hand. Where nothing speaks against the config, no later phase loads
    them; where something does, each says so, and refuses the config if it must."""
    from ignition.engine import fitness

    state.sound_for = settings.root if fitness.is_sound(full, settings.root) else None


def _is_known_to_be_sound(settings: Settings, state: State) -> bool:
    """Not of a cache that somebody else has written: its origins are unknown."""
    return state.origins is not None and state.sound_for == settings.root


def has_work(stage: str, config: dict[str, Any]) -> bool:
    """Whether a config (its canonical value) holds anything for a stage of this name."""
    if stage not in _WORK:
        return True
    section, members = _WORK[stage]
    held = config.get(section) or {}
    return any(held.get(member) for member in members)


def _planner(module: str, function: str) -> plan.Planner:
    """The stage's function. Stages are found by name: the engine never imports its edges."""
    name = f"ignition.stages.{module}"
    try:
        stage = load_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise Failure(
            "IGN6204",
            f"the config asks for {module}, which this build of the engine cannot do",
            hint="rebuild the initramfs with the whole engine",
        ) from error
    planner: plan.Planner = getattr(stage, function)
    return planner
