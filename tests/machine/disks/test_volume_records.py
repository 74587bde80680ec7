# SPDX-License-Identifier: Apache-2.0
"""A generated key on its way from the disks phase to the real root."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks import luks
from tests.machine.disks.engine import succeed
from tests.machine.disks.luks import make, refuse


def test_generated_key_in_the_root(blank_disk: BlankDisk, tmp_path: Path) -> None:
    disk = blank_disk(size_mib=64)
    shutil.rmtree("/run/ignition/keys", ignore_errors=True)
    make(disk, None)
    key = luks.held_key()
    succeed("files", luks.volume(disk, None), tmp_path)
    assert (tmp_path / "etc/luks/vault").read_bytes() == key
    uuid = luks.cryptsetup("luksUUID", disk).strip()
    line = f"vault UUID={uuid} /etc/luks/vault luks,x-initrd.attach\n"
    assert (tmp_path / "etc/crypttab").read_text() == line
    assert luks.opens(disk, key)
    assert luks.state_of(disk) == ["ready"]
    assert not list(Path("/run/ignition/keys").iterdir())
    # A repeated run keeps the volume while it is open, and never destroys it.
    assert make(disk, None).summary == [f"keep encrypted volume vault on {disk}"]
    luks.cryptsetup("close", "vault")
    refuse(disk, "IGN2302", None)
