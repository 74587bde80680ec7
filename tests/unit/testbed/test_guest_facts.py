# SPDX-License-Identifier: Apache-2.0
"""Block devices, LUKS tokens, sockets, accounts and files, from the text that the guest's tools print."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.testbed.accountfacts import groups, passwd, shadow
from ignition.testbed.blockfacts import devices, luks_header
from ignition.testbed.facts import Account, Device, GroupEntry, Socket
from ignition.testbed.filefacts import guest_files
from ignition.testbed.netfacts import sockets
from ignition.testbed.report import mountinfo

METADATA = (Path(__file__).parent / "clevis-metadata.json").read_text()
"""What cryptsetup 2.6 printed of a volume that clevis 19 had bound to tang, and to tang or null with sss;
without its keys and ciphertexts."""
UDEV = r"""P: /devices/pci0000:00/0000:00:03.0/virtio1/block/vdb
N: vdb
S: disk/by-id/virtio-disk1
E: DEVPATH=/devices/pci0000:00/0000:00:03.0/virtio1/block/vdb
E: SUBSYSTEM=block
E: DEVTYPE=disk
E: ID_PART_TABLE_TYPE=gpt

P: /devices/pci0000:00/0000:00:03.0/virtio1/block/vdb/vdb1
N: vdb1
S: disk/by-label/my\x20data
S: disk/by-partlabel/data
E: DEVPATH=/devices/pci0000:00/0000:00:03.0/virtio1/block/vdb/vdb1
E: SUBSYSTEM=block
E: DEVTYPE=partition
E: ID_FS_LABEL=my_data
E: ID_FS_LABEL_ENC=my\x20data
E: ID_FS_TYPE=ext4
E: ID_PART_ENTRY_NUMBER=1
E: ID_PART_ENTRY_NAME=a\x20b
E: ID_PART_ENTRY_OFFSET=2048

P: /devices/virtual/block/md127
N: md127
E: DEVPATH=/devices/virtual/block/md127
E: SUBSYSTEM=block
E: DEVTYPE=disk

