# SPDX-License-Identifier: Apache-2.0
"""The phases of a first boot: the stages that each runs, and how a phase runs from config to report."""

from __future__ import annotations

import os
import time

from ignition.acquisition import cache
from ignition.base import interrupt, journal, load_module
from ignition.base import state as states
from ignition.base.errors import Failure, NeedNetwork, crash_failure, flatten
from ignition.base.files import touch
from ignition.base.settings import DISKS, FETCH, FETCH_OFFLINE, FILES, KARGS, MOUNT, UMOUNT
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
    from ignition.engine.report import Outcome
    from ignition.engine.view import View

# Phase -> its stages in order: (log prefix, module in stages/, planning function).
PHASES: dict[str, tuple[tuple[str, str, str], ...]] = {
    FETCH_OFFLINE: (),
    FETCH: (),
    KARGS: (("", "kargs", "plan"),),
    DISKS: (
        ("createPartitions", "partitions", "plan"),
        ("createRaids", "raid", "plan"),
        ("createLuks", "luks", "plan"),
        ("createFilesystems", "filesystems", "plan"),
    ),
    MOUNT: (("", "mount", "plan"),),
    FILES: (
        ("", "prepare", "plan"),
        ("createUsers", "users", "plan"),
        ("createFilesystemsFiles: createFiles", "files", "plan"),
        ("", "units", "plan"),
        ("createCrypttabEntries", "luks.records", "plan"),
        ("createResultFile", "finish", "plan"),
        ("", "luks.records", "plan_ready"),
    ),
    UMOUNT: (("", "mount", "plan_umount"),),
}

# The part of the config that a stage applies. If it is empty, the stage is not even loaded. A stage that is
# not listed always runs.
_APPLIES = {
    "kargs": ("kernelArguments", ("shouldExist", "shouldNotExist")),
    "partitions": ("storage", ("disks",)),
    "raid": ("storage", ("raid",)),
    "luks": ("storage", ("luks",)),
    "luks.records": ("storage", ("luks",)),
    "filesystems": ("storage", ("filesystems",)),
    "mount": ("storage", ("filesystems",)),
    "users": ("passwd", ("users", "groups")),
    "files": ("storage", ("directories", "files", "links")),
    "units": ("systemd", ("units",)),
}


def run(phase: str, settings: Settings, log: Log, view: View) -> Report:
    """Runs one phase. Loads the state of the phase before, and saves its own after a success.

    Raises nothing: a crash becomes a failure of the report, which is also appended to `report.json`.
    """
    started, clock = time.time(), time.monotonic()
    view.start_phase(phase)
    outcomes: list[Outcome] = []
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
                failures += execution.failures
            if not failures:
                log.info(f"{phase}: {phase} passed")
                state.phases.append(so_far().summary())
                states.save(state, settings.state_file)
    except interrupt.Interrupted:
        failures.append(interrupt.failure())
    except Exception as error:  # a crash becomes a report here, and only here
        failures += flatten(crash_failure(error))
    done = so_far()
    report.append(done, settings, log)
    if phase not in (FETCH_OFFLINE, FETCH) and not failures:
        view.end_phase(len(outcomes))
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
        _request_network(settings, log, view, need)
        return
    cache.write(settings, acquired.cache_text)
    provider_cache.remove(settings, state)
    _mark_idle_phases(settings, Config(acquired.full))
    _record_soundness(acquired.full, settings, state)
    _log_to_journal(state)
    view.done(_describe_sources(acquired.sources))
    phase_log = log.child(phase)
    if offline:
        need_later = network_need.network_need(acquired.full, acquired.origins)
        if need_later is not None:
            _request_network(settings, phase_log, view, need_later)
    else:
        phase_log.info("fetch complete")


def _describe_sources(sources: list[dict[str, Any]]) -> str:
    names = [str(source["source"]) for source in sources if source.get("kind") == "user"]
    if not names:
        return "no config was given"
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"read {names[0]}{more}"


def _request_network(settings: Settings, log: Log, view: View, need: NeedNetwork) -> None:
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
    """The phases among kargs, disks and mount that have nothing to do for this config."""
    idle = [
        phase
        for phase in (KARGS, DISKS)
        if not any(has_work(stage, config.raw) for _, stage, _ in PHASES[phase])
    ]
    if not any(
        fs.path and fs.format not in (None, "", "none", "swap") for fs in config.storage.filesystems
    ):
        idle.append(MOUNT)
    return idle


def _mark_idle_phases(settings: Settings, config: Config) -> None:
    """Creates a file per idle phase, which its unit has a condition on (docs/boot.md). Failure IGN6203."""
    directory = os.path.dirname(settings.neednet) or "."
    idle = [] if status.is_wanted(settings) else idle_phases(config)
    try:
        for phase in (KARGS, DISKS, MOUNT):
            mark = os.path.join(directory, f"idle-{phase}")
            if phase in idle:
                touch(mark)
            elif os.path.lexists(mark):
                os.unlink(mark)
    except OSError as error:
        raise Failure(
            "IGN6203", f"marking idle phases: {error}", hint=f"{directory} must be writable"
        ) from error


def _log_to_journal(state: State) -> None:
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
            return  # there is no journal; the log has the same lines


def _apply(
    phase: str, settings: Settings, log: Log, state: State, view: View
) -> executor.Execution:
    from ignition.engine import executor, plan

    acquired = cache.from_cache(FetchContext(settings, log), state)
    context = PhaseContext(
        settings, log.child(phase), state, acquired.origins, acquired.transport, view.line
    )
    stages = [
        (prefix, load_stage(module, function))
        for prefix, module, function in PHASES[phase]
        if has_work(module, acquired.full)
    ]
    config = Config(acquired.full)
    # Filesystems must be unmounted even if the config became invalid.
    if phase != UMOUNT and not _is_sound(settings, state):
        from ignition.engine import soundness

        soundness.check(config, context)
    nodes = plan.build(stages, config, context)
    return executor.run(nodes, context, view)


def _record_soundness(full: dict[str, Any], settings: Settings, state: State) -> None:
    """Checks the config while the rules are loaded anyway. Later phases load the rules only if there was a
    finding, to log it or to refuse the config."""
    from ignition.engine import soundness

    state.sound_for = settings.root if soundness.is_sound(full, settings.root) else None


def _is_sound(settings: Settings, state: State) -> bool:
    """Whether the fetch phase found no fault. Unknown for a cache that the fetch phase did not write."""
    return state.origins is not None and state.sound_for == settings.root


def has_work(stage: str, config: dict[str, Any]) -> bool:
    """Whether a config (its canonical value) contains anything that this stage applies."""
    if stage not in _APPLIES:
        return True
    section, members = _APPLIES[stage]
    part = config.get(section) or {}
    return any(part.get(member) for member in members)


def load_stage(module: str, function: str) -> plan.Stage:
    """Imports a stage by name. Failure IGN6204 if it is not in this initramfs."""
    name = f"ignition.stages.{module}"
    try:
        module_of_stage = load_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise Failure(
            "IGN6204",
            f"the config needs the stage {module}, which is not in this initramfs",
            hint="rebuild the initramfs with all stages",
        ) from error
    stage: plan.Stage = getattr(module_of_stage, function)
    return stage
