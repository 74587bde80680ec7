# SPDX-License-Identifier: Apache-2.0
"""Random disks through all phases. `make fuzz` runs many, CI a few; the same seeds each time.

`tests.fuzz.phases` states what must hold: no defect, no hang, and a second run that changes nothing.
"""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.fuzz import phases, random_disks
from tests.fuzz.random_machine import Dice
from tests.machine.blockdevices import BlankDisk

SEEDS = range(1, 1 + int(os.environ.get("IGNITION_FUZZ_DISKS", "8")))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_machine(seed: int, blank_disk: BlankDisk) -> None:
    rng = Dice(seed)
    disks = [blank_disk(size_mib=300), blank_disk(size_mib=400)]
    contents = [random_disks.lay(rng, disk) for disk in disks]
    storage = random_disks.storage(rng, disks)
    shutil.rmtree(phases.BASE / "root", ignore_errors=True)
    (phases.BASE / "root/etc").mkdir(parents=True)
    config = {"ignition": {"version": "3.6.0"}, "storage": storage}
    (phases.BASE / "config.ign").write_text(json.dumps(config, indent=1))
    try:
        first = phases.boot()
        phases.check(first)
        if first.status == 0:
            before = random_disks.seen(disks, storage)
            second = phases.boot()
            phases.check(second)
            assert second.status == 0, second.output
            assert random_disks.seen(disks, storage) == before, second.output
    except (phases.Broken, AssertionError) as why:
        why.add_note(f"{contents}\n{json.dumps(config, indent=1)}")
        raise