P: /devices/virtual/net/lo
E: SUBSYSTEM=net
"""
SYSFS = """/sys/class/block/vdb/size 524288
/sys/class/block/vdb1/size 131072
/sys/class/block/md127/size 2048
/sys/class/block/dm-0/size 8
/sys/class/block/dm-0/dm/name secret
/sys/class/block/md127/md/level raid1
/sys/class/block/md127/md/dev-vdc/state in_sync
/sys/class/block/md127/md/dev-vdc/slot 0
/sys/class/block/md127/md/dev-vdd/state spare
/sys/class/block/md127/md/dev-vdd/slot none
/sys/class/block/md127/slaves/vdc
"""
PROBE = r"""DEVNAME=/dev/vdb1
LABEL=my\ data
UUID=u-1
TYPE=xfs
PART_ENTRY_UUID=p-1
"""
MDADM = """DEVNAME=/dev/md127
MD_NAME=any:pool
MD_LEVEL=raid1
"""


def test_devices_are_put_together_from_all_sources() -> None:
    found = devices(UDEV, SYSFS, PROBE, MDADM)
    assert found is not None
    vdb, vdb1, md, dm = found
    assert (vdb.path, vdb.size, vdb.links) == (
        "/dev/vdb",
        256 << 20,
        ("/dev/disk/by-id/virtio-disk1",),
    )
    assert (vdb1.kind, vdb1.parent, vdb1.number) == ("partition", "/dev/vdb", 1)
    assert (vdb1.start, vdb1.size) == (1 << 20, 64 << 20)
    assert (md.level, md.members, md.spares) == ("raid1", ("/dev/vdc",), ("/dev/vdd",))
    assert (md.backing, md.facts["MD_NAME"]) == (("/dev/vdc",), "any:pool")
    assert dm == Device("/dev/dm-0", size=4096, mapping="secret")


def test_what_blkid_reads_now_counts_more_than_what_udev_knew() -> None:
    found = devices(UDEV, SYSFS, PROBE, None)
    assert found is not None
    facts = found[1].facts
    assert (facts["ID_FS_TYPE"], facts["ID_FS_LABEL"]) == ("xfs", "my data")
    assert (facts["ID_PART_ENTRY_UUID"], facts["ID_PART_ENTRY_NAME"]) == ("p-1", "a b")


def test_labels_of_udev_are_decoded() -> None:
    found = devices(UDEV, None, None, None)
    assert found is not None
    assert found[1].facts["ID_FS_LABEL"] == "my data"


def test_an_array_has_its_name_from_a_member_in_a_guest_without_mdadm() -> None:
    member = "P: /block/vdc\nN: vdc\nE: DEVPATH=/block/vdc\nE: SUBSYSTEM=block\nE: ID_FS_LABEL=any:pool\n"
    found = devices(f"{UDEV}\n{member}", SYSFS, None, None)
    assert found is not None
    assert [one.facts.get("MD_NAME") for one in found if one.level] == ["any:pool"]


def test_without_udev_and_sysfs_there_are_no_facts() -> None:
    assert devices(None, None, PROBE, MDADM) is None


def test_pins_of_a_recorded_header() -> None:
    assert luks_header("/dev/vdb", METADATA, None).pins == ("tang", "sss", "tang", "null")


@pytest.mark.parametrize(
    ("metadata", "clevis", "pins"),
    [
        (None, """1: tang '{"url":"http://tang.example"}'\n""", ("tang",)),
        (
            None,
            """2: sss '{"t":1,"pins":{"tang":[{"url":"http://a"},{"url":"http://b"}],"tpm2":{}}}'\n""",
            ("sss", "tang", "tang", "tpm2"),
        ),
        ('{"tokens": {}}', None, ()),
        ('{"tokens": {"0": {"type": "systemd-tpm2"}}}', None, ()),
        ("no JSON", None, None),
        ('{"tokens": {"0": {"type": "clevis", "jwe": {"protected": "####"}}}}', None, None),
        ("no JSON", "1: tpm2 '{}'", ("tpm2",)),
        (None, None, None),
    ],
)
def test_pins(metadata: str | None, clevis: str | None, pins: tuple[str, ...] | None) -> None:
    assert luks_header("/dev/vdb", metadata, clevis).pins == pins


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue\n"


def test_listening_sockets() -> None:
    tables = {
        "tcp": HEAD
        + "   0: 0100007F:1F90 00000000:0000 0A 0\n   1: 0F02000A:0016 0202000A:D431 01 0\n",
        "tcp6": HEAD + "   0: 00000000000000000000000000000000:01BB 0:0000 0A 0\n"
        "   1: 00000000000000000000000001000000:0277 0:0000 0A 0\n   2: garbage\n   3: xyz:1 0:0 0A\n",
        "udp": HEAD + "   0: 00000000:0044 00000000:0000 07 0\n   1: 00000000:0045 0:0 01 0\n",
    }
    assert sockets(tables) == (
        Socket("tcp", "127.0.0.1", 8080),
        Socket("tcp", "::", 443),
        Socket("tcp", "::1", 631),
        Socket("udp", "0.0.0.0", 68),
    )
    assert sockets({}) is None


def test_accounts() -> None:
    assert passwd("root:x:0:0:root:/root:/bin/bash\nbad line\nroot:x:1:1::/:\n") == {
        "root": Account("root", 0, 0, "root", "/root", "/bin/bash")
    }
    assert groups("wheel:x:10:\nwheel:x:10:core,ada\nx:y\n") == {
        "wheel": GroupEntry("wheel", 10, ("core", "ada"))
    }
    assert shadow("root:*:1::::::\ncore:$6$x:1:0:9:7:::\n") == {"root": "*", "core": "$6$x"}
    assert (passwd(None), groups(""), shadow(None)) == (None, None, None)


def test_a_large_file_has_only_its_digest() -> None:
    digest = "ab" * 32
    parts = {
        "facts": b"f 644 0 0 5000000 3 9 1.5\0\0/srv/big\0",
        "sums": f"{digest}  /srv/big\0".encode(),
    }
    found = guest_files(parts)
    assert found is not None
    assert (found["/srv/big"].whole, found["/srv/big"].sha256) == (False, digest)


def test_mounts_without_findmnt() -> None:
    line = r"29 1 8:2 / /my\040data rw,nosuid shared:1 - ext4 /dev/vda2 rw,errors=remount-ro"
    assert mountinfo(f"{line}\nbad\n") == [
        {
            "target": "/my data",
            "source": "/dev/vda2",
            "fstype": "ext4",
            "options": "rw,nosuid,errors=remount-ro",
        }
    ]
