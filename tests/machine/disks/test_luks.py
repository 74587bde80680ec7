# SPDX-License-Identifier: Apache-2.0
"""Encrypted volumes on real block devices, made by the real cryptsetup."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks import luks
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.filesystems import shell, tags
from tests.machine.disks.luks import FAST, KEY, UUID, make, refuse, volume

MAPPED = "/dev/mapper/vault"
LINK = "/dev/disk/by-id/dm-name-vault"
OTHER_UUID = "0f0e0d0c-1111-4222-8333-44445555666f"


@pytest.fixture(autouse=True)
def no_held_keys() -> Iterator[None]:
    yield
    shutil.rmtree("/run/ignition/keys", ignore_errors=True)


@pytest.fixture
def disk(blank_disk: BlankDisk) -> str:
    return blank_disk(size_mib=64)


def test_volume_replaces_a_filesystem(disk: str) -> None:
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    refuse(disk, "IGN2302")
    refuse(disk, "IGN2302", wipeVolume=False)
    ran = make(disk, wipeVolume=True)
    assert ran.summary == [f"create encrypted volume vault on {disk}"]
    assert tags(disk)["TYPE"] == "crypto_LUKS"
    assert luks.dump(disk)["Version"] == "2"
    assert luks.opens(disk, KEY)
    assert luks.state_of(disk) == ["ready"]
    assert Path(MAPPED).is_block_device()
    assert Path(LINK).is_block_device()
    assert luks.held_key() == KEY


def test_generated_key(disk: str) -> None:
    make(disk, None)
    key = luks.held_key()
    assert len(key) == 8192
    assert set(key) <= set(b"0123456789abcdef")
    assert luks.opens(disk, key)
    assert luks.state_of(disk) == ["begun"]
    held = next(Path("/run/ignition/keys").iterdir())
    assert (held.stat().st_mode & 0o777, held.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_options_label_uuid_and_flags(disk: str) -> None:
    more: dict[str, Any] = {
        "label": "secret",
        "uuid": UUID.upper(),
        "discard": True,
        "openOptions": ["--perf-no_read_workqueue"],
        "options": [*FAST, "--cipher", "aes-cbc-essiv:sha256", "--key-size", "256"],
    }
    ran = make(disk, **more)
    assert ran.logged('"--cipher" "aes-cbc-essiv:sha256" "--key-size" "256" "/run/ignition/dev')
    says = luks.dump(disk)
    assert (says["Label"], says["UUID"]) == ("secret", UUID)
    assert set(says["Flags"].split()) == {"allow-discards", "no-read-workqueue"}
    assert luks.metadata(disk)["segments"]["0"]["encryption"] == "aes-cbc-essiv:sha256"
    assert "allow_discards" in shell("dmsetup", "table", "vault")
    luks.close()
    # The same again, after a reboot: nothing in the header changes.
    before = luks.contents(disk)
    assert make(disk, **more).summary == [f"keep encrypted volume vault on {disk}"]
    assert luks.contents(disk) == before
    assert "allow_discards" in shell("dmsetup", "table", "vault")


def test_options_come_last(disk: str) -> None:
    """Where options and fields contradict each other, cryptsetup takes the options."""
    make(disk, label="field", uuid=UUID, options=[*FAST, "--label=o", f"--uuid={OTHER_UUID}"])
    assert (luks.dump(disk)["Label"], luks.dump(disk)["UUID"]) == ("o", OTHER_UUID)


def test_foreign_volume_is_reused_with_its_key(disk: str) -> None:
    uuid = luks.foreign_volume(disk, "--label", "old", "--uuid", UUID)
    luks.cryptsetup("open", "--key-file", "-", disk, "vault", stdin=KEY)
    luks.write_file("vault", "precious")
    # It is still open: what makes Ignition fail is fine here, if the key fits.
    refuse(disk, "IGN2305", b"wrong")
    assert make(disk, label="old", uuid=UUID.upper()).summary[0].startswith("keep")
    luks.close()
    luks.remove_held_key()
    make(disk, label="", uuid="")
    assert luks.read_file("vault") == "precious"
    assert luks.dump(disk)["UUID"] == uuid
    assert luks.held_key() == KEY
    assert luks.state_of(disk) == []


def test_flags_of_a_reused_volume_are_those_of_the_config(disk: str) -> None:
    luks.foreign_volume(disk)
    make(disk, openOptions=["--perf-no_write_workqueue"])
    assert luks.dump(disk)["Flags"] == "no-write-workqueue"


@pytest.mark.parametrize(
    "key, more, why",
    [
        (KEY, {"label": "new"}, "its label is 'old'"),
        (KEY, {"uuid": OTHER_UUID}, f"its UUID is {UUID}"),
        (KEY, {"discard": True}, "does not allow discards"),
        (None, {}, "gets a new key"),
    ],
)
def test_foreign_volume_is_refused(
    disk: str, key: bytes | None, more: dict[str, Any], why: str
) -> None:
    luks.foreign_volume(disk, "--label", "old", "--uuid", UUID)
    ran = refuse(disk, "IGN2302", key, **more)
    assert why in ran.text()
    assert refuse(disk, "IGN2305", b"another key").failures[0].hint
    assert not Path(MAPPED).exists()


def test_discards_must_match_also_the_other_way(disk: str) -> None:
    luks.foreign_volume(disk)
    command = ["open", "--key-file", "-", "--persistent", "--allow-discards", disk, "vault"]
    luks.cryptsetup(*command, stdin=KEY)
    luks.close()
    assert "allows discards" in refuse(disk, "IGN2302").text()
    make(disk, discard=True)


def test_luks1_is_only_replaced_by_wiping(disk: str) -> None:
    luks.foreign_volume(disk, version=1)
    assert "LUKS1" in refuse(disk, "IGN2302").text()
    make(disk, wipeVolume=True)
    assert luks.dump(disk)["Version"] == "2"


def test_wiping_makes_a_new_volume_every_time(disk: str) -> None:
    make(disk, None, wipeVolume=True)
    first = luks.held_key()
    make(disk, None, wipeVolume=True)
    assert luks.held_key() != first
    assert not luks.opens(disk, first)
    assert luks.opens(disk, luks.held_key())


def test_partition_of_the_same_run_with_a_filesystem(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=128)
    storage = volume(f"{disk}p1")
    storage["disks"] = [{"device": disk, "partitions": [{"number": 1, "sizeMiB": 64}]}]
    storage["filesystems"] = [{"device": LINK, "format": "ext4", "label": "inner"}]
    succeed("disks", storage)
    assert tags(MAPPED) == {**tags(MAPPED), "TYPE": "ext4", "LABEL": "inner"}
    made = tags(MAPPED)["UUID"]
    # Once more, with the volume open, and as after a reboot, with the volume closed.
    succeed("disks", storage)
    luks.close()
    ran = succeed("disks", storage)
    assert "keep encrypted volume" in ran.summary[1]
    assert tags(MAPPED)["UUID"] == made


def test_volume_on_an_array(blank_disk: BlankDisk) -> None:
    disks = [blank_disk(size_mib=64), blank_disk(size_mib=64)]
    storage = volume("/dev/md/pair")
    storage["raid"] = [{"name": "pair", "level": "raid1", "devices": disks}]
    succeed("disks", storage)
    assert tags("/dev/md/pair")["TYPE"] == "crypto_LUKS"
    assert succeed("disks", storage).summary == [
        "keep array pair of 2 devices",
        "keep encrypted volume vault on /dev/md/pair",
    ]


def test_several_volumes_and_strange_names(blank_disk: BlankDisk) -> None:
    disks = [blank_disk(size_mib=64), blank_disk(size_mib=64)]
    names = ["a,b", "ä+" * 9]
    storage = {
        "luks": [
            volume(disk, None, name)["luks"][0] for disk, name in zip(disks, names, strict=True)
        ]
    }
    storage["filesystems"] = [{"device": r"/dev/mapper/a\x2cb", "format": "ext4"}]
    succeed("disks", storage)
    assert [
        luks.opens(disk, luks.held_key(name)) for disk, name in zip(disks, names, strict=True)
    ] == [True, True]
    assert tags(r"/dev/mapper/a\x2cb")["TYPE"] == "ext4"
    assert [step[:4] for step in succeed("disks", storage).summary][:2] == ["keep"] * 2


# What stands in the way. Nothing may change.


def test_volume_in_use(disk: str) -> None:
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    subprocess.run(["mount", disk, "/mnt"], check=True)
    ran = run("disks", volume(disk, wipeVolume=True))
    assert (ran.codes, "mounted on /mnt" in ran.text()) == (["IGN2303"], True)
    subprocess.run(["umount", "/mnt"], check=True)
    make(disk, wipeVolume=True)
    luks.write_file("vault", "in use")
    subprocess.run(["mount", MAPPED, "/mnt"], check=True)
    try:
        assert "is mounted on /mnt" in refuse(disk, "IGN2303", wipeVolume=True).text()
        # A volume that an earlier run has completed is kept, also while it is in use.
        assert not make(disk).failures
    finally:
        subprocess.run(["umount", "/mnt"], check=True)


def test_volume_that_somebody_else_has_opened_is_not_wiped(disk: str) -> None:
    luks.foreign_volume(disk)
    luks.cryptsetup("open", "--key-file", "-", disk, "theirs", stdin=KEY)
    refuse(disk, "IGN2303", wipeVolume=True)


def test_name_that_is_taken(blank_disk: BlankDisk) -> None:
    one, two = blank_disk(size_mib=64), blank_disk(size_mib=64)
    make(one)
    assert "on another device" in refuse(two, "IGN2303").text()


def test_device_of_two_volumes_or_too_small(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=16)
    twice = {"luks": volume(disk)["luks"] + volume(disk, name="second")["luks"]}
    assert "IGN2303" in run("disks", twice).codes
    refuse(disk, "IGN2302")
    make(disk, options=[*FAST, "--luks2-keyslots-size=4m"])


@pytest.mark.parametrize("size", [0, (8 << 20) + 1])
def test_key_that_cannot_be_used(disk: str, size: int) -> None:
    """Refused before anything is changed, also a disk that has nothing to do with the volume."""
    storage = volume(disk)
    Path("/run/machine/key").write_bytes(b"k" * size)
    entry = storage["luks"][0]
    entry["keyFile"] = {"source": luks.data_url(b"k" * size)}
    storage["disks"] = [{"device": disk, "wipeTable": True}]
    before = luks.contents(disk)
    assert run("disks", storage).codes == ["IGN2304"]
    assert luks.contents(disk) == before


def test_key_of_the_largest_size_and_with_keyfile_size(disk: str) -> None:
    make(disk, b"k" * (8 << 20))
    luks.close()
    options = ["--keyfile-size", "64"]
    make(disk, b"k" * (9 << 20), wipeVolume=True, options=[*FAST, *options], openOptions=options)
    assert luks.opens(disk, b"k" * 64)


def test_key_with_a_wrong_hash(disk: str) -> None:
    storage = volume(disk)
    storage["luks"][0]["keyFile"]["verification"] = {"hash": "sha256-" + "0" * 64}
    before = luks.contents(disk)
    assert run("disks", storage).codes == ["IGN4011"]
    assert luks.contents(disk) == before


def test_cryptsetup_is_missing(disk: str) -> None:
    ran = run("disks", volume(disk), programs={"cryptsetup": "no-cryptsetup"})
    assert ran.codes == ["IGN2301"]


def test_uuid_and_name_that_cannot_be_one(disk: str) -> None:
    refuse(disk, "IGN2302", uuid="first")
    refuse(disk, "IGN2302", name="ä" * 11)


def test_unfinished_volume_of_another_config(disk: str) -> None:
    make(disk, None)
    luks.close()
    luks.remove_held_key()
    assert "another config" in refuse(disk, "IGN2310", None, label="other").text()
    make(disk, None, label="other", wipeVolume=True)
