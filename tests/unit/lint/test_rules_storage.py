# SPDX-License-Identifier: Apache-2.0
"""Lint rules for devices, mounts, paths and modes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.lint.lint_cases import codes, config, file, of_file, of_storage, url


def filesystem(device: str, **members: Any) -> dict[str, Any]:
    return {"device": device, "format": "ext4", **members}


DATA = {"device": "/dev/vdb", "wipeTable": True, "partitions": [{"number": 1, "label": "data"}]}
RAID = {"name": "store", "level": "raid1", "devices": ["/dev/vdb", "/dev/vdc"]}
LUKS = {"name": "vault", "device": "/dev/vdb"}


@pytest.mark.parametrize(
    ("device", "made", "said"),
    [
        ("/dev/disk/by-partlabel/data", {"disks": [DATA]}, []),
        ("/dev/disk/by-partlabel/dat", {"disks": [DATA]}, ["IGN1821 filesystems/0/device"]),
        ("/dev/disk/by-partlabel/other", {}, ["IGN1821 filesystems/0/device"]),
        ("/dev/disk/by-partlabel/root", {}, []),
        ("/dev/disk/by-partlabel/EFI-SYSTEM", {}, []),
        ("/dev/disk/by-partlabel/roto", {}, ["IGN1821 filesystems/0/device"]),
        ("/dev/vdb1", {"disks": [DATA]}, []),
        ("/dev/vdb2", {"disks": [DATA]}, ["IGN1822 filesystems/0/device"]),
        ("/dev/vdb2", {"disks": [{**DATA, "wipeTable": False}]}, []),
        ("/dev/vdb2", {"disks": [{**DATA, "partitions": [{"label": "data"}]}]}, []),
        ("/dev/nvme0n1p2", {"disks": [{**DATA, "device": "/dev/nvme0n1"}]}, ["IGN1822 filesystems/0/device"]),
        ("/dev/vdc2", {"disks": [DATA]}, []),
        ("/dev/md/store", {"raid": [RAID]}, []),
        ("/dev/md/stor", {"raid": [RAID]}, ["IGN1823 filesystems/0/device"]),
        ("/dev/md/elsewhere", {}, ["IGN1823 filesystems/0/device"]),
        ("/dev/mapper/vault", {"luks": [LUKS]}, []),
        ("/dev/disk/by-id/dm-name-vault", {"luks": [LUKS]}, []),
        ("/dev/mapper/vaults", {"luks": [LUKS]}, ["IGN1824 filesystems/0/device"]),
        ("/dev/disk/by-id/dm-name-vauIt", {"luks": [LUKS]}, ["IGN1824 filesystems/0/device"]),
        ("/dev/mapper/group-volume", {}, []),
        ("/dev/mapper/mpatha", {}, []),
        ("/dev/disk/by-label/boot", {}, []),
        ("/dev/disk/by-label/missing", {}, ["IGN1825 filesystems/0/device"]),
        ("/dev/disk/by-uuid/1234", {}, []),
        ("/dev/vdd", {}, []),
    ],
)  # fmt: skip
def test_unknown_devices_are_reported(device: str, made: dict[str, Any], said: list[str]) -> None:
    assert of_storage(filesystems=[filesystem(device)], **made) == said


def array(name: str, *devices: str) -> dict[str, Any]:
    return {"name": name, "level": "raid1", "devices": list(devices)}


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ({"raid": [array("a", "/dev/md/b", "/dev/vdb"), array("b", "/dev/vdc", "/dev/vdd")]}, []),
        ({"raid": [array("a", "/dev/vda", "/dev/md/b"), array("b", "/dev/md/a")]}, ["raid/0/devices/1"]),
        ({"raid": [array("a", "/dev/md/a")]}, ["raid/0/devices/0"]),
        ({"raid": [array("/dev/md/a", "/dev/disk/by-id/md-name-any:a")]}, ["raid/0/devices/0"]),
        ({"luks": [{"name": "v", "device": "/dev/mapper/v"}]}, ["luks/0/device"]),
        (
            {
                "raid": [array("top", "/dev/mapper/v"), array("a", "/dev/vdb", "/dev/disk/by-id/dm-name-v")],
                "luks": [{"name": "v", "device": "/dev/md/a"}],
            },
            ["raid/1/devices/1"],
        ),
        # Two circles, and a volume on one of them.
        (
            {
                "raid": [array("a", "/dev/md/a"), array("b", "/dev/md/c"), array("c", "/dev/md/b")],
                "luks": [{"name": "v", "device": "/dev/md/c"}],
            },
            ["raid/0/devices/0", "raid/1/devices/0"],
        ),
        # Partitions on an array.
        *(
            (
                {
                    "raid": [array("/dev/md0", "/dev/vdb", device)],
                    "disks": [{"device": "/dev/md0", "partitions": [{"number": 1, "label": "x", **more}]}],
                },
                said,
            )
            for device, more, said in [
                ("/dev/md0p1", {}, ["raid/0/devices/1"]),
                ("/dev/disk/by-partlabel/x", {}, ["raid/0/devices/1"]),
                ("/dev/md0p2", {}, []),
                ("/dev/disk/by-partlabel/x", {"shouldExist": False, "wipePartitionEntry": True}, []),
            ]
        ),
    ],
)  # fmt: skip
def test_circles_of_devices(lists: dict[str, Any], said: list[str]) -> None:
    found = [each for each in of_storage(**lists) if each.startswith("IGN1827")]
    assert found == [f"IGN1827 {each}" for each in said]


@pytest.mark.parametrize(
    ("device", "found"),
    [
        ("/dev/mapper/v", ["IGN1828 disks/0/device"]),
        ("/dev/disk/by-id/dm-name-v", ["IGN1828 disks/0/device"]),
        (
            "/dev/disk/by-id/dm-uuid-CRYPT-LUKS2-11112222333344445555666677778888-v",
            ["IGN1828 disks/0/device"],
        ),
        ("/dev/mapper/group-v", []),
        ("/dev/vdb", []),
    ],
)
def test_partitions_of_a_volume(device: str, found: list[str]) -> None:
    volume = {"name": "v", "device": "/dev/vdc", "uuid": "11112222-3333-4444-5555-666677778888"}
    assert of_storage(disks=[{"device": device}], luks=[volume]) == found


def test_label_of_an_existing_filesystem_is_known() -> None:
    assert of_storage(filesystems=[filesystem("/dev/disk/by-label/data", label="data")]) == []


def test_deleted_partition_defines_no_label() -> None:
    disk = {
        "device": "/dev/vdb",
        "partitions": [{"number": 1, "shouldExist": False}, {"number": 2, "label": "a"}],
    }
    found = of_storage(disks=[disk], filesystems=[filesystem("/dev/disk/by-partlabel/data")])
    assert found == ["IGN1821 filesystems/0/device"]


def test_unlabelled_partition_may_match_any_label() -> None:
    disk = {"device": "/dev/vdb", "partitions": [{"number": 1}]}
    assert of_storage(disks=[disk], filesystems=[filesystem("/dev/disk/by-partlabel/data")]) == []


def test_devices_of_arrays_and_volumes_are_checked() -> None:
    raid = {**RAID, "devices": ["/dev/disk/by-partlabel/no", "/dev/disk/by-partlabel/data"]}
    luks = {**LUKS, "device": "/dev/md/no"}
    assert of_storage(disks=[DATA], raid=[raid], luks=[luks]) == [
        "IGN1821 raid/0/devices/0",
        "IGN1823 luks/0/device",
    ]


@pytest.mark.parametrize("source", ["http://server/more.ign", "s3://bucket/more.ign"])
def test_unknown_devices_are_not_reported_with_a_remote_config(source: str) -> None:
    merge = {"source": source, "verification": {"hash": "sha512-" + "0" * 128}}
    found = codes(
        ignition={"config": {"merge": [merge]}},
        storage={"filesystems": [filesystem("/dev/md/x", path="/var/x")]},
    )
    assert found == []


def test_inline_config_defines_devices_of_the_outer_one() -> None:
    array = {"name": "x", "level": "raid1", "devices": ["/dev/a"]}
    inner = config(storage={"raid": [array]})
    found = codes(
        ignition={"config": {"merge": [{"source": url(inner)}]}},
        storage={"filesystems": [filesystem("/dev/md/x")]},
    )
    assert found == []


def test_mount_unit_with_misspelt_device() -> None:
    unit = {
        "name": "var-x.mount",
        "contents": "[Mount]\nWhat=/dev/disk/by-partlabel/dta\nWhere=/var/x\n",
    }
    assert codes(storage={"disks": [DATA]}, systemd={"units": [unit]}) == [
        "IGN1826 /systemd/units/0/contents"
    ]
    unit["contents"] = "[Mount]\nWhat=/dev/disk/by-partlabel/usb-stick\nWhere=/var/x\n"
    assert codes(storage={"disks": [DATA]}, systemd={"units": [unit]}) == []


MOUNT = {"name": "var-x.mount", "contents": "[Mount]\nWhat=/dev/vdb\nWhere=/var/x\n"}


def test_filesystem_without_mount_unit() -> None:
    storage = {"filesystems": [filesystem("/dev/vdb", path="/var/x")]}
    assert codes(storage=storage) == ["IGN1832 /storage/filesystems/0/path"]
    assert codes(storage=storage, systemd={"units": [MOUNT]}) == []
    assert codes(storage={**storage, "files": [file("/etc/fstab", "x")]}) == []
    text = file("/etc/systemd/system/var-x.mount", MOUNT["contents"])
    assert codes(storage={**storage, "files": [text]}) == []


@pytest.mark.parametrize("path", ["/", "/boot", "/boot/efi", "/usr"])
def test_system_mount_points_need_no_unit(path: str) -> None:
    assert of_storage(filesystems=[filesystem("/dev/vdb", path=path)]) == []


def test_duplicate_mount_point() -> None:
    both = [filesystem("/dev/vdb", path="/boot"), filesystem("/dev/vdc", path="/boot")]
    assert of_storage(filesystems=both) == ["IGN1831 filesystems/1/path"]


def test_mount_point_listed_before_its_parent() -> None:
    inner, outer = filesystem("/dev/vdb", path="/boot/efi"), filesystem("/dev/vdc", path="/boot")
    assert of_storage(filesystems=[inner, outer]) == ["IGN1833 filesystems/0/path"]
    assert of_storage(filesystems=[outer, inner]) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/run/x", ["IGN1841 path"]),
        ("/tmp/x", ["IGN1841 path"]),
        ("/proc/sys/kernel/printk", ["IGN1841 path"]),
        ("/sys/x", ["IGN1841 path"]),
        ("/dev/x", ["IGN1841 path"]),
        ("/var/run/x", ["IGN1841 path"]),
        ("/runner/x", []),
        ("/usr/bin/x", ["IGN1842 path"]),
        ("/usr/lib/systemd/system/x.service", ["IGN1842 path"]),
        ("/bin/x", ["IGN1842 path"]),
        ("/usr/local/bin/x", []),
        ("/opt/x", []),
        ("/etc/sudoers.d/ada", []),
        ("/etc/sudoers.d/ada.conf", ["IGN1844 path"]),
        ("/etc/sudoers.d/ada~", ["IGN1844 path"]),
    ],
)
def test_path_without_effect(path: str, said: list[str]) -> None:
    assert of_file(path) == said


ADA: dict[str, Any] = {"user": {"name": "ada"}, "group": {"name": "ada"}}


@pytest.mark.parametrize(
    ("path", "listed", "said"),
    [
        ("/home/ada/notes", [], []),
        ("/home/ada/.config/x", [], ["IGN1843 files/0/path"]),
        ("/var/home/ada/.config/x", [], ["IGN1843 files/0/path"]),
        ("/home/ada/.config/x", ["/home/ada/.config"], []),
        ("/var/home/ada/.config/x", ["/home/ada/.config"], []),
        ("/home/ada/.config/x", ["/var/home/ada/.config"], []),
        ("/home/ada/.config/app/x", ["/home/ada/.config"], ["IGN1843 files/0/path"]),
        ("/home/ada/.config/app/x", ["/home/ada/.config", "/home/ada/.config/app"], []),
        ("/srv/ada/x", [], []),
    ],
)
def test_directory_in_a_home_owned_by_root(path: str, listed: list[str], said: list[str]) -> None:
    folders = [{"path": each, **ADA} for each in listed]
    assert of_storage(directories=folders, files=[file(path, **ADA)]) == said


def test_directory_in_a_home_is_reported_once_and_not_for_root() -> None:
    files = [file("/home/ada/.config/a", **ADA), file("/home/ada/.config/b", **ADA)]
    assert of_storage(files=files) == ["IGN1843 files/0/path"]
    assert of_storage(files=[file("/home/ada/.config/a")]) == []


def test_home_directory_of_a_user_entry() -> None:
    users = {"users": [{"name": "ada", "homeDir": "/srv/ada"}]}
    storage = {"files": [file("/srv/ada/.config/x", **ADA)]}
    assert codes(passwd=users, storage=storage) == ["IGN1843 /storage/files/0/path"]


def test_ssh_directory_of_a_user_with_keys_is_owned_by_the_user() -> None:
    users = {"users": [{"name": "ada", "sshAuthorizedKeys": ["ssh-ed25519 AAAA"]}]}
    assert codes(passwd=users, storage={"files": [file("/home/ada/.ssh/config", **ADA)]}) == []


@pytest.mark.parametrize("mode", [420, 493, 384, 256, 511 - 2, 448, 416, 0, 1023, 288, 365])
def test_ordinary_mode(mode: int) -> None:
    assert of_file("/etc/x", mode=mode) == []


@pytest.mark.parametrize("mode", [644, 755, 600, 400, 777, 1777, 700, 640])
def test_decimal_mode_that_looks_like_octal(mode: int) -> None:
    assert of_file("/etc/x", mode=mode) == ["IGN1851 mode"]
    assert of_storage(directories=[{"path": "/etc/x", "mode": mode}]) == [
        "IGN1851 directories/0/mode"
    ]


def test_world_writable_mode() -> None:
    assert of_file("/etc/x", mode=0o666) == ["IGN1852 mode"]
    assert of_storage(directories=[{"path": "/srv/x", "mode": 0o777}]) == [
        "IGN1852 directories/0/mode"
    ]
    assert of_storage(directories=[{"path": "/srv/x", "mode": 0o1777}]) == []


def test_directory_without_execute_permission() -> None:
    assert of_storage(directories=[{"path": "/srv/x", "mode": 0o644}]) == [
        "IGN1853 directories/0/mode"
    ]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, ["IGN1854 /storage/files/0/path"]),
        ({"mode": 0o644}, ["IGN1854 /storage/files/0/mode"]),
        ({"mode": 0o755}, []),
    ],
)
def test_program_of_a_unit_is_executable(members: dict[str, Any], said: list[str]) -> None:
    unit = {"name": "a.service", "contents": "[Service]\nExecStart=-/opt/run --now\n"}
    found = codes(
        systemd={"units": [unit]}, storage={"files": [file("/opt/run", "#!/bin/sh\n", **members)]}
    )
    assert found == said


def test_connection_profile_must_be_private_to_root() -> None:
    path = "/etc/NetworkManager/system-connections/eth0.nmconnection"
    assert of_file(path) == ["IGN1855 path"]
    assert of_file(path, mode=0o644) == ["IGN1855 mode"]
    assert of_file(path, mode=0o600) == []
