# SPDX-License-Identifier: Apache-2.0
"""Steps run in the order of their needs, and in parallel if they are independent."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from ignition.base.errors import Failure, FailureGroup, Refused
from ignition.base.log import Log
from ignition.base.origin import Origin
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config.model import Config
from ignition.engine import executor, plan
from ignition.engine.context import PhaseContext
from ignition.engine.report import DONE, FAILED, SATISFIED, Outcome
from ignition.engine.step import Step, Task
from ignition.engine.view import View

HERE = Origin("test")
QUIET = View(-1, colour=False)


def context() -> PhaseContext:
    return PhaseContext(Settings(), Log(lambda level, text: None), State(), {})


def step(
    name: str,
    do: Callable[[Task], None],
    needs: tuple[str, ...] = (),
    provides: tuple[str, ...] = (),
    done: Callable[[], bool] | None = None,
) -> Step:
    return Step(name, HERE, do, needs=needs, provides=provides, done=done)


def append_name(order: list[str], name: str, after: float = 0) -> Callable[[Task], None]:
    """Sleeps, then appends its name."""

    def do(task: Task) -> None:
        time.sleep(after)
        order.append(name)

    return do


def run(*stages: list[Step]) -> executor.Execution:
    here = context()

    def planner(steps: list[Step]) -> plan.Stage:
        def planned(config: Config, context: PhaseContext) -> Iterator[Step]:
            return iter(steps)

        return planned

    nodes = plan.build([("", planner(steps)) for steps in stages], Config({}), here)
    return executor.run(nodes, here, QUIET)


def outcomes(*stages: list[Step]) -> list[Outcome]:
    """The outcomes of a run without failures."""
    execution = run(*stages)
    execution.check()
    return execution.outcomes


def failure_of(*stages: list[Step]) -> Failure:
    """The failures of a run."""
    with pytest.raises(Failure) as caught:
        run(*stages).check()
    return caught.value


def test_a_step_waits_for_what_it_needs() -> None:
    order: list[str] = []
    outcomes(
        [
            step("a", append_name(order, "a", after=0.05), provides=("a",)),
            step("b", append_name(order, "b"), needs=("a",), provides=("b",)),
        ],
        [step("c", append_name(order, "c"), needs=("a", "b"))],
    )
    assert order == ["a", "b", "c"]


def test_independent_steps_run_in_parallel() -> None:
    together = threading.Barrier(2, timeout=5)
    ended = outcomes([step(name, lambda task: (together.wait(), None)[1]) for name in ("a", "b")])
    assert {outcome.result for outcome in ended} == {DONE}


def test_a_step_on_a_missing_device_waits_for_the_earlier_stages() -> None:
    order: list[str] = []
    outcomes(
        [step("slow", append_name(order, "slow", after=0.05))],
        [step("late", append_name(order, "late"), needs=("/dev/no-such-device",))],
    )
    assert order == ["slow", "late"]


def test_a_satisfied_step_does_not_run() -> None:
    def never(task: Task) -> None:
        raise AssertionError("was done already")

    (outcome,) = outcomes([step("a", never, done=lambda: True)])
    assert outcome.result == SATISFIED


def test_after_a_failure_no_step_starts_and_running_steps_finish() -> None:
    ended: list[str] = []
    started = threading.Event()

    def slow(task: Task) -> None:
        started.set()
        time.sleep(0.1)
        ended.append("slow")

    def fails(task: Task) -> None:
        started.wait(5)
        raise Failure("IGN9999", "it broke")

    failure = failure_of(
        [
            step("slow", slow, provides=("x",)),
            step("fails", fails),
            step("after", append_name(ended, "after"), needs=("x",)),
        ]
    )
    assert ended == ["slow"]
    assert failure.origin == HERE


def test_all_failures_are_reported() -> None:
    together = threading.Barrier(2, timeout=5)

    def fails(task: Task) -> None:
        together.wait()
        raise Failure("IGN9999", "it broke")

    failure = failure_of([step("a", fails), step("b", fails)])
    assert isinstance(failure, FailureGroup)
    assert len(failure.failures) == 2


def test_an_oserror_gets_a_code_and_the_origin_of_its_step() -> None:
    def no_room(task: Task) -> None:
        raise OSError(28, "No space left on device", "/sysroot/x")

    failure = failure_of([step("a", no_room)])
    assert failure.code == "IGN7003"
    assert str(failure) == "/sysroot/x: No space left on device"
    assert failure.origin == HERE


def test_a_failed_run_returns_the_outcomes_of_its_steps() -> None:
    def fails(task: Task) -> None:
        raise Failure("IGN9999", "it broke")

    execution = run(
        [
            step("first", append_name([], "first"), provides=("x",)),
            step("second", fails, needs=("x",), provides=("y",)),
            step("third", append_name([], "third"), needs=("y",)),
        ]
    )
    assert [(outcome.summary, outcome.result) for outcome in execution.outcomes] == [
        ("first", DONE),
        ("second", FAILED),
    ]
    assert [failure.code for failure in execution.failures] == ["IGN9999"]


@pytest.mark.parametrize(
    ("crash", "code"),
    [
        (KeyError("surprise"), "IGN6900"),
        (MemoryError(), "IGN7005"),
        (ImportError("libx.so: failed to map segment from shared object"), "IGN7005"),
        (RuntimeError("can't start new thread"), "IGN7004"),
        (OSError(errno.EMFILE, "Too many open files"), "IGN7006"),
        (OSError(errno.EFBIG, "File too large", "/x"), "IGN7007"),
    ],
    ids=["defect", "memory", "library", "thread", "descriptors", "file-size"],
)
def test_after_a_crash_running_steps_finish_and_the_step_fails(crash: Exception, code: str) -> None:
    ended: list[str] = []
    started = threading.Event()

    def slow(task: Task) -> None:
        started.set()
        time.sleep(0.1)
        ended.append("slow")

    def crashes(task: Task) -> None:
        started.wait(5)
        raise crash

    execution = run([step("slow", slow), step("crashes", crashes)])
    assert ended == ["slow"]
    assert [outcome.result for outcome in execution.outcomes] == [FAILED, DONE]
    assert [(failure.code, failure.origin) for failure in execution.failures] == [(code, HERE)]


def test_all_refusals_are_reported_before_any_step_runs() -> None:
    ran: list[str] = []

    def refusing(config: Config, context: PhaseContext) -> Iterator[Step]:
        context.refuse(Refused("IGN9998", "first"))
        yield step("a", append_name(ran, "a"))
        raise Refused("IGN9999", "second")

    with pytest.raises(FailureGroup) as caught:
        plan.build([("", refusing)], Config({}), context())
    assert sorted(failure.text for failure in caught.value.failures) == ["first", "second"]
    assert ran == []
