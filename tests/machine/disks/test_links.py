# SPDX-License-Identifier: Apache-2.0
"""Devices listed by symlinks of every kind: of udev, of others, to other links, and to nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks import luks
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.filesystems import tags
from tests.machine.disks.tables import MIB, Part, make_table, places

OWN = Path("/dev/disk/by-path")
GUID = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def links() -> Iterator[Path]:
    """A folder for links that udev does not know."""
    OWN.mkdir(parents=True, exist_ok=True)
    yield OWN
    for path in OWN.glob("test-*"):
        path.unlink()


def udev_links(device: str) -> list[str]:
    """All links below /dev/disk that udev has made for a device."""
    asked = ["udevadm", "info", "--query=symlink", "--root", device]
    found = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    return [link for link in found if link.startswith("/dev/disk/")]


def other_links(folder: Path, device: str) -> list[str]:
    """An absolute link, a relative one, and a link to a link."""
    absolute, relative, twofold = (folder / f"test-{kind}" for kind in ("abs", "rel", "two"))
    absolute.symlink_to(device)
    relative.symlink_to(os.path.relpath(device, folder))
    twofold.symlink_to(relative.name)
    return [str(path) for path in (absolute, relative, twofold)]


def test_disk_by_every_link(blank_disk: BlankDisk, links: Path) -> None:
    disk = blank_disk(size_mib=64)
    by_udev = udev_links(disk)
    assert any("by-diskseq" in link for link in by_udev)
    for number, link in enumerate([*by_udev, *other_links(links, disk)], 1):
        entry = {"device": link, "partitions": [{"number": number, "sizeMiB": 2}]}
        succeed("disks", {"disks": [entry]})
        assert set(places(disk)) == set(range(1, number + 1)), link


def test_filesystem_array_and_volume_by_every_link(blank_disk: BlankDisk, links: Path) -> None:
    disk = blank_disk(size_mib=130)
    make_table(disk, [Part(1, MIB, 64 * MIB, "a part", guid=GUID), Part(2, 65 * MIB, 64 * MIB)])
    part, other = f"{disk}p1", f"{disk}p2"
    subprocess.run(["mkfs.ext4", "-q", "-L", "old", part], check=True)
    subprocess.run(["udevadm", "trigger", "--settle", part], check=True)
    wanted = {"format": "ext4", "wipeFilesystem": True}
    by_udev = udev_links(part)
    kinds = {link.split("/")[3] for link in by_udev}
    assert kinds >= {"by-uuid", "by-label", "by-partlabel", "by-partuuid"}
    made = other_links(links, part)
    for link in [*by_udev, *made]:
        # by-uuid leads here only if the filesystem before kept its UUID.
        same = {**wanted, "device": link, "label": "old", "uuid": tags(part)["UUID"]}
        succeed("disks", {"filesystems": [same]})
        assert tags(part)["UUID"] == same["uuid"], link
    partlabel = next(link for link in by_udev if "by-partlabel" in link)
    for name, link in enumerate([partlabel, made[2]]):
        array: dict[str, Any] = {"name": f"a{name}", "level": "raid1", "devices": [link, other]}
        succeed("disks", {"raid": [array]})
        assert succeed("disks", {"raid": [array]}).summary == [f"keep array a{name} of 2 devices"]
        # Not before udev has seen the members: it would assemble the array again, and the next be refused.
        subprocess.run(["udevadm", "settle"], check=True)
        subprocess.run(["mdadm", "-q", "--stop", f"/dev/md/a{name}"], check=True)
        subprocess.run(["udevadm", "settle"], check=True)
    succeed("disks", luks.volume(made[1], wipeVolume=True))
    assert tags(part)["TYPE"] == "crypto_LUKS"


def test_links_that_lead_to_no_block_device(links: Path) -> None:
    dangling, folder = links / "test-dangling", links / "test-folder"
    dangling.symlink_to("../../no-such-disk")
    folder.symlink_to("/proc")
    for link, text in (
        (dangling, "did not appear within 1 s: it is a link to /dev/no-such-disk"),
        (folder, "exists, but was not a block device"),
    ):
        for storage in (
            {"disks": [{"device": str(link)}]},
            {"raid": [{"name": "a", "level": "raid0", "devices": [str(link)]}]},
            {"filesystems": [{"device": str(link), "format": "ext4"}]},
            luks.volume(str(link)),
        ):
            ran = run("disks", storage, wait_device=1)
            assert ran.codes == ["IGN2001"], ran.text()
            assert text in ran.text()


def test_misspelt_link_is_answered_with_the_nearest(blank_disk: BlankDisk, links: Path) -> None:
    disk = blank_disk(size_mib=64)
    (links / "test-pci-0000:00:04.0").symlink_to(disk)
    wanted = f"{links}/test-pci-0000:00:05.0"
    ran = run("disks", {"disks": [{"device": wanted}]}, wait_device=1)
    assert f"did you mean {links}/test-pci-0000:00:04.0?" in ran.failures[0].hint
    assert f"({disk}, 64 MiB)" in ran.failures[0].hint
    ran = run("disks", {"disks": [{"device": f"{disk}p7"}]}, wait_device=1)
    assert f"{disk} (64 MiB) has no partitions" in ran.failures[0].hint
