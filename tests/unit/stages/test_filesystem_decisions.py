# SPDX-License-Identifier: Apache-2.0
"""Whether a filesystem is kept, created, wiped, skipped or refused (docs/behaviour/disks.md), and mkfs
commands."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.config.model import Filesystem
from ignition.stages.filesystems.decisions import (
    KEEP,
    MAKE,
    REFUSE,
    SKIP,
    WIPE,
    canonical_uuid,
    mkfs_args,
    reuse,
    should_discard,
)
from ignition.system.probe import ProbeResult

UUID = "0f0e0d0c-1111-4222-8333-444455556666"
NOTHING = ProbeResult()
TABLE = ProbeResult(table="gpt")
EXT4 = ProbeResult("ext4", UUID, "a")
EXT4_PLAIN = ProbeResult("ext4", UUID, "")
VFAT = ProbeResult("vfat", "2E24-EC82", "EFI")
SWAP = ProbeResult("swap", UUID, "")
RAID = ProbeResult("linux_raid_member", UUID, "any:x")

Row = tuple[str, dict[str, Any], ProbeResult, str]
ROWS: list[Row] = [
    ("ext4 on an empty device is created", {"format": "ext4"}, NOTHING, MAKE),
    ("ext4 over a partition table is created", {"format": "ext4"}, TABLE, MAKE),
    ("ext4 on ext4 is kept", {"format": "ext4"}, EXT4, KEEP),
    ("label equal", {"format": "ext4", "label": "a"}, EXT4, KEEP),
    ("label differs", {"format": "ext4", "label": "b"}, EXT4, REFUSE),
    ("label differs in case", {"format": "ext4", "label": "A"}, EXT4, REFUSE),
    ("label must be empty and is not", {"format": "ext4", "label": ""}, EXT4, REFUSE),
    ("label must be empty and is", {"format": "ext4", "label": ""}, EXT4_PLAIN, KEEP),
    ("uuid equal", {"format": "ext4", "uuid": UUID}, EXT4, KEEP),
    ("uuid equal in other case", {"format": "ext4", "uuid": UUID.upper()}, EXT4, KEEP),
    ("uuid differs", {"format": "ext4", "uuid": UUID[::-1]}, EXT4, REFUSE),
    ("uuid empty counts as unset", {"format": "ext4", "uuid": ""}, EXT4, KEEP),
    ("vfat with hyphen", {"format": "vfat", "uuid": "2E24-EC82"}, VFAT, KEEP),
    ("vfat without hyphen", {"format": "vfat", "uuid": "2e24ec82"}, VFAT, KEEP),
    ("other type", {"format": "vfat"}, EXT4, REFUSE),
    ("ext2 is not ext4", {"format": "ext4"}, ProbeResult("ext2", UUID), REFUSE),
    ("ext4 on swap", {"format": "ext4"}, SWAP, REFUSE),
    ("swap on swap", {"format": "swap"}, SWAP, KEEP),
    ("ext4 on a member of an array", {"format": "ext4"}, RAID, REFUSE),
    ("none on an empty device", {"format": "none"}, NOTHING, SKIP),
    ("none on a partition table", {"format": "none"}, TABLE, SKIP),
    ("none with a label on an empty device", {"format": "none", "label": "x"}, NOTHING, WIPE),
    ("none with a uuid on an empty device", {"format": "none", "uuid": UUID}, NOTHING, WIPE),
    ("none with an empty label on an empty device", {"format": "none", "label": ""}, NOTHING, SKIP),
    ("none on ext4", {"format": "none"}, EXT4, REFUSE),
    ("empty format on an empty device", {"format": ""}, NOTHING, SKIP),
    ("empty format on ext4", {"format": ""}, EXT4, REFUSE),
    ("wipe a perfect match", {"format": "ext4", "wipeFilesystem": True}, EXT4, MAKE),
    ("wipe something else", {"format": "ext4", "wipeFilesystem": True}, RAID, MAKE),
    ("wipe an empty device", {"format": "ext4", "wipeFilesystem": True}, NOTHING, MAKE),
    ("wipe for none", {"format": "none", "wipeFilesystem": True}, EXT4, WIPE),
    ("wipe an empty device for none", {"format": "none", "wipeFilesystem": True}, NOTHING, WIPE),
    ("wipe is false", {"format": "vfat", "wipeFilesystem": False}, EXT4, REFUSE),
]


@pytest.mark.parametrize(
    "entry, found, act", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_decision(entry: dict[str, Any], found: ProbeResult, act: str) -> None:
    decision = reuse(Filesystem({"device": "/dev/x", **entry}), found)
    assert decision.act == act
    assert bool(decision.why) == (act == REFUSE)


def test_the_first_difference_is_the_reason() -> None:
    wanted = Filesystem({"format": "ext4", "label": "b", "uuid": UUID[::-1]})
    assert reuse(wanted, EXT4).why == "its label is 'a', not 'b'"


FULL = {"options": ["-x", "y z"], "uuid": "ABCD-Ef01", "label": "lab"}
COMMANDS = [
    ("btrfs", FULL, "mkfs.btrfs|-x|y z|--force|-K|-U|abcd-ef01|-L|lab|/dev/x"),
    ("ext4", FULL, "mkfs.ext4|-x|y z|-F|-K|-U|abcd-ef01|-L|lab|/dev/x"),
    ("xfs", FULL, "mkfs.xfs|-x|y z|-f|-K|-m|uuid=abcd-ef01|-L|lab|/dev/x"),
    ("swap", FULL, "mkswap|-x|y z|-f|-U|abcd-ef01|-L|lab|/dev/x"),
    ("vfat", FULL, "mkfs.fat|-x|y z|-i|abcdef01|-n|lab|/dev/x"),
    ("ext4", {}, "mkfs.ext4|-F|-K|/dev/x"),
    ("vfat", {}, "mkfs.fat|/dev/x"),
    ("xfs", {"uuid": "", "label": ""}, "mkfs.xfs|-f|-K|/dev/x"),
]


@pytest.mark.parametrize("kind, more, args", COMMANDS)
def test_command(kind: str, more: dict[str, Any], args: str) -> None:
    wanted = Filesystem({"format": kind, "device": "/dev/y", **more})
    assert mkfs_args(wanted, "/dev/x") == args.split("|")


@pytest.mark.parametrize(
    "kind, text, canonical",
    [
        ("vfat", "A1B2-C3D4", "a1b2c3d4"),
        ("vfat", "a1b2c3d4", "a1b2c3d4"),
        ("ext4", UUID.upper(), UUID),
        ("ext4", "A1B2-C3D4", "a1b2-c3d4"),
    ],
)
def test_canonical_uuid(kind: str, text: str, canonical: str) -> None:
    assert canonical_uuid(kind, text) == canonical


@pytest.mark.parametrize(
    "kind, options, expected",
    [
        ("ext4", [], True),
        ("ext4", ["-m", "1"], True),
        ("ext4", ["-E", "lazy_itable_init=0,nodiscard"], False),
        ("xfs", ["-K"], False),
        ("btrfs", ["--nodiscard"], False),
        ("btrfs", ["-fK"], False),
        # These programs never discard.
        ("vfat", [], False),
        ("swap", [], False),
    ],
)
def test_discarding(kind: str, options: list[str], expected: bool) -> None:
    assert should_discard(Filesystem({"format": kind, "options": options})) is expected
