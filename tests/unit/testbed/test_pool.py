# SPDX-License-Identifier: Apache-2.0
"""Scheduling: order, side by side, retries, interruption. What a case does is a function of the test here;
tests/unit/cli/test_test.py and tests/boot run real ones."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed import pool
from ignition.testbed.cases import Case
from ignition.testbed.pool import (
    Cancelled,
    Ear,
    guests_at_once,
    processors_per_guest,
    run_all,
    unfinished,
)
from ignition.testbed.results import BootRecord, CaseResult, Cause, Verdict

A, B, C = (Case(name, name) for name in ("a.ign", "b.ign", "c.ign"))


class Heard:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def started(self, case: Case, attempt: int) -> None:
        self.events.append((f"started {attempt}", case.name))

    def phase(self, case: Case, name: str) -> None:
        self.events.append((name, case.name))

    def finished(self, case: Case, result: CaseResult) -> None:
        self.events.append((result.verdict.value, case.name))


def result(case: Case, verdict: Verdict = Verdict.PASSED) -> CaseResult:
    return replace(unfinished(case, None), verdict=verdict)


def test_results_have_the_order_of_the_cases() -> None:
    def run(case: Case, _ear: Ear, _cancel: threading.Event) -> CaseResult:
        time.sleep(0.2 if case is A else 0)
        return result(case)

    heard = Heard()
    done = run_all([A, B, C], run, heard, jobs=3)
    assert [each.name for each in done.cases] == ["a.ign", "b.ign", "c.ign"]
    assert heard.events[-1] == ("passed", "a.ign"), "but they are told when they are there"
    assert done.exit_status == 0


@pytest.mark.parametrize(("works", "name"), [(True, "kvm"), (False, "tcg")])
def test_a_run_says_how_its_guests_ran(
    monkeypatch: pytest.MonkeyPatch, works: bool, name: str
) -> None:
    monkeypatch.setattr(pool, "kvm_works", lambda: works)

    def run(case: Case, _ear: Ear, _cancel: threading.Event) -> CaseResult:
        boots = (BootRecord(1.0, "multi-user"),) if case is B else ()
        return replace(result(case), boots=boots)

    assert run_all([A, B], run, Heard(), jobs=1).accelerator == name
    assert run_all([A, C], run, Heard(), jobs=1).accelerator == ""


def test_no_more_cases_run_at_once_than_allowed() -> None:
    running: set[str] = set()
    most: list[int] = []
    lock = threading.Lock()

    def run(case: Case, _ear: Ear, _cancel: threading.Event) -> CaseResult:
        with lock:
            running.add(case.name)
            most.append(len(running))
        time.sleep(0.05)
        with lock:
            running.remove(case.name)
        return result(case)

    run_all([Case(str(number), "x") for number in range(8)], run, Heard(), jobs=2)
    assert max(most) == 2


def test_a_case_that_passes_at_a_later_attempt_is_flaky() -> None:
    attempts: list[str] = []

    def run(case: Case, _ear: Ear, _cancel: threading.Event) -> CaseResult:
        attempts.append(case.name)
        if len(attempts) > 2:
            return result(case)
        return replace(result(case, Verdict.TIMEOUT), artefacts=Path("kept"))

    (one,) = run_all([A], run, Heard(), jobs=1, retries=5).cases
    assert (one.verdict, one.attempts, one.flaky) == (Verdict.PASSED, 3, True)
    assert one.artefacts == Path("kept"), "what the failed attempt left"


def test_a_case_that_never_passes_keeps_its_last_verdict() -> None:
    def run(case: Case, _ear: Ear, _cancel: threading.Event) -> CaseResult:
        return result(case, Verdict.CRASHED)

    (one,) = run_all([A], run, Heard(), jobs=1, retries=2).cases
    assert (one.verdict, one.attempts, one.flaky) == (Verdict.CRASHED, 3, False)


def test_what_another_attempt_cannot_change_is_not_tried_again() -> None:
    def run(case: Case, _ear: Ear, _cancel: threading.Event) -> CaseResult:
        if case is B:
            raise Failure("IGN8001", "cannot find qemu-system-x86_64", hint="apt-get install it")
        return result(case, Verdict.REFUSED)

    refused, host = run_all([A, B], run, Heard(), jobs=1, retries=3).cases
    assert (refused.attempts, host.attempts) == (1, 1)
    assert host.verdict is Verdict.HOST_PROBLEM
    assert host.cause == Cause("IGN8001", "cannot find qemu-system-x86_64", "apt-get install it")


def test_a_defect_in_one_case_does_not_lose_the_others() -> None:
    def run(case: Case, _ear: Ear, _cancel: threading.Event) -> CaseResult:
        return result(case) if case is not B else result(None)  # type: ignore[arg-type]

    done = run_all([A, B, C], run, Heard(), jobs=2)
    assert [each.verdict for each in done.cases] == [
        *(Verdict.PASSED, Verdict.HOST_PROBLEM, Verdict.PASSED),
    ]
    cause = done.cases[1].cause
    assert cause is not None and cause.code == "IGN6900"
    assert done.exit_status == 7


def test_a_case_with_a_problem_is_not_run() -> None:
    case = replace(A, problem=Cause("IGN6311", "cannot read a.ign"))

    def run(case: Case, _ear: Ear, _cancel: threading.Event) -> CaseResult:
        raise AssertionError(case)

    (one,) = run_all([case], run, Heard(), jobs=1).cases
    assert (one.verdict, one.cause) == (Verdict.HOST_PROBLEM, case.problem)


def test_after_an_interruption_running_cases_end_and_none_starts() -> None:
    cancel = threading.Event()
    heard = Heard()

    def run(case: Case, _ear: Ear, stop: threading.Event) -> CaseResult:
        if case is A:
            return result(case)
        cancel.set()
        assert stop.wait(5)
        raise Cancelled

    done = run_all([A, B, C], run, heard, jobs=1, cancel=cancel)
    assert [each.verdict for each in done.cases] == [
        *(Verdict.PASSED, Verdict.HOST_PROBLEM, Verdict.HOST_PROBLEM),
    ]
    assert {each.cause for each in done.cases[1:]} == {pool.INTERRUPTED}
    assert ("started 1", "c.ign") not in heard.events


def test_there_is_room_for_one_guest_at_least() -> None:
    assert guests_at_once(1 << 40) == 1
    assert guests_at_once(1) >= 1


@pytest.mark.parametrize(
    ("processors", "guests", "share"), [(8, 1, 2), (8, 4, 2), (8, 5, 1), (2, 2, 1), (1, 1, 1)]
)
def test_guests_do_not_share_processors(
    processors: int, guests: int, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    assert processors_per_guest(guests) == share
