# SPDX-License-Identifier: Apache-2.0
"""Steps are ordered by what they create and change, whichever stage plans them."""

from __future__ import annotations

import random

import pytest

from ignition.base.errors import Refused
from ignition.base.origin import Origin
from ignition.engine.order import arrange
from ignition.engine.step import Step


def step(
    name: str,
    needs: tuple[str, ...] = (),
    provides: tuple[str, ...] = (),
    creates: tuple[str, ...] = (),
) -> Step:
    origin = Origin("test", f"/{name}")
    return Step(name, origin, lambda task: None, needs=needs, provides=provides, creates=creates)


def array(name: str, *members: str) -> Step:
    return step(name, members, (f"/dev/md/{name}", *members), (f"/dev/md/{name}",))


def volume(name: str, device: str) -> Step:
    shared = "luks:key-derivation"
    made = f"/dev/mapper/{name}"
    return step(name, (device, shared), (made, device, shared), (made,))


def filesystem(device: str) -> Step:
    return step(f"mkfs {device}", (device,), (device,))


def order(*stages: list[Step]) -> list[str]:
    """The names of the steps in an order in which they may run one after the other."""
    steps = [one for stage in stages for one in stage]
    earlier = [sum(map(len, stages[:at])) for at, stage in enumerate(stages) for _ in stage]
    before = arrange(steps, earlier)
    ended: list[int] = []
    while len(ended) < len(steps):
        ended.append(next(i for i in range(len(steps)) if i not in ended and before[i] <= {*ended}))
    return [steps[index].summary for index in ended]


def test_an_array_of_volumes_waits_for_the_later_stage() -> None:
    found = order(
        [array("data", "/dev/mapper/a", "/dev/mapper/b")],
        [volume("a", "/dev/null"), volume("b", "/dev/zero")],
        [filesystem("/dev/md/data")],
    )
    assert found == ["a", "b", "data", "mkfs /dev/md/data"]


def test_partitions_of_an_array_wait_for_the_later_stage() -> None:
    parts = step("parts", ("/dev/md/a",), ("/dev/md/a", "/dev/md/ap1"))
    found = order(
        [step("disk", ("/dev/null",), ("/dev/null", "/dev/x1", "/dev/x2")), parts],
        [array("a", "/dev/x1", "/dev/x2"), array("b", "/dev/md/ap1")],
    )
    assert found == ["disk", "a", "parts", "b"]


def test_volumes_listed_from_top_to_bottom_are_made_from_bottom_to_top_one_at_a_time() -> None:
    steps = [
        volume("c", "/dev/mapper/b"),
        volume("b", "/dev/mapper/a"),
        volume("x", "/dev/zero"),
        volume("a", "/dev/null"),
    ]
    assert order(steps) == ["a", "b", "c", "x"]
    # The shared key keeps any two of them apart.
    before = arrange(steps, [0] * 4)
    assert [sorted(makers) for makers in before] == [[1, 3], [3], [0, 1, 3], []]


def test_without_later_creators_plan_order_holds() -> None:
    steps = [array("a", "/dev/null", "/dev/zero"), array("b", "/dev/zero"), filesystem("/dev/null")]
    assert arrange(steps, [0, 0, 2]) == [set(), {0}, {0}]


def test_an_unknown_device_does_not_wait_for_those_that_wait_for_it() -> None:
    before = arrange(
        [
            step("disk", ("/dev/null",), ("/dev/null",)),
            array("data", "/dev/mapper/a"),
            array("on data", "/dev/md/data"),
            volume("a", "/dev/disk/by-label/absent"),
            volume("b", "/dev/disk/by-id/absent"),
        ],
        [0, 1, 1, 3, 3],
    )
    assert before == [set(), {3}, {1}, {0}, {0, 1, 2, 3}]


def test_what_is_kept_is_awaited_too() -> None:
    kept = step("kept", ("/dev/null",), creates=("/dev/md/x",))
    assert arrange([filesystem("/dev/md/x"), kept], [0, 0]) == [{1}, set()]


@pytest.mark.parametrize(
    ("steps", "text", "origin"),
    [
        (
            [volume("a", "/dev/mapper/a")],
            "(a) needs /dev/mapper/a, which it creates itself",
            "/a",
        ),
        (
            [
                array("top", "/dev/md/a"),
                array("a", "/dev/md/b"),
                array("b", "/dev/null", "/dev/md/a"),
            ],
            "devices are built on each other in a circle: (a) needs /dev/md/b, (b) needs /dev/md/a",
            "/a",
        ),
        (
            [array("a", "/dev/mapper/v"), filesystem("/dev/null"), volume("v", "/dev/md/a")],
            "devices are built on each other in a circle: (a) needs /dev/mapper/v, (v) needs /dev/md/a",
            "/a",
        ),
    ],
)
def test_a_circle_is_refused(steps: list[Step], text: str, origin: str) -> None:
    with pytest.raises(Refused) as refused:
        arrange(steps, [0] * len(steps))
    assert (refused.value.code, refused.value.text) == ("IGN2118", text)
    assert refused.value.origin is not None
    assert refused.value.origin.pointer == origin


def test_random_stacks_in_any_order_have_an_order() -> None:
    for seed in range(300):
        shuffled = random.Random(seed)
        steps: list[Step] = []
        for number in range(12):
            below = [f"/dev/md/{other}" for other in range(number)] + ["/dev/null", "/dev/absent"]
            name, device = f"{number}", shuffled.choice(below)
            one = array(name, device) if shuffled.random() < 0.5 else volume(name, device)
            alias = f"/dev/md/{number}"  # whichever kind it is
            steps.append(step(name, one.needs, (*one.provides, alias), (alias,)))
        shuffled.shuffle(steps)
        earlier = sorted(shuffled.choice([0, 2, 4, 8]) for _ in steps)
        before = arrange(steps, [min(at, index) for index, at in enumerate(earlier)])
        ended: set[int] = set()
        while len(ended) < len(steps):
            ready = {i for i in range(len(steps)) if i not in ended and before[i] <= ended}
            assert ready, seed
            ended |= ready
        for index, one in enumerate(steps):
            makers = {
                other for other, made in enumerate(steps) if set(made.creates) & set(one.needs)
            }
            assert makers <= before[index]
