# SPDX-License-Identifier: Apache-2.0
"""Whether an array is kept, assembled, created or refused, given running arrays and superblocks."""

from __future__ import annotations

import pytest

from ignition.base.settings import Settings
from ignition.config.model import Raid
from ignition.stages.raid import mdadm_args
from ignition.stages.raid.decisions import ASSEMBLE, CREATE, KEEP, REFUSE, Decision, resume, reuse
from ignition.system.arrays import Array
from ignition.system.mdsuper import Superblock

WANTED = Raid({"name": "data", "level": "mirror", "devices": ["/dev/a", "/dev/b"]})
MEMBERS = frozenset((1, 2))
NODE = "/dev/md127"
RUNS = Array(NODE, "raid1", 2, MEMBERS, True)
HALF = Array(NODE, "", 0, frozenset((1,)), False)
DEGRADED = Array(NODE, "raid1", 2, frozenset((1,)), True)
STRANGE = Array(NODE, "raid1", 2, frozenset((1, 9)), True)


@pytest.mark.parametrize(
    "array, act, why",
    [
        (None, CREATE, ""),
        (RUNS, KEEP, ""),
        (HALF, REFUSE, "partly assembled"),
        (DEGRADED, REFUSE, "on other devices"),
        (STRANGE, REFUSE, "on other devices"),
        (Array(NODE, "raid0", 2, MEMBERS, True), REFUSE, "level raid0"),
        (Array(NODE, "raid1", 1, MEMBERS, True), REFUSE, "1 devices besides spares"),
        (Array("/dev/md9", "raid1", 2, MEMBERS, True), REFUSE, "another name"),
    ],
)
def test_decision_by_running_array(array: Array | None, act: str, why: str) -> None:
    decision = reuse(WANTED, MEMBERS, [array, array], NODE)
    assert decision.act == act
    assert why in decision.why


NEW = Superblock(b"1" * 16, 0)
RAN = Superblock(b"1" * 16, 17)
OTHER = Superblock(b"2" * 16, 17)


@pytest.mark.parametrize(
    "array, own, are_empty, act",
    [
        pytest.param(None, [RAN, RAN], False, ASSEMBLE, id="complete and stopped"),
        pytest.param(HALF, [RAN, RAN], False, ASSEMBLE, id="complete, partly assembled"),
        pytest.param(DEGRADED, [RAN, RAN], False, ASSEMBLE, id="complete, one member was late"),
        pytest.param(
            HALF, [NEW, None], False, CREATE, id="interrupted while superblocks were written"
        ),
        pytest.param(None, [NEW, None], False, CREATE, id="the same, not assembled"),
        pytest.param(DEGRADED, [RAN, None], True, CREATE, id="the same, run by the system"),
        pytest.param(DEGRADED, [RAN, None], False, REFUSE, id="a member was lost"),
        pytest.param(DEGRADED, [RAN, OTHER], False, REFUSE, id="two own arrays"),
        pytest.param(STRANGE, [RAN, RAN], True, REFUSE, id="runs with another device"),
    ],
)
def test_resume_array_begun_with_this_config(
    array: Array | None, own: list[Superblock | None], are_empty: bool, act: str
) -> None:
    before = reuse(WANTED, MEMBERS, [array, None], NODE)
    assert resume(before, MEMBERS, [array, None], own, are_empty=are_empty).act == act


def test_kept_array_is_not_resumed() -> None:
    kept = Decision(KEEP)
    assert resume(kept, MEMBERS, [RUNS, RUNS], [NEW, None], are_empty=True) is kept


@pytest.mark.parametrize(
    "options, ours",
    [
        ([], True),
        (["--metadata=1.0", "--bitmap=internal"], True),
        (["--uuid=01020304:05060708:090a0b0c:0d0e0f10"], False),
        (["-u", "01020304:05060708:090a0b0c:0d0e0f10"], False),
        (["--metadata=imsm"], False),
    ],
)
def test_uuid_unless_the_options_set_one(options: list[str], ours: bool) -> None:
    wanted = Raid({"name": "data", "level": "raid1", "devices": [], "options": options})
    args = mdadm_args(Settings(), wanted, ["/dev/a", "/dev/b"], "0:1:2:3")
    assert ("--uuid=0:1:2:3" in args) is ours
