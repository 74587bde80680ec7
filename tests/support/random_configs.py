# SPDX-License-Identifier: Apache-2.0
"""Random configs that trigger every rule.

Members and types come from the tables, values from small pools, so that entries collide: a file below a
link, two filesystems on one device, overlapping partitions.
"""

from __future__ import annotations

import random
from typing import Any

from ignition.config import shapes

GUID = "01234567-89AB-CDEF-EDCB-A98765432101"
PATHS = ["/a", "/b", "/a/b", "/a/l", "/a/l/c", "/etc/systemd/system/a.service", "/d"]
ODD_PATHS = ["", "a", "/", "//a", "/a/", "/a/./b", "/a/../b", "//", "/..", "é", "/\n", "/etc/x/..b"]
DEVICES = ["/dev/a", "/dev/b", "/dev/c"]
NAMES = ["one", "two", "three"]
SOURCES = [
    "data:,a%20b",
    "data:;base64,YQ==",
    "https://h/x",
    "http://h:80/",
    "tftp://h/x",
    "s3://b/k",
]
ODD_SOURCES = [
    *["", "gs://b/k", "arn:aws:s3:::b/k", "arn:aws:s3:::b", "arn:aws:ec2:::b/k", "ftp://h/x", "x"],
    *[
        "s3://b/k?versionId=",
        "s3:x?versionId=1",
        "http://a b/",
        "http://%41/",
        " http://a",
        "http:",
    ],
    *[
        "data:,a b",
        "data:;base64,YQ",
        "data:;base64,YR==",
        "data:font/ttf,x",
        "DATA:,x",
        "data:,%zz",
    ],
    *["data:text/plain;charset=utf-8,x", "data:;base64;a=b,YQ==", "http://a/%zz", "http://a/?%zz"],
]
UNITS = ["[Unit]\nA=b\n", "[Unit]\nA=b\n[Install]\nWantedBy=x\n", "# nothing\n"]
ODD_UNITS = [
    "",
    "A=b",
    "[Unit",
    "[Unit] x\n",
    "[Unit]\nA\n",
    "[Unit]\nA",
    "[Install]\n",
    "[Unit]\nA=\\\n",
]
ODD_UNITS += [
    "[Install ]\nA=b\n",
    "[Unit]\r\nA=b\r\n",
    "[Install]\n#\\\nA=b\n",
    "[Unit]\nA=" + "x" * 2100,
]

