# SPDX-License-Identifier: Apache-2.0
"""Each member of the newest spec counts: a forgotten one would make two configs look the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ignition.base.errors import InvalidConfig
from ignition.config import shapes
from ignition.config.shapes import Shape
from ignition.review.diff.compare import compare
from tests.unit.review.configs import file, subject

PARTITION = {
    "number": 1,
    "label": "x",
    "sizeMiB": 100,
    "startMiB": 1,
    "typeGuid": "AAAAAAAA-0000-4000-8000-00000000000B",
    "guid": "AAAAAAAA-0000-4000-8000-00000000000C",
    "resize": True,
    "wipePartitionEntry": True,
}
OWNER = {"user": {"name": "x"}, "group": {"id": 5}, "overwrite": True}
UUID = "aaaaaaaa-0000-4000-8000-00000000000d"
EVERYTHING: dict[str, Any] = {
    "kernelArguments": {"shouldExist": ["quiet"], "shouldNotExist": ["x"]},
    "ignition": {
        "version": "3.6.0",
        "proxy": {"httpProxy": "http://p", "httpsProxy": "http://p", "noProxy": ["a"]},
        "timeouts": {"httpTotal": 1, "httpResponseHeaders": 2},
    },
    "passwd": {
        "users": [
            {
                "name": "core",
                "uid": 5,
                "gecos": "x",
                "homeDir": "/h",
                "shell": "/s",
                "primaryGroup": "g",
                "groups": ["a"],
                "sshAuthorizedKeys": ["ssh-ed25519 AAAA one"],
                "passwordHash": "x",
                "noCreateHome": True,
                "noUserGroup": True,
                "noLogInit": True,
                "system": True,
            }
        ],
        "groups": [{"name": "wheel", "gid": 5, "passwordHash": "x", "system": True}],
    },
    "storage": {
        "disks": [{"device": "/dev/vda", "wipeTable": True, "partitions": [PARTITION]}],
        "raid": [
            {
                "name": "x",
                "level": "raid1",
                "devices": ["/dev/a", "/dev/b", "/dev/c"],
                "spares": 1,
                "options": ["--x"],
            }
        ],
        "luks": [
            {
                "name": "x",
                "device": "/dev/vda",
                "label": "l",
                "uuid": UUID,
                "keyFile": {"source": "data:,k"},
                "options": ["-x"],
                "openOptions": ["-y"],
                "discard": True,
                "wipeVolume": True,
                "clevis": {
                    "tang": [{"url": "http://t", "thumbprint": "x"}],
                    "tpm2": True,
                    "threshold": 1,
                },
            },
            {
                "name": "y",
                "device": "/dev/vdb",
                "clevis": {"custom": {"pin": "tang", "config": "{}", "needsNetwork": True}},
            },
        ],
        "filesystems": [
            {
                "device": "/dev/vdc",
                "format": "ext4",
                "path": "/v",
                "label": "l",
                "uuid": UUID,
                "options": ["-x"],
                "mountOptions": ["ro"],
                "wipeFilesystem": True,
            }
        ],
        "directories": [{"path": "/d", "mode": 0o700, **OWNER}],
        "files": [
            file("/a", "1", mode=0o600, **OWNER, append=[{"source": "https://h"}]),
            {"path": "/b", "append": [{"source": "data:,x"}]},
        ],
        "links": [
            {"path": "/l", "target": "/t", **OWNER},
            {"path": "/h", "target": "/a", "hard": True, "overwrite": True},
        ],
    },
    "systemd": {
        "units": [
            {"name": "a.service", "enabled": True, "contents": "x"}
            | {"dropins": [{"name": "x.conf", "contents": "y"}]},
            {"name": "b.service", "mask": True},
        ]
    },
}

NEEDED = {
    *("ignition", "version", "name", "path", "device", "level", "devices", "source", "target"),
    *("url", "thumbprint", "contents", "pin", "format", "hard", "clevis", "custom", "spares"),
}


"""Members without which their objects would be others, or invalid."""
ELSEWHERE = {
    *("Ignition.config", "IgnitionConfig.merge", "IgnitionConfig.replace"),  # resolved before
    *("Cex.enabled", "Luks.cex", "NodeGroup.name", "NodeUser.id", "Tang.advertisement"),
    *("Partition.shouldExist", "PasswdGroup.shouldExist", "PasswdUser.shouldExist"),
    *("HTTPHeader.name", "HTTPHeader.value", "Resource.httpHeaders", "Resource.compression"),
    *("Resource.verification", "Verification.hash"),
    *("Ignition.security", "Security.tls", "TLS.certificateAuthorities"),
}
"""Members that test_diff.py has, or that are much like others."""


def test_no_member_is_forgotten() -> None:
    whole = subject(EVERYTHING)
    same = []
    for path, smaller in without_one_member(EVERYTHING):
        try:
            other = subject(smaller)
        except InvalidConfig:
            continue
        if not compare(whole, other) or not compare(other, whole):
            same.append(path)
    assert same == []


def test_the_config_above_has_every_member() -> None:
    newest = shapes.for_version(shapes.NEWEST)
    assert set(known(newest, set())) - set(used(EVERYTHING, newest)) == ELSEWHERE


def known(shape: Shape, done: set[str]) -> Iterator[str]:
    """`Type.member` for all types of the spec."""
    if shape.name not in done:
        done.add(shape.name)
        for member in shape.members.values():
            yield f"{shape.name}.{member.name}"
            if member.shape is not None:
                yield from known(member.shape, done)


def used(value: dict[str, Any], shape: Shape) -> Iterator[str]:
    """The same for those that a config uses."""
    for name, item in value.items():
        member = shape.members[name]
        yield f"{shape.name}.{name}"
        for each in item if isinstance(item, list) else [item]:
            if member.shape is not None:
                yield from used(each, member.shape)


def without_one_member(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The copies of a config that lack one member each, with the pointer to that. Some are invalid."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in NEEDED:
                yield f"{path}/{key}", {name: each for name, each in value.items() if name != key}
            for where, smaller in without_one_member(item, f"{path}/{key}"):
                yield where, {**value, key: smaller}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for where, smaller in without_one_member(item, f"{path}/{index}"):
                yield where, [*value[:index], smaller, *value[index + 1 :]]
