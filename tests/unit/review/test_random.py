# SPDX-License-Identifier: Apache-2.0
"""Random configs: every name is found, and every difference has an answer."""

from __future__ import annotations

import json
from random import Random

from ignition.review import why, why_text
from ignition.review.diff import formats
from ignition.review.diff.compare import compare
from ignition.review.style import Style
from ignition.review.things import collect
from tests.support import random_json
from tests.unit.review.configs import subject


def test_every_name_is_found_and_every_difference_has_an_answer() -> None:
    rng = Random(7)
    values = [
        json.loads(random_json.text(random_json.config(rng, rng.choice(("3.0.0", "3.3.0"))), rng))
        for _ in range(12)
    ]
    before = subject(values[-1], "old.ign")
    differences = 0
    for value in values:
        now = subject(value, "new.ign")
        assert compare(now, subject(value, "copy.ign")) == []
        found = compare(before, now)
        assert len(compare(now, before)) > 0 or not found
        assert formats.to_text(found, Style()).endswith(".\n")
        differences += len(found)
        for thing in collect.collect(now) + collect.collect_made(now):
            answers = why.explain(now, thing.name, "new.ign") if thing.name else []
            assert thing.key in {each.thing.key for each in answers} or not thing.name
            assert why_text.text(now, answers, Style()).count("\n") >= len(answers)
        before = now
    assert differences > 20
