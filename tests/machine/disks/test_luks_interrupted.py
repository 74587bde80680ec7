# SPDX-License-Identifier: Apache-2.0
"""Volumes whose making was interrupted at any point are completed by the next run; keys stay secret."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks import luks
from tests.machine.disks.engine import Ran, run, succeed
from tests.machine.disks.luks import KEY, UUID, volume

# Fails at its n-th call, and at all later ones. Notes its arguments and those of the programs it runs.
WRAPPER = """#!/bin/sh
echo "$@" >> {folder}/calls
[ "$(wc -l < {folder}/calls)" -lt {last} ] || exit 9
exec cryptsetup "$@"
"""
# luksFormat, token, luksUUID, luksOpen, token, removal of the first token
CALLS = 6


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree("/run/ignition/keys", ignore_errors=True)


@pytest.fixture
def disk(blank_disk: BlankDisk) -> str:
    return blank_disk(size_mib=64)


def run_until(folder: Path, last: int, storage: luks.Storage) -> Ran:
    """A run in which cryptsetup fails from its n-th call on."""
    wrapper = folder / "cryptsetup"
    (folder / "calls").write_text("")
    wrapper.write_text(WRAPPER.format(folder=folder, last=last))
    wrapper.chmod(0o755)
    return run("disks", storage, programs={"cryptsetup": str(wrapper)})


def lose_power() -> None:
    """Nothing of the run is left but what is on the disks."""
    if Path("/dev/mapper/vault").exists():
        luks.close()
    luks.remove_held_key()


@pytest.mark.parametrize("power", ["lost", "kept"])
@pytest.mark.parametrize("last", range(1, CALLS + 2))
def test_volume_with_a_key_file(folder: Path, disk: str, last: int, power: str) -> None:
    storage = volume(disk, uuid=UUID)
    ran = run_until(folder, last, storage)
    assert bool(ran.failures) == (last <= CALLS), ran.text()
    if power == "lost":
        lose_power()
    succeed("disks", storage)
    assert luks.opens(disk, KEY)
    assert luks.dump(disk)["UUID"] == UUID
    assert luks.state_of(disk) == ["ready"]
    assert Path("/dev/mapper/vault").is_block_device()
    luks.write_file("vault", "text")
    assert succeed("disks", storage).summary[0].startswith("keep")
    assert luks.read_file("vault") == "text"


@pytest.mark.parametrize("power", ["lost", "kept"])
@pytest.mark.parametrize("last", range(1, 6))
def test_volume_with_a_generated_key(folder: Path, disk: str, last: int, power: str) -> None:
    storage = volume(disk, None, uuid=UUID)
    ran = run_until(folder, last, storage)
    assert bool(ran.failures) == (last < 5), ran.text()
    if power == "lost":
        lose_power()
    succeed("disks", storage)
    assert luks.opens(disk, luks.held_key())
    assert luks.dump(disk)["UUID"] == UUID
    assert luks.state_of(disk) == ["begun"]
    # The files phase has yet to store the key: a run of the same boot keeps the volume and its key.
    key = luks.held_key()
    assert succeed("disks", storage).summary[0].startswith("keep")
    luks.close()
    succeed("disks", storage)
    assert luks.held_key() == key
    assert luks.opens(disk, key)


def test_held_key_that_was_never_used(folder: Path, disk: str) -> None:
    """The first boot was cut after luksFormat, the second one before its own."""
    storage = volume(disk, None)
    run_until(folder, 2, storage)
    lose_power()
    run_until(folder, 1, storage)
    assert not luks.opens(disk, luks.held_key())
    succeed("disks", storage)
    assert luks.opens(disk, luks.held_key())


def test_volume_that_lost_our_token_is_not_wiped(disk: str) -> None:
    storage = volume(disk, None)
    succeed("disks", storage)
    luks.cryptsetup("token", "remove", "--token-id", "0", disk)
    lose_power()
    assert run("disks", storage).codes == ["IGN2302"]


def test_filesystem_in_an_unfinished_volume_does_not_keep_it(disk: str) -> None:
    storage = volume(disk, None)
    storage["filesystems"] = [{"device": "/dev/mapper/vault", "format": "ext4"}]
    succeed("disks", storage)
    lose_power()
    ran = succeed("disks", storage)
    assert ran.summary[0].startswith("resume")
    subprocess.run(["fsck.ext4", "-n", "/dev/mapper/vault"], check=True)


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize("last", [1, 3, 99])
def test_keys_are_never_shown(folder: Path, disk: str, key: bytes | None, last: int) -> None:
    """Neither in the log, nor as arguments, nor in the state, whether the run succeeds or fails."""
    ran = run_until(folder, last, volume(disk, key, wipeVolume=True))
    used = luks.held_key()
    shown = [ran.text(), *ran.summary, (folder / "calls").read_text(), repr(vars_of(ran))]
    assert "luksFormat" in shown[-2]
    for secret in (used.decode(), base64.b64encode(used).decode()):
        assert not [text for text in shown if secret[:16] in text]


def vars_of(ran: Ran) -> dict[str, object]:
    return {name: getattr(ran.state, name) for name in dir(ran.state) if not name.startswith("_")}
