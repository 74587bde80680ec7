# SPDX-License-Identifier: Apache-2.0
"""docs/root-reprovisioning.md: the configs of docs/root-reprovisioning/ move the root of a machine whose
distribution has the example's dracut module. The next boot finds the root by itself.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from ignition.testbed.cache import NeedsRoot
from ignition.testbed.images import Images
from tests.support import root_image, tang
from tests.support.boot import Boot, BootResult

pytestmark = pytest.mark.slow

HOST = "10.0.2.2"
"""This machine, as the guest sees it."""
FAST = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
MEMORY_MIB = 2560
LIMIT = 2400
"""Seconds for a boot: a busy host took eight minutes to the disks phase."""
PATHS = [
    *("/run/root-manifest", "/etc/written", "/etc/crypttab", "/etc/luks", "/etc/mdadm.conf"),
    *("/etc/mdadm", "/etc/.ignition-result.json", "/boot/ignition.firstboot"),
]
LOOK = (
    'root=$(findmnt --noheadings --output SOURCE,FSTYPE /); echo "$root"; set -- $root\n'
    "lsblk --inverse --noheadings --list --output TYPE $1\n"
)


@dataclass(frozen=True)
class Move:
    """A config, and what the root is on afterwards: device, filesystem, and the types of devices below."""

    config: str
    device: str
    format: str
    below: tuple[str, ...]
    arguments: str


RAID1 = Move(
    "raid1", "/dev/md", "ext4", ("raid1", *("part", "disk") * 2), r"rd\.md\.uuid=[0-9a-f:]{35}"
)
KEY_FILE = Move(
    "key-file",
    "/dev/mapper/root",
    "xfs",
    ("crypt", "part", "disk"),
    r"rd\.luks\.name=([0-9a-f-]{36})=root rd\.luks\.key=\1=/\1\.key:LABEL=keys",
)
TANG = Move(
    "tang",
    "/dev/mapper/root",
    "ext4",
    ("crypt", "part", "disk"),
    r"rd\.luks\.name=[0-9a-f-]{36}=root rd\.neednet=1",
)


def config(move: Move, server: tang.TangServer) -> dict[str, Any]:
    """The example's config, with the test's server, fast key derivation and a file."""
    made: dict[str, Any] = json.loads((root_image.EXAMPLE / f"{move.config}.ign").read_text())
    for volume in made["storage"].get("luks", []):
        volume["options"] = FAST
        for each in volume.get("clevis", {}).get("tang", []):
            each["url"] = server.url.replace("127.0.0.1", HOST)
            each["thumbprint"] = server.thumbprint
    made["storage"]["files"] = [{"path": "/etc/written", "contents": {"source": "data:,once"}}]
    return made


@dataclass(frozen=True)
class Moved:
    move: Move
    first: BootResult
    second: BootResult


@pytest.fixture(scope="module")
def root_images(guest_images: Images) -> Images:
    try:
        return root_image.images(guest_images)
    except NeedsRoot:
        pytest.skip("building the image takes root")


@pytest.fixture(scope="module")
def machine(boot_module: Boot, root_images: Images) -> Boot:
    return Boot(root_images, boot_module.folder)


@pytest.fixture(
    scope="module",
    params=[pytest.param(move, id=move.config) for move in (KEY_FILE, RAID1, TANG)],
)
def moved(machine: Boot, tang_server: tang.TangServer, request: pytest.FixtureRequest) -> Moved:
    move: Move = request.param
    first = machine(
        config(move, tang_server),
        disks=[1024 if move is RAID1 else 64],
        grub=True,
        memory_mib=MEMORY_MIB,
        paths=PATHS,
        script=LOOK,
        limit=LIMIT,
    )
    second = machine(again=first, grub=True, paths=PATHS, script=LOOK, limit=LIMIT)
    return Moved(move, first, second)


def manifest(boot: BootResult, when: str) -> root_image.Manifest:
    return root_image.read_manifest(boot.file(f"/run/root-manifest/{when}").text)


def test_every_file_of_the_image_is_on_the_new_root(moved: Moved) -> None:
    before, after = manifest(moved.first, "before"), manifest(moved.first, "after")
    assert len(before) > 5000
    assert sorted(before.keys() ^ after.keys()) == []
    different = {
        path: (before[path], after[path]) for path in before if before[path] != after[path]
    }
    assert different == {}


def test_files_that_are_hard_to_copy_are_among_them(moved: Moved) -> None:
    after = manifest(moved.first, "after")
    kept = {path.rpartition("/")[2]: after[path] for path in after if path.startswith("/srv/kept/")}
    assert kept["owned"]["owner"] == (1234, 70000)
    assert kept["owned"]["mode"] == "0o104751"
    assert kept["owned"]["xattrs"] == {
        "security.capability": bytes.fromhex(root_image.CAPABILITY),
        "user.note": b"kept",
    }
    assert kept["owned"]["link"] == "/srv/kept/linked" == kept["linked"]["link"]
    assert kept["shared"]["xattrs"] == {"system.posix_acl_access": bytes.fromhex(root_image.ACL)}
    assert kept["sparse"]["sparse"]
    assert kept["nowhere"]["target"] == "/does/not/exist"
    assert kept["null"]["device"] == 0x103
    assert kept["pipe"]["mode"].startswith("0o10")


def test_the_root_is_where_the_config_wants_it(moved: Moved) -> None:
    for boot in (moved.first, moved.second):
        root, *below = boot.script.output.split("\n")
        device, kind = root.split()
        assert device.startswith(moved.move.device)
        assert kind == moved.move.format
        assert tuple(below) == (*moved.move.below, "")
        assert [each.get("LABEL") for each in boot.blkid].count("root") == 1


def test_the_next_boot_finds_the_root_and_provisions_nothing(moved: Moved) -> None:
    arguments = moved.second.facts.cmdline or ""
    assert re.search(f" {moved.move.arguments}( |$)", arguments)
    assert "ignition.firstboot" not in arguments
    assert not moved.second.exists("/boot/ignition.firstboot")
    assert not moved.second.phases
    assert moved.second.log("ignition") == ""
    for path in ("/etc/written", "/etc/.ignition-result.json"):
        before, after = moved.first.file(path), moved.second.file(path)
        assert (after.inode, after.mtime, after.data) == (before.inode, before.mtime, before.data)
    assert moved.second.file("/etc/written").text == "once"


def test_the_config_of_the_real_root(moved: Moved) -> None:
    """crypttab has the volume and no second entry; udev needs no mdadm.conf."""
    boot = moved.second
    table = boot.file("/etc/crypttab").text if boot.exists("/etc/crypttab") else ""
    fields = [re.sub(r"UUID=[0-9a-f-]{36} ", "", line) for line in table.splitlines()]
    assert (
        fields
        == {
            "raid1": [],
            "key-file": ["root /etc/luks/root luks,x-initrd.attach"],
            "tang": ["root none luks,_netdev,x-initrd.attach"],
        }[moved.move.config]
    )
    assert boot.exists("/etc/luks/root") == (moved.move is KEY_FILE)
    assert not boot.exists("/etc/mdadm.conf")
    assert not boot.exists("/etc/mdadm")
