# SPDX-License-Identifier: Apache-2.0
"""What happens to each partition, as a table (docs/behaviour/disks.md)."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.config.model import Disk
from ignition.stages.common import guids
from ignition.stages.partitions.decisions import (
    ABSENT,
    CREATE,
    DELETE,
    KEEP,
    RECREATE,
    REFUSE,
    RESIZE,
    Decision,
    DoesNotFit,
    decide_all,
    new_partition,
    parse_entries,
    resolve,
)
from ignition.system import gpt, gptwrite
from ignition.system.gpt import LINUX_DATA, Partition, Table
from ignition.system.placement import Layout

MIB = 2048
SECTORS = 512 * MIB
ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
GUIDS = {n: f"{n}{n}{n}{n}{n}{n}{n}{n}-0000-4000-8000-000000000000" for n in range(1, 10)}
BASE = [
    Partition(1, 2 * MIB, 128 * MIB, ESP, GUIDS[1], "EFI-SYSTEM"),
    Partition(6, 130 * MIB, 128 * MIB, LINUX_DATA, GUIDS[6], "OEM"),
    Partition(9, 258 * MIB, 128 * MIB, LINUX_DATA, GUIDS[9], "ROOT", attributes=4),
]
W = {"wipePartitionEntry": True}
GONE = {"shouldExist": False}
R = {"resize": True}


def table(partitions: list[Partition]) -> Table:
    return gptwrite.edit(gpt.empty(512, SECTORS), [], partitions)


def decide(before: Table, *entries: dict[str, Any], digest: str = "") -> list[Decision]:
    wanted = parse_entries(
        Disk({"device": "/dev/x", "partitions": list(entries)}),
        512,
        lambda index: guids.new_guid(digest, str(index)),
    )
    layout = Layout(before, 512, SECTORS)
    resolve(wanted, before, layout, lambda guid, index: guids.matches(guid, digest, str(index)))
    return decide_all(wanted, before)


ONE_ENTRY = {
    "missing, should not exist": ({"number": 2, **GONE}, ABSENT),
    "missing, should not exist, may wipe": ({"number": 2, **GONE, **W}, ABSENT),
    "missing, should exist": ({"number": 2, "startMiB": 400, "sizeMiB": 1}, CREATE),
    "exists, should not exist, may not wipe": ({"number": 9, **GONE}, REFUSE),
    "exists, should not exist, may wipe": ({"number": 9, **GONE, **W}, DELETE),
    "only the number": ({"number": 9}, KEEP),
    "label and type": ({"number": 9, "label": "ROOT", "typeGuid": LINUX_DATA}, KEEP),
    "guid in lower case": ({"number": 9, "guid": GUIDS[9].lower()}, KEEP),
    "empty guid and type": ({"number": 9, "guid": "", "typeGuid": ""}, KEEP),
    "match, may wipe": ({"number": 9, "startMiB": 258, "sizeMiB": 128, **W}, KEEP),
    "start and size unset, may wipe: would fill": ({"number": 9, **W}, RECREATE),
    "other guid": ({"number": 9, "guid": GUIDS[1]}, REFUSE),
    "other type": ({"number": 9, "typeGuid": ESP}, REFUSE),
    "other label": ({"number": 9, "label": "root"}, REFUSE),
    "label must be empty": ({"number": 9, "label": ""}, REFUSE),
    "label must be empty, may wipe": (
        {"number": 9, "label": "", "startMiB": 258, "sizeMiB": 128, **W},
        RECREATE,
    ),
    "other start": ({"number": 9, "startMiB": 260, "sizeMiB": 128}, REFUSE),
    "other size": ({"number": 9, "sizeMiB": 2}, REFUSE),
    "grows": ({"number": 9, "sizeMiB": 200, **R}, RESIZE),
    "shrinks": ({"number": 9, "sizeMiB": 100, **R}, RESIZE),
    "resize, size unset": ({"number": 9, **R}, KEEP),
    "resize to fill": ({"number": 9, "sizeMiB": 0, **R}, RESIZE),
    "resize, but another start": ({"number": 9, "startMiB": 260, "sizeMiB": 100, **R}, REFUSE),
    "resize, but another label": ({"number": 9, "label": "x", "sizeMiB": 200, **R}, REFUSE),
    "may wipe and resize": ({"number": 9, "startMiB": 258, "sizeMiB": 200, **R, **W}, RECREATE),
    "size 0 with free space behind": ({"number": 9, "sizeMiB": 0}, REFUSE),
    "start 0 with the gap before not the largest": (
        {"number": 9, "startMiB": 0, "sizeMiB": 128},
        KEEP,
    ),
}


@pytest.mark.parametrize("entry, act", ONE_ENTRY.values(), ids=ONE_ENTRY)
def test_decision(entry: dict[str, Any], act: str) -> None:
    [decision] = decide(table(BASE), entry)
    assert decision.act == act
    if act == REFUSE:
        assert "wipePartitionEntry" in decision.hint


def test_resize_is_only_suggested_for_a_wrong_size() -> None:
    [size] = decide(table(BASE), {"number": 9, "sizeMiB": 200})
    [label] = decide(table(BASE), {"number": 9, "label": "x", "sizeMiB": 200})
    assert "resize" in size.hint
    assert "resize" not in label.hint
    assert label.why == "partition 9 didn't match: its label is 'ROOT', not 'x'"


def numbers(decisions: list[Decision]) -> list[tuple[int, str]]:
    return [(one.wanted.number, one.act) for one in decisions]


NUMBER_ZERO = {
    "lowest free number, after numbered entries": (
        [{"label": "new", "sizeMiB": 1}, {"number": 1}, {"number": 3, "sizeMiB": 1}],
        [(1, KEEP), (3, CREATE), (2, CREATE)],
    ),
    "several, in config order": (
        [{"label": name, "sizeMiB": 1} for name in "abc"],
        [(2, CREATE), (3, CREATE), (4, CREATE)],
    ),
    "number of a deleted partition, both may wipe": (
        [{"number": 6, **GONE, **W}, *({"label": n, "sizeMiB": 1, **W} for n in "abcde")],
        [(2, CREATE), (3, CREATE), (4, CREATE), (5, CREATE), (6, RECREATE)],
    ),
}


@pytest.mark.parametrize("entries, expected", NUMBER_ZERO.values(), ids=NUMBER_ZERO)
def test_assigned_numbers(entries: list[dict[str, Any]], expected: list[tuple[int, str]]) -> None:
    assert numbers(decide(table(BASE), *entries)) == expected


TWO = [
    Partition(1, MIB, 10 * MIB, LINUX_DATA, GUIDS[1], "one"),
    Partition(2, 11 * MIB, 501 * MIB - 33, LINUX_DATA, GUIDS[2], "a"),
]
SLOT = {
    "both may wipe": (W, {"label": "b", "sizeMiB": 5, **W}, RECREATE),
    "only the new entry may wipe": ({}, {"label": "b", "sizeMiB": 5, **W}, RECREATE),
    "only the deleting entry may wipe": (W, {"label": "b", "sizeMiB": 5}, RECREATE),
    "neither may wipe": ({}, {"label": "b", "sizeMiB": 5}, REFUSE),
    "the new entry matches": (W, {"label": "a"}, KEEP),
}


@pytest.mark.parametrize("deleting, new, act", SLOT.values(), ids=SLOT)
def test_number_of_a_deleted_partition(
    deleting: dict[str, Any], new: dict[str, Any], act: str
) -> None:
    assert numbers(decide(table(TWO), {"number": 2, **GONE, **deleting}, new)) == [(2, act)]


UNNUMBERED: list[dict[str, Any]] = [
    {"label": "x", "sizeMiB": 5},
    {"label": "y", "sizeMiB": 5, **W},
    {"label": "z", "sizeMiB": 0, "startMiB": 0},
    {"number": 9, "sizeMiB": 130, **R},
]


def after(before: Table, decisions: list[Decision]) -> Table:
    return gptwrite.edit(
        before, [], [new_partition(one, before.partition(one.wanted.number)) for one in decisions]
    )


def test_repeated_run_recognises_its_unnumbered_partitions() -> None:
    before = table(BASE)
    first = decide(before, *UNNUMBERED, digest="sha256-a")
    assert numbers(first) == [(9, RESIZE), (2, CREATE), (3, CREATE), (4, CREATE)]
    second = decide(after(before, first), *UNNUMBERED, digest="sha256-a")
    assert numbers(second) == [(9, KEEP), (2, KEEP), (3, KEEP), (4, KEEP)]


def test_repeated_run_recognises_a_partition_by_its_guid() -> None:
    entry = {"label": "x", "guid": GUIDS[5].lower(), "sizeMiB": 5}
    first = decide(table(BASE), entry)
    assert numbers(decide(after(table(BASE), first), entry)) == [(2, KEEP)]


@pytest.mark.parametrize("digest", ["sha256-b", ""], ids=["another config", "config not known"])
def test_partition_of_another_config_is_not_recognised(digest: str) -> None:
    """As in Ignition, partitions are not looked up by label."""
    first = decide(table(BASE), UNNUMBERED[0], digest="sha256-a")
    second = decide(after(table(BASE), first), UNNUMBERED[0], digest=digest)
    assert numbers(second) == [(3, CREATE)]


def test_new_guids_differ_and_look_random() -> None:
    made_guids = {guids.new_guid("sha256-a", "0") for _ in range(100)}
    assert len(made_guids) == 100
    assert {guid[14] for guid in made_guids} == {"4"}
    assert {guid[19] for guid in made_guids} <= set("89AB")
    assert not any(guids.matches(guid, "sha256-a", "1") for guid in made_guids)
    assert all(guids.matches(guid, "sha256-a", "0") for guid in made_guids)


UNFIT = {
    "larger than the largest gap": [{"number": 2, "sizeMiB": 300}],
    "start in the smaller gap, size 0": [{"number": 2, "startMiB": 1, "sizeMiB": 0}],
    "over an unlisted partition": [{"number": 2, "startMiB": 100, "sizeMiB": 50}],
    "number out of range": [{"number": 129, "sizeMiB": 1}],
}


@pytest.mark.parametrize("entries", UNFIT.values(), ids=UNFIT)
def test_partition_that_does_not_fit(entries: list[dict[str, Any]]) -> None:
    with pytest.raises(DoesNotFit) as caught:
        decide(table(BASE), {"number": 1}, *entries)
    assert caught.value.index == 1


def test_resized_partition_keeps_everything_but_its_size() -> None:
    before = table(BASE)
    [decision] = decide(before, {"number": 9, "sizeMiB": 200, "resize": True})
    nine = BASE[2]
    assert new_partition(decision, before.partition(9)) == Partition(
        9, nine.start, 200 * MIB, nine.type_guid, nine.guid, nine.name, nine.attributes
    )


def test_recreated_partition_keeps_nothing() -> None:
    before = table(BASE)
    [decision] = decide(before, {"number": 1, "startMiB": 2, "sizeMiB": 50, **W, **R})
    new = new_partition(decision, before.partition(1))
    assert (new.start, new.size) == (2 * MIB, 50 * MIB)
    assert (new.type_guid, new.name, new.attributes) == (LINUX_DATA, "", 0)
    assert new.guid != GUIDS[1]


def test_sectors_of_4096_bytes() -> None:
    disk = Disk({"partitions": [{"number": 1, "startMiB": 1, "sizeMiB": 32}]})
    [wanted] = parse_entries(disk, 4096, lambda index: GUIDS[1])
    assert (wanted.start, wanted.size) == (256, 8192)
