# SPDX-License-Identifier: Apache-2.0
"""Every member of every object of the spec has a consequence, a note, or a reason why it has none."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from ignition.acquisition.rendered import Rendered
from ignition.config import shapes
from ignition.testbed.expectations.derive import derive
from tests.unit.testbed.expectations.configs import items

HASH = "sha256-" + "0" * 64
RESOURCE = {"source": "http://h/x", "verification": {"hash": HASH}}
NODE = {"user": {"id": 1}, "group": {"id": 1}}
NAMED = {"user": {"name": "n"}, "group": {"name": "n"}}
FULL: dict[str, Any] = {
    "ignition": {
        "version": shapes.NEWEST,
        "proxy": {"httpProxy": "http://p"},
        "security": {"tls": {"certificateAuthorities": [RESOURCE]}},
        "timeouts": {"httpTotal": 1},
    },
    "kernelArguments": {"shouldExist": ["a"], "shouldNotExist": ["b"]},
    "passwd": {
        "groups": [
            {"name": "g", "gid": 1, "passwordHash": "x"},
            {"name": "s", "system": True},
            {"name": "o", "shouldExist": False},
        ],
        "users": [
            {
                "name": "u",
                "uid": 1,
                "gecos": "g",
                "homeDir": "/h",
                "shell": "/s",
                "primaryGroup": "p",
                "groups": ["g"],
                "passwordHash": "x",
                "sshAuthorizedKeys": ["k"],
            },
            {"name": "s", "system": True},
            {"name": "o", "shouldExist": False},
        ],
    },
    "storage": {
        "directories": [
            {**NODE, "path": "/etc/d", "mode": 448},
            {**NAMED, "path": "/etc/e", "overwrite": True},
            {"path": "/srv/x"},
        ],
        "files": [
            {**NODE, "path": "/etc/a", "mode": 384, "contents": RESOURCE},
            {**NAMED, "path": "/etc/b", "append": [{"source": "data:,x"}]},
            {
                "path": "/etc/c",
                "contents": {
                    "source": "data:;base64,H4sIAAAAAAAC/0sEAEO+t+gBAAAA",
                    "compression": "gzip",
                },
            },
        ],
        "links": [
            {**NODE, "path": "/etc/l", "target": "/t"},
            {**NAMED, "path": "/etc/m", "target": "/t"},
            {"path": "/etc/n", "target": "/t", "overwrite": True},
            {"path": "/etc/h", "target": "/t", "hard": True},
        ],
        "disks": [
            {
                "device": "/dev/a",
                "wipeTable": True,
                "partitions": [
                    {
                        "number": 1,
                        "label": "l",
                        "startMiB": 1,
                        "sizeMiB": 1,
                        "guid": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
                        "typeGuid": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
                    },
                    {"number": 2, "shouldExist": False},
                ],
            },
            {"device": "/dev/w", "wipeTable": True},
        ],
        "filesystems": [
            {
                "device": "/dev/a1",
                "format": "ext4",
                "label": "l",
                "uuid": "u",
                "path": "/srv",
            }
        ],
        "luks": [
            {
                "name": "v",
                "device": "/dev/b",
                "label": "l",
                "uuid": "u",
                "clevis": {
                    "tang": [{"url": "http://t", "thumbprint": "x"}],
                    "tpm2": True,
                    "threshold": 1,
                },
                "cex": {"enabled": True},
            },
            {"name": "w", "device": "/dev/c", "clevis": {"custom": {"pin": "p"}}},
        ],
        "raid": [{"name": "r", "level": "raid1", "devices": ["/dev/d", "/dev/e"], "spares": 1}],
    },
    "systemd": {
        "units": [
            {
                "name": "a.service",
                "enabled": True,
                "contents": "[Install]\nWantedBy=x\n",
                "dropins": [{"name": "d.conf", "contents": "[Unit]\n"}],
            },
            {"name": "m.service", "mask": True},
        ]
    },
}
"""A value for every member that has a consequence. It need not be a config that makes sense."""
HOW = "It says how the engine gets to the result, or what the image adds to it."
ONLY_PROVISIONING = "It is in effect while the engine runs; any value gives the same note."
WITHOUT_CONSEQUENCE = {
    **dict.fromkeys(
        (
            *("Disk.wipeTable", "Partition.resize", "Partition.wipePartitionEntry"),
            *("Filesystem.wipeFilesystem", "Filesystem.options", "Filesystem.mountOptions"),
            *(
                "Luks.wipeVolume",
                "Luks.options",
                "Luks.openOptions",
                "Luks.keyFile",
                "Luks.discard",
            ),
            *("Raid.options", "HTTPHeader.name", "HTTPHeader.value", "Resource.httpHeaders"),
            *("PasswdUser.noLogInit", "PasswdUser.noCreateHome", "PasswdUser.noUserGroup"),
            *("Tang.url", "Tang.thumbprint", "Tang.advertisement", "File.overwrite"),
            *("ClevisCustom.config", "ClevisCustom.needsNetwork"),
        ),
        HOW,
    ),
    **dict.fromkeys(
        (
            *("Ignition.version", "Ignition.config", "IgnitionConfig.merge"),
            *("IgnitionConfig.replace", "Proxy.httpProxy", "Proxy.httpsProxy", "Proxy.noProxy"),
            *("Security.tls", "TLS.certificateAuthorities", "Timeouts.httpTotal"),
            "Timeouts.httpResponseHeaders",
        ),
        ONLY_PROVISIONING,
    ),
}


def outcome(config: dict[str, Any]) -> Any:
    found = derive(Rendered(config, {"": ["web.ign", ""]}, []), "web.ign", b"{}")
    return items(found), found.notes


def members() -> Iterator[tuple[str, tuple[str, ...]]]:
    """`Type.member` and the path to it, for every member of the newest spec."""

    def walk(shape: shapes.Shape, path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
        for member in shape.members.values():
            yield f"{shape.name}.{member.name}", (*path, member.name)
            if member.shape is not None:
                yield from walk(member.shape, (*path, member.name))

    yield from walk(shapes.for_version(shapes.NEWEST), ())


MEMBERS = list(members())


def without(value: Any, path: tuple[str, ...]) -> bool:
    """Removes a member from all objects that have it; whether there was one."""
    if isinstance(value, list):
        removed = [without(item, path) for item in value]
        return any(removed)
    if not isinstance(value, dict) or path[0] not in value:
        return False
    if len(path) > 1:
        return without(value[path[0]], path[1:])
    del value[path[0]]
    return True


@pytest.mark.parametrize(("name", "path"), MEMBERS, ids=[".".join(path) for _, path in MEMBERS])
def test_a_member_has_a_consequence(name: str, path: tuple[str, ...]) -> None:
    if name in WITHOUT_CONSEQUENCE:
        return
    if "certificateAuthorities" in path or "append" in path or "keyFile" in path:
        return  # resources like that of a file
    if path[:2] == ("ignition", "config"):
        return  # a rendered config has no references
    config = copy.deepcopy(FULL)
    assert without(config, path), "FULL needs a value for it"
    differs = outcome(config) != outcome(FULL)
    assert differs


def test_every_exception_is_a_member() -> None:
    assert set(WITHOUT_CONSEQUENCE) <= {name for name, _ in MEMBERS}
