# SPDX-License-Identifier: Apache-2.0
"""Runs cases side by side, each up to `retries` times more, and ends them all when asked to."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ignition.base.errors import Failure, InvalidConfig, crash_failure
from ignition.base.finding import Finding
from ignition.testbed.accel import kvm_works
from ignition.testbed.cases import Case, cause_of
from ignition.testbed.results import CaseResult, Cause, RunResult, Verdict

OVERHEAD_MIB = 1536
"""What QEMU's emulator takes besides the memory of its guest, mostly for translated code."""
RETRIED = frozenset(
    (
        *(Verdict.EXPECTATION_FAILED, Verdict.PROVISIONING_FAILED),
        *(Verdict.CRASHED, Verdict.TIMEOUT),
    )
)
"""What another attempt may change. A refused config stays refused, and QEMU stays absent."""


class Listener(Protocol):
    """Hears how a run goes on. Called from several threads, never at the same time."""

    def started(self, case: Case, attempt: int) -> None: ...
    def phase(self, case: Case, name: str) -> None: ...
    def finished(self, case: Case, result: CaseResult) -> None: ...


RunCase = Callable[[Case, "Ear", threading.Event], CaseResult]
"""Runs one attempt of a case; returns soon after the event is set, or raises Cancelled."""


class Cancelled(BaseException):
    """Unwinds an attempt that the user ended. A BaseException, so that no handler of failures takes it."""


class Ear:
    """A listener that threads share."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._lock = threading.Lock()

    def started(self, case: Case, attempt: int) -> None:
        with self._lock:
            self._listener.started(case, attempt)

    def phase(self, case: Case, name: str) -> None:
        with self._lock:
            self._listener.phase(case, name)

    def finished(self, case: Case, result: CaseResult) -> None:
        with self._lock:
            self._listener.finished(case, result)


def run_all(
    cases: Sequence[Case],
    run_case: RunCase,
    listener: Listener,
    *,
    jobs: int,
    retries: int = 0,
    cancel: threading.Event | None = None,
) -> RunResult:
    """Runs the cases, at most `jobs` at once; the results are in the order of the cases.

    After `cancel` is set no case starts, those that run end, and cases without a result are host problems.
    """
    cancel = cancel or threading.Event()
    ear = Ear(listener)
    started, begin = time.time(), time.monotonic()

    def work(case: Case) -> CaseResult:
        result = _attempts(case, run_case, ear, retries, cancel)
        ear.finished(case, result)
        return result

    with ThreadPoolExecutor(max(1, jobs), "case") as threads:
        futures = [threads.submit(work, case) for case in cases]
        results = tuple(_result(future) for future in futures)
    return RunResult(results, started, time.monotonic() - begin, _accelerator(results))


def _accelerator(results: Sequence[CaseResult]) -> str:
    """What guests ran with, as it was found out when the first of them started; "" without guests."""
    if not any(result.boots for result in results):
        return ""
    return "kvm" if kvm_works() else "tcg"


def _result(future: Future[CaseResult]) -> CaseResult:
    """Waits in slices: a signal reaches Python's main thread only between two of them."""
    while not future.done():
        try:
            return future.result(0.2)
        except TimeoutError:
            continue
    return future.result()


def _attempts(
    case: Case, run_case: RunCase, ear: Ear, retries: int, cancel: threading.Event
) -> CaseResult:
    if case.problem is not None:
        return unfinished(case, case.problem)
    artefacts: Path | None = None
    for attempt in range(1, retries + 2):
        if cancel.is_set():
            return unfinished(case, INTERRUPTED)
        ear.started(case, attempt)
        result = replace(_attempt(case, run_case, ear, cancel), attempts=attempt)
        if result.verdict is Verdict.PASSED:
            # Of a flaky case, the artefacts of the attempt that failed are of interest.
            return replace(result, flaky=attempt > 1, artefacts=result.artefacts or artefacts)
        artefacts = result.artefacts
        if result.verdict not in RETRIED:
            return result
    return result


INTERRUPTED = Cause("IGN8408", "the run was ended before this case was", "run it again")


def _attempt(case: Case, run_case: RunCase, ear: Ear, cancel: threading.Event) -> CaseResult:
    """One attempt. A defect ends this case alone."""
    begin = time.monotonic()
    findings: tuple[Finding, ...] = ()
    try:
        return run_case(case, ear, cancel)
    except Cancelled:
        cause = INTERRUPTED
    except Failure as failure:
        cause = INTERRUPTED if cancel.is_set() else cause_of(failure)
        findings = tuple(failure.findings) if isinstance(failure, InvalidConfig) else ()
    except Exception as crash:
        cause = INTERRUPTED if cancel.is_set() else cause_of(crash_failure(crash))
    return replace(unfinished(case, cause), findings=findings, seconds=time.monotonic() - begin)


def unfinished(case: Case, cause: Cause | None) -> CaseResult:
    """The result of a case that says nothing about its config."""
    return CaseResult(
        case.name,
        case.config,
        Verdict.HOST_PROBLEM,
        platform=case.platform,
        image=case.image.name,
        fault=case.fault,
        tier=case.tier,
        cause=cause,
        repeat=case.repeat,
    )


def guests_at_once(memory_mib: int) -> int:
    """As many guests of this size as processors and free memory allow; at least one."""
    room = _free_memory_mib() // (memory_mib + OVERHEAD_MIB)
    return max(1, min(len(os.sched_getaffinity(0)), room))


def processors_per_guest(guests: int) -> int:
    """Two, or the share of each of so many guests; at least one.

    An emulated processor that waits for a real one stalls the guest's kernel.
    """
    return max(1, min(2, len(os.sched_getaffinity(0)) // guests))


def _free_memory_mib() -> int:
    """The memory that new processes can have: the host's, or what the control group leaves."""
    free = _host_memory()
    try:
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        free = min(free, limit - int((group / "memory.current").read_text()))
    except (OSError, ValueError):
        pass  # no control group, or "max"
    return free >> 20


def _host_memory() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    except (OSError, ValueError):
        pass
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
