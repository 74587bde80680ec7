# SPDX-License-Identifier: Apache-2.0
"""A short fuzz run of lint; `make fuzz` runs longer."""

from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import mutation
from tests.fuzz.invariants import seconds_allowed
from tests.fuzz.lint_invariants import hold

SEEDS = mutation.corpus()
TEXTS = list(SEEDS.values())


@pytest.mark.parametrize("name", SEEDS)
def test_seeds(name: str) -> None:
    hold(SEEDS[name])


@settings(max_examples=500, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(TEXTS))
def test_mutated_seeds(rng: Random, data: bytes) -> None:
    hold(mutation.mutated(rng, data, TEXTS))


@pytest.mark.parametrize("name", SEEDS)
def test_repeated_part_of_a_seed(name: str) -> None:
    data = mutation.amplified(Random(name), SEEDS[name], 40_000)
    begin = time.process_time()
    hold(data)
    assert time.process_time() - begin <= seconds_allowed(data)
