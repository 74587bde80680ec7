# SPDX-License-Identifier: Apache-2.0
"""Volumes whose making was interrupted at any point are completed by the next run; keys stay secret."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ignition.system import luks2
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
# luksFormat, token, luksUUID, luksOpen, token
CALLS = 5
# A release that does not know the option.
OLD_WRAPPER = """#!/bin/sh
case "$*" in *--token-replace*) exit 1 ;; esac
exec cryptsetup "$@"
"""


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


def test_a_cryptsetup_that_cannot_replace_a_token(folder: Path, disk: str) -> None:
    wrapper = folder / "cryptsetup"
    wrapper.write_text(OLD_WRAPPER)
    wrapper.chmod(0o755)
    ran = run("disks", volume(disk), programs={"cryptsetup": str(wrapper)})
    assert not ran.failures, ran.text()
    assert luks.state_of(disk) == ["ready"]


@pytest.mark.parametrize("option", [["--uuid", UUID.upper()], [f"--uuid={UUID}"]])
def test_uuid_in_the_options(folder: Path, disk: str, option: list[str]) -> None:
    """A cut after luksFormat, and one after the token: the volume is known to be ours all the time."""
    storage = volume(disk, None, options=[*luks.FAST, *option])
    for last in (2, 3):
        run_until(folder, last, storage)
        assert luks.dump(disk)["UUID"] != UUID
        lose_power()
    assert succeed("disks", storage).summary[0].startswith("resume")
    assert luks.dump(disk)["UUID"] == UUID
    assert luks.opens(disk, luks.held_key())


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


# Kills luksFormat a while after its start.
KILLER = """#!/bin/sh
case "$1" in
luksFormat) cryptsetup "$@" & sleep {seconds}; kill -9 $! 2> {folder}/late; wait $! ;;
*) exec cryptsetup "$@" ;;
esac
"""


@pytest.mark.parametrize("key", [KEY, None])
def test_luksformat_killed_at_any_moment(folder: Path, disk: str, key: bytes | None) -> None:
    """Each run finds what the one before has left, at the latest once it is marked."""
    storage = volume(disk, key, uuid=UUID)
    wrapper = folder / "cryptsetup"
    killed = 0
    for step in range(1, 20):
        wrapper.write_text(KILLER.format(folder=folder, seconds=0.02 * 1.8**step))
        wrapper.chmod(0o755)
        ran = run("disks", storage, programs={"cryptsetup": str(wrapper)})
        lose_power()
        if not ran.failures:
            break
        assert ran.codes == ["IGN7002"], ran.text()
        assert "signal 9" in ran.text() or "status 137" in ran.text()
        killed += 1
    assert killed > 1
    ran = succeed("disks", storage)
    assert luks.opens(disk, key or luks.held_key())
    assert luks.dump(disk)["UUID"] == UUID


def tear(disk: str) -> None:
    """What is left of the first header if the power is lost while it is written: the first sector."""
    with open(disk, "r+b") as file:
        file.seek(512)
        file.write(bytes((17 << 20) - 512))


def test_torn_header(folder: Path, disk: str) -> None:
    storage = volume(disk, None)
    run_until(folder, 2, storage)
    lose_power()
    tear(disk)
    assert luks2.read(disk) is None
    assert succeed("disks", storage).summary[0].startswith("resume")
    assert luks.opens(disk, luks.held_key())


def test_torn_header_of_somebody_else(disk: str) -> None:
    luks.foreign_volume(disk)
    tear(disk)
    luks.refuse(disk, "IGN2302")


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


# After the first boot but for its flag: the key of a volume is in the real root only.


def slow(*values: str) -> Any:
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.fixture
def root_disk(blank_disk: BlankDisk) -> str:
    return blank_disk(size_mib=64)


def finish_first_boot(storage: luks.Storage, root_disk: str, below: str = "") -> bytes:
    """Both phases; then the power is lost before the first-boot flag is cleared. Returns the key."""
    succeed("disks", storage)
    key = luks.held_key()
    luks.write_file("vault", "written by a service of the real root")
    subprocess.run(["mkfs.ext4", "-q", "-L", "root", root_disk], check=True)
    subprocess.run(["mount", root_disk, "/mnt"], check=True)
    Path("/mnt" + below).mkdir(parents=True, exist_ok=True)
    succeed("files", storage, "/mnt" + below)
    subprocess.run(["umount", "/mnt"], check=True)
    lose_power()
    return key


def command_line(folder: Path, text: str) -> dict[str, str]:
    (folder / "cmdline").write_text(f"BOOT_IMAGE=/vmlinuz {text} ignition.firstboot\n")
    return {"kernel_cmdline_path": str(folder / "cmdline")}


def boot_again(storage: luks.Storage, root_disk: str, cmdline: dict[str, str]) -> Ran:
    """Both phases once more, as at the next boot with the first-boot flag."""
    ran = succeed("disks", storage, **cmdline)
    assert luks.read_file("vault") == "written by a service of the real root"
    subprocess.run(["mount", root_disk, "/mnt"], check=True)
    succeed("files", storage, "/mnt")
    assert Path("/mnt/etc/crypttab").read_text().count("\n") == len(storage["luks"])
    subprocess.run(["umount", "/mnt"], check=True)
    assert not list(Path("/run/ignition").glob("drive.*"))
    return ran


@pytest.mark.parametrize(
    "named",
    ["LABEL=root", slow("DEVICE"), slow("the config")],
)
def test_key_that_only_the_real_root_has(
    folder: Path, disk: str, root_disk: str, named: str
) -> None:
    storage = volume(disk, None)
    if named == "the config":
        storage["filesystems"] = [{"device": root_disk, "format": "ext4", "path": "/"}]
    key = finish_first_boot(storage, root_disk)
    root = {"LABEL=root": "root=LABEL=root", "DEVICE": f"root={root_disk}"}
    cmdline = command_line(folder, root.get(named, "root=tmpfs"))
    boot_again(storage, root_disk, cmdline)
    assert luks.opens(disk, key)
    assert luks.state_of(disk) == ["ready"]
    # The initramfs of an installed system may have the volume open already.
    luks.remove_held_key()
    boot_again(storage, root_disk, cmdline)
    lose_power()
    boot_again(storage, root_disk, cmdline)


def test_key_in_a_root_that_is_made_again(folder: Path, disk: str, root_disk: str) -> None:
    """The distribution has the root in memory at that time, and puts it back."""
    storage = volume(disk, None)
    storage["filesystems"] = [{"device": root_disk, "format": "ext4", "wipeFilesystem": True}]
    key = finish_first_boot(storage, root_disk)
    succeed("disks", storage, **command_line(folder, f"root={root_disk}"))
    assert luks.held_key() == key
    assert luks.read_file("vault") == "written by a service of the real root"


@pytest.mark.parametrize("root", ["/dev/mapper/root", slow("LABEL=root")])
def test_key_in_a_root_that_another_volume_has(
    folder: Path, disk: str, root_disk: str, root: str
) -> None:
    storage = volume(disk, None)
    storage["luks"] += volume(root_disk, name="root")["luks"]
    finish_first_boot(storage, "/dev/mapper/root")
    luks.close("root")
    ran = boot_again(storage, "/dev/mapper/root", command_line(folder, f"root={root}"))
    assert [step.split(" on ")[0] for step in ran.summary] == [
        "keep encrypted volume root",
        "keep encrypted volume vault",
    ]
    luks.close()
    luks.close("root")


def test_key_in_a_root_with_flags_or_below_a_folder(
    folder: Path, disk: str, root_disk: str
) -> None:
    storage = volume(disk, None)
    finish_first_boot(storage, root_disk, "/ostree/deploy/os/1")
    text = f"root={root_disk} rootflags=noatime,data=ordered ostree=/ostree/boot"
    succeed("disks", storage, **with_link(root_disk, command_line(folder, text)))
    assert luks.read_file("vault") == "written by a service of the real root"


def with_link(root_disk: str, cmdline: dict[str, str]) -> dict[str, str]:
    """`/ostree/boot` leads to the deployment, as it does with OSTree."""
    subprocess.run(["mount", root_disk, "/mnt"], check=True)
    Path("/mnt/ostree/boot").symlink_to("deploy/os/1")
    subprocess.run(["umount", "/mnt"], check=True)
    return cmdline


@pytest.mark.parametrize(
    "root, problem",
    [
        ("root=LABEL=root", "/etc/luks/vault of the real root on /dev/disk/by-label/root: the key"),
        slow("root=/dev/mapper/vault", "is on this volume itself"),
        slow("root=/dev/missing", "the real root on /dev/missing cannot be read: "),
        slow("root=nfs", "no kernel argument root= names the device"),
        slow("root=UUID=7d3b9a0e-1a5c-4c1f-8a70-2f6d0a4b9c11", "has no /etc/luks/vault"),
    ],
)
def test_key_that_no_root_has(
    folder: Path, blank_disk: BlankDisk, disk: str, root_disk: str, root: str, problem: str
) -> None:
    """The volume is refused, and its data stays."""
    storage = volume(disk, None)
    key = finish_first_boot(storage, root_disk)
    other = blank_disk(size_mib=8)
    uuid = "7d3b9a0e-1a5c-4c1f-8a70-2f6d0a4b9c11"
    subprocess.run(["mkfs.ext4", "-q", "-U", uuid, other], check=True)
    subprocess.run(["mount", root_disk, "/mnt"], check=True)
    Path("/mnt/etc/luks/vault").write_text("another key")
    subprocess.run(["umount", "/mnt"], check=True)
    before = luks.contents(disk)
    cmdline: dict[str, Any] = command_line(folder, root)
    ran = run("disks", storage, wait_device=1, **cmdline)
    assert ran.codes == ["IGN2302"]
    assert problem in ran.failures[0].text
    assert luks.contents(disk) == before
    assert luks.opens(disk, key)
    assert not ran.logged(key[:16].decode())
