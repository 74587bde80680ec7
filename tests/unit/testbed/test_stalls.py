# SPDX-License-Identifier: Apache-2.0
"""Boot tests power a guest on again whose kernel stalled: what tells a stall, and what is kept for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.testbed.drives import Drive
from ignition.testbed.images import Image
from ignition.testbed.machine import Machine
from tests.support import boot
from tests.support.boot import SavedDisks, StallWatch


@pytest.mark.parametrize(
    ("line", "stalls"),
    [
        ("[  250.9] rcu: rcu_preempt kthread starved for 4643 jiffies! g29857 f0x0", True),
        ("[   90.1] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", True),
        ("[   90.1] rcu: INFO: rcu_sched self-detected stall on CPU", True),
        ("[  188.1] watchdog: BUG: soft lockup - CPU#0 stuck for 45s! [(udev-worker):533]", True),
        ("[    0.0] rcu: Hierarchical RCU implementation.", False),
        ("ignition disks: waiting for /dev/vdb", False),
    ],
)
def test_a_stall_ends_the_guest(line: str, stalls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "PATIENCE", 0.01)
    heard: list[str] = []
    watch = StallWatch(heard.append)
    watch.line(line)
    assert watch.stalled.wait(5 if stalls else 0.2) is stalls
    assert heard == [line]


def test_a_guest_that_recovers_is_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "PATIENCE", 0.2)
    watch = StallWatch(None)
    watch.line("watchdog: BUG: soft lockup - CPU#0 stuck for 45s! [systemd:1]")
    watch.end()
    assert not watch.stalled.wait(0.5)


def test_the_next_attempt_has_the_disks_of_before(tmp_path: Path) -> None:
    disk, cd = tmp_path / "disk0.img", tmp_path / "cd.iso"
    disk.write_bytes(b"before")
    cd.write_bytes(b"cd")
    drives = (Drive(disk, serial="disk0"), Drive(cd, bus="scsi", cdrom=True))
    with SavedDisks(Machine(tmp_path, Image("debian", disk), drives)) as saved:
        disk.write_bytes(b"half provisioned")
        saved.restore()
        assert disk.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cd.iso", "disk0.img"]