# Member, or type and member -> (usual values, unusual values).
POOLS: dict[str, tuple[list[Any], list[Any]]] = {
    "path": (PATHS, ODD_PATHS),
    "target": (["/a", "/d", "../d", "b"], ["", "..", "/a/../d", "/"]),
    "device": (DEVICES, ["", "dev", "/dev//a", "/", "share", "é" * 19]),
    "devices": (DEVICES, ["", "dev", "/dev/"]),
    "source": (SOURCES, ODD_SOURCES),
    "compression": (["gzip", ""], ["GZIP", "xz"]),
    "hash": (
        ["sha512-" + "0" * 128, "sha256-" + "0" * 64],
        ["", "sha512", "sha512-", "sha256-" + "0" * 63, "md5-0", "SHA512-" + "0" * 128],
    ),
    "HTTPHeader.name": (["X", "x", "Y"], [""]),
    "HTTPHeader.value": (["v"], [""]),
    "httpProxy": (["http://p:3128", "https://p"], ["", "ftp://p", "p", "http://[", "HTTP://p"]),
    "httpsProxy": (["https://p"], ["http://p", "", "x:y", "http://p q"]),
    "mode": ([420, 493, 0], [-1, 4095, 4096, 512, -512, 1 << 40]),
    "id": ([0, 1000], [-1]),
    "NodeUser.name": (NAMES, [""]),
    "NodeGroup.name": (NAMES, [""]),
    "Partition.number": ([1, 2, 3], [0, -1]),
    "Partition.label": (["root", "var", "swap"], ["", "a:b", "é" * 19, "x" * 36, "x" * 37]),
    "startMiB": ([1, 100, 200, 300], [0, -5, 150, (1 << 63) - 1]),
    "sizeMiB": ([50, 100], [0, -50, 101, 1000, (1 << 63) - 1]),
    "guid": ([GUID], ["", GUID.lower(), GUID + "\n", GUID[:-1] + "g", "é" + GUID[1:]]),
    "typeGuid": ([GUID], ["", "x"]),
    "format": (["ext4", "btrfs", "xfs", "swap", "vfat"], ["", "none", *["virtiofs"] * 3, "zfs"]),
    "Filesystem.label": (
        ["data"],
        ["", "x" * 11, "x" * 13, "x" * 16, "x" * 17, "é" * 6, "x" * 257],
    ),
    "level": (["raid0", "1", "mirror", "linear", "stripe", "raid10"], ["", "RAID1", "2", "raid2"]),
    "spares": ([0], [1, -1]),
    "Luks.name": (NAMES, ["", "a/b"]),
    "Luks.label": (["data"], ["", "x" * 47, "x" * 48, "é" * 24]),
    "url": (["http://t", "https://t:1"], ["", "ftp://t", "http://[", "t"]),
    "thumbprint": (["abc"], [""]),
    "advertisement": (["{}"], ["", "5", " [1] ", "{", "1e999", "[1e400]", "nul", '"\x01"', "{}{}"]),
    "pin": (["tpm2", "tang", "sss"], ["", "foo"]),
    "config": (["{}"], [""]),
    "threshold": ([0], [1, -1]),
    "Unit.name": (
        ["a.service", "b.timer", "c@d.service", "c@.service"],
        [
            "a",
            "a.conf",
            ".service",
            "a.service/",
            "x/c@d.service",
            "@a.service",
            "c@d@e.service",
            "",
        ],
    ),
    "Unit.contents": (UNITS, ODD_UNITS),
    "Dropin.name": (["1.conf", "2.conf"], ["", "1", ".conf", "1.CONF"]),
    "Dropin.contents": (UNITS, ODD_UNITS),
    "Raid.name": (NAMES, ["", "a/b"]),
}
STRINGS = (NAMES, ["", "é"])
INTEGERS = ([0, 1, 5], [-1])


class Configs:
    """Generates configs. `odd`: probability of an unusual value. `full`: probability that a member is set."""

    def __init__(self, seed: int, odd: float, full: float) -> None:
        self._random = random.Random(seed)
        self._odd = odd
        self._full = full

    def config(self, version: str) -> dict[str, Any]:
        """A config of this version with correct types."""
        value = self._object(shapes.for_version(version))
        value["ignition"] = {**value.get("ignition", {}), "version": version}
        return value

    def _object(self, shape: shapes.Shape) -> dict[str, Any]:
        wanted = ("path", "device", "name") if self._random.random() < 0.9 else ()
        return {
            member.name: self._value(shape, member)
            for member in shape.members.values()
            if self._random.random() < self._full or member.name in wanted
        }

    def _value(self, shape: shapes.Shape, member: shapes.Member) -> Any:
        if member.kind == shapes.OBJECT:
            assert member.shape is not None
            return self._object(member.shape)
        if member.kind == shapes.ARRAY:
            return [self._item(shape, member) for _ in range(self._random.choice([0, 1, 1, 2, 3]))]
        return self._scalar(shape, member)

    def _item(self, shape: shapes.Shape, member: shapes.Member) -> Any:
        if member.shape is not None:
            return self._object(member.shape)
        return self._scalar(shape, member)

    def _scalar(self, shape: shapes.Shape, member: shapes.Member) -> Any:
        if member.kind == shapes.BOOLEAN:
            return self._random.random() < 0.5
        default = INTEGERS if member.kind == shapes.INTEGER else STRINGS
        pool = POOLS.get(f"{shape.name}.{member.name}") or POOLS.get(member.name) or default
        return self._random.choice(pool[self._random.random() < self._odd])
