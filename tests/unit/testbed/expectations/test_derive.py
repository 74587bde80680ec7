# SPDX-License-Identifier: Apache-2.0
"""What follows from a config, kind by kind."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from typing import Any

import pytest

from ignition.testbed.expectations import model
from tests.unit.testbed.expectations.configs import derived, from_storage, items, text

ODD = {"number": 1, "sizeMiB": -50}
ROOT = {"user": "root", "group": "root"}


def inline(data: bytes) -> str:
    return "data:;base64," + base64.b64encode(data).decode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def one(expectations: model.Expectations) -> dict[str, Any]:
    """The members of the only item."""
    ((_, members),) = items(expectations)
    return members


FILES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": (
        {"contents": {"source": "data:,a%20b"}},
        {"content": b"a b", "mode": 0o644, **ROOT},
    ),
    "empty": ({"contents": {"source": "data:,"}}, {"content": b"", "mode": 0o644, **ROOT}),
    "gzip": (
        {"contents": {"source": inline(gzip.compress(b"a")), "compression": "gzip"}},
        {"content": b"a", "mode": 0o644, **ROOT},
    ),
    "broken gzip": (
        {"contents": {"source": "data:,a", "compression": "gzip"}},
        {"mode": 0o644, **ROOT},
    ),
    "upper case": (
        {"contents": {"source": "data:text/plain,a"}},
        {"content": b"a", "mode": 0o644, **ROOT},
    ),
    "binary": (
        {"contents": {"source": inline(b"\0\xff")}},
        {"sha256": sha256(b"\0\xff"), "mode": 0o644, **ROOT},
    ),
    "large": (
        {"contents": {"source": inline(b"x" * 70000)}},
        {"sha256": sha256(b"x" * 70000), "mode": 0o644, **ROOT},
    ),
    "private": (
        {"contents": {"source": "data:,a"}, "mode": 0o600},
        {"sha256": sha256(b"a"), "mode": 0o600, **ROOT},
    ),
    "private key": (
        {"contents": {"source": "data:,-----BEGIN%20PRIVATE%20KEY"}},
        {"sha256": sha256(b"-----BEGIN PRIVATE KEY"), "mode": 0o644, **ROOT},
    ),
    "remote": ({"contents": {"source": "http://a/b"}}, {"mode": 0o644, **ROOT}),
    "remote with checksum": (
        {"contents": {"source": "http://a/b", "verification": {"hash": "sha256-" + "AB" * 32}}},
        {"sha256": "ab" * 32, "mode": 0o644, **ROOT},
    ),
    "remote with SHA-512": (
        {"contents": {"source": "http://a/b", "verification": {"hash": "sha512-" + "ab" * 64}}},
        {"mode": 0o644, **ROOT},
    ),
    "kept": ({}, {}),
    "kept with mode": ({"mode": 0o600, "user": {"id": 3}}, {"mode": 0o600, "user": 3}),
    "appended": (
        {"append": [{"source": "data:,a"}, {"source": "data:,b"}]},
        {"contains": b"ab"},
    ),
    "appended to contents": (
        {"contents": {"source": "data:,a"}, "append": [{"source": "data:,b"}]},
        {"content": b"ab", "mode": 0o644, **ROOT},
    ),
    "remote part": (
        {"contents": {"source": "data:,a"}, "append": [{"source": "http://a"}]},
        {"contains": b"a", "mode": 0o644, **ROOT},
    ),
    "remote part first": (
        {"append": [{"source": "http://a"}, {"source": "data:,b"}, {"source": "http://a"}]},
        {"contains": b"b"},
    ),
    "owner by name": (
        {"contents": {"source": "data:,"}, "user": {"name": "core"}, "group": {"id": 7}},
        {"content": b"", "mode": 0o644, "user": "core", "group": 7},
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_files(case: str) -> None:
    entry, wanted = FILES[case]
    assert one(from_storage(files=[{"path": "/a", **entry}])) == {"path": "/a", **wanted}


def test_what_is_remote_is_noted() -> None:
    (note,) = from_storage(files=[{"path": "/a", "contents": {"source": "http://a/b"}}]).notes
    assert note.startswith("/a: ")


def test_directories() -> None:
    entries = [
        {"path": "/a"},
        {"path": "/b", "mode": 0o1777, "group": {"name": "g"}},
        {"path": "/c", "overwrite": True},
    ]
    assert [members for _, members in items(from_storage(directories=entries))] == [
        {"path": "/a"},
        {"path": "/b", "mode": 0o1777, "group": "g"},
        {"path": "/c", "mode": 0o755, **ROOT},
    ]


def test_links() -> None:
    entries = [
        {"path": "/a", "target": "../b"},
        {"path": "/c", "target": "/d", "overwrite": True, "user": {"id": 4}},
        {"path": "/e", "target": "f", "hard": True},
    ]
    assert [members for _, members in items(from_storage(links=entries))] == [
        {"path": "/a", "target": "../b"},
        {"path": "/c", "target": "/d", "user": 4, "group": "root"},
        {"path": "/e", "target": "/f", "hard": True},
    ]


def test_accounts() -> None:
    users = [
        {
            "name": "core",
            "uid": 5,
            "gecos": "G",
            "homeDir": "/h",
            "shell": "/bin/sh",
            "primaryGroup": "p",
            "groups": ["a", "b"],
            "sshAuthorizedKeys": ["k1", "k2"],
            "passwordHash": "$6$x",
        },
        {"name": "old", "shouldExist": False},
        {"name": "empty", "shell": "", "homeDir": "", "passwordHash": ""},
    ]
    groups = [{"name": "g", "gid": 0}, {"name": "old", "shouldExist": False}]
    found = items(derived(text(passwd={"users": users, "groups": groups})))
    assert found == [
        (
            "User",
            {
                "name": "core",
                "uid": 5,
                "gecos": "G",
                "home": "/h",
                "shell": "/bin/sh",
                "primary_group": "p",
                "groups": ("a", "b"),
                "keys": ("k1", "k2"),
                "password_hash": "sha256:" + sha256(b"$6$x"),
            },
        ),
        ("User", {"name": "old", "exists": False}),
        ("User", {"name": "empty", "password_hash": "*"}),
        ("Group", {"name": "g", "gid": 0}),
        ("Group", {"name": "old", "exists": False}),
    ]
    assert model.same_password_hash("sha256:" + sha256(b"$6$x"), "$6$x")
    assert not model.same_password_hash("sha256:" + sha256(b"$6$x"), "$6$y")


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/home/core/.ssh/authorized_keys.d/ignition", False),
        ("/home/core/.ssh/authorized_keys", False),
        ("/home/other/.ssh/authorized_keys", True),
    ],
)
def test_a_file_of_the_config_may_replace_the_keys(path: str, known: bool) -> None:
    users = [{"name": "core", "sshAuthorizedKeys": ["ssh-ed25519 A"]}]
    file = {"path": path, "overwrite": True, "contents": {"source": "data:,x"}}
    found = derived(text(passwd={"users": users}, storage={"files": [file]}))
    (user,) = [item for item in found.items if isinstance(item, model.User)]
    assert bool(user.keys) == known
    assert bool(found.notes) != known


INSTALL = "[Install]\nWantedBy=multi-user.target\n"
SERVICE = f"[Service]\nExecStart=/bin/true\n{INSTALL}"
UNITS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "of the image": ({"name": "a.service", "enabled": True}, {"enabled": True, "failed": False}),
    "disabled": ({"name": "a.service", "enabled": False}, {"enabled": False}),
    "masked": ({"name": "a.service", "mask": True, "enabled": True}, {"masked": True}),
    "unmasked": ({"name": "a.service", "mask": False}, {"masked": False}),
    "nothing": ({"name": "a.service"}, None),
    "service": (
        {"name": "a.service", "enabled": True, "contents": SERVICE},
        {"enabled": True, "failed": False},
    ),
    "without Install": (
        {"name": "a.service", "enabled": True, "contents": "[Service]\nExecStart=/bin/true\n"},
        {"failed": False},
    ),
    "not enabled": ({"name": "a.service", "contents": SERVICE}, {"failed": False}),
    "oneshot that remains": (
        {
            "name": "a.service",
            "enabled": True,
            "contents": f"[Service]\nType=oneshot\nRemainAfterExit=yes\n{INSTALL}",
        },
        {"enabled": True, "failed": False, "active": True, "within": 30.0},
    ),
    "socket": (
        {"name": "a.socket", "enabled": True, "contents": "[Install]\nWantedBy=sockets.target\n"},
        {"enabled": True, "failed": False, "active": True, "within": 30.0},
    ),
    "with a condition": (
        {
            "name": "a.timer",
            "enabled": True,
            "contents": "[Unit]\nConditionPathExists=/x\n[Install]\nWantedBy=timers.target\n",
        },
        {"enabled": True, "failed": False},
    ),
    "condition in a drop-in": (
        {
            "name": "a.timer",
            "enabled": True,
            "contents": "[Install]\nWantedBy=timers.target\n",
            "dropins": [{"name": "1.conf", "contents": "[Unit]\nAssertHost=x\n"}],
        },
        {"enabled": True, "failed": False},
    ),
    "of another target": (
        {"name": "a.timer", "enabled": True, "contents": "[Install]\nWantedBy=my.target\n"},
        {"enabled": True, "failed": False},
    ),
    "template": ({"name": "a@.service", "enabled": True}, None),
    "template with default": (
        {
            "name": "a@.service",
            "enabled": True,
            "contents": f"{SERVICE}DefaultInstance=x\n",
        },
        {"enabled": True},
    ),
    "instance": ({"name": "a@b.service", "enabled": True}, {"enabled": True, "failed": False}),
    "disabled instance": ({"name": "a@b.service", "enabled": False}, None),
}


@pytest.mark.parametrize("case", UNITS)
def test_units(case: str) -> None:
    unit, wanted = UNITS[case]
    found = items(derived(text(systemd={"units": [unit]})))
    states = [members for kind, members in found if kind == "Unit"]
    assert states == ([] if wanted is None else [{"name": unit["name"], **wanted}])


def test_texts_of_units_are_files() -> None:
    dropins = [{"name": "1.conf", "contents": "[Unit]\n"}, {"name": "2.conf"}]
    unit = {"name": "a.service", "contents": SERVICE, "dropins": dropins}
    found = dict(items(derived(text(systemd={"units": [unit]})))[:2][::-1])
    files = [
        members
        for kind, members in items(derived(text(systemd={"units": [unit]})))
        if kind == "File"
    ]
    assert found["File"]["mode"] == 0o644
    assert [(file["path"], file["content"]) for file in files] == [
        ("/etc/systemd/system/a.service.d/1.conf", b"[Unit]\n"),
        ("/etc/systemd/system/a.service", SERVICE.encode()),
    ]


def mount_unit(options: str = "", name: str = "var.mount", **more: Any) -> dict[str, Any]:
    contents = (
        f"[Mount]\nWhat=/dev/disk/by-label/var\nWhere=/var\nType=ext4\n{options}"
        "[Install]\nWantedBy=local-fs.target\n"
    )
    return {"name": name, "enabled": True, "contents": contents, **more}


def mounts(unit: dict[str, Any]) -> list[dict[str, Any]]:
    found = items(derived(text(systemd={"units": [unit]})))
    return [members for kind, members in found if kind == "Mount"]


def test_mounts() -> None:
    assert mounts(mount_unit("Options=ro,noatime,x-systemd.growfs\n")) == [
        {
            "path": "/var",
            "device": "/dev/disk/by-label/var",
            "type": "ext4",
            "options": ("ro", "noatime"),
        }
    ]
    assert mounts(mount_unit(enabled=False)) == []
    assert mounts(mount_unit("Options=noauto\n")) == []
    assert mounts(mount_unit(mask=True)) == []
    changed = {"name": "1.conf", "contents": "[Mount]\nType=xfs\n"}
    assert mounts(mount_unit(dropins=[changed]))[0]["type"] == "xfs"


def hidden(path: str, **more: Any) -> bool:
    """Whether nothing is expected of a file that the config writes to this path."""
    filesystem = {"path": "/var", "device": "/dev/a", "format": "ext4"}
    files = [{"path": path, "contents": {"source": "data:,a"}}, *more.pop("files", [])]
    storage = {"files": files, "filesystems": [filesystem], **more.pop("storage", {})}
    found = derived(text(storage=storage, **more))
    assert any(path in note for note in found.notes) == all(
        getattr(item, "path", "") != path for item in found.items
    )
    return all(getattr(item, "path", "") != path for item in found.items)


def test_what_is_written_below_a_mount_is_expected_if_it_is_mounted_later() -> None:
    assert hidden("/var/a")
    assert hidden("/var")
    assert not hidden("/variable")
    assert not hidden("/var/a", systemd={"units": [mount_unit()]})
    assert not hidden("/var/a", systemd={"units": [{"name": "var.mount", "enabled": True}]})
    assert hidden("/var/a", systemd={"units": [{"name": "var.mount", "mask": True}]})
    fstab = {"path": "/etc/fstab", "append": [{"source": "data:,/dev/a%20/var%20ext4%0A"}]}
    assert not hidden("/var/a", files=[fstab])
    root = {"filesystems": [{"path": "/", "device": "/dev/a", "format": "ext4"}]}
    assert not hidden("/var/a", storage=root)


@pytest.mark.parametrize("path", ["/run/a", "/tmp/a", "/dev/a", "/var/run/a"])
def test_what_another_filesystem_covers_is_not_expected(path: str) -> None:
    found = from_storage(files=[{"path": path}])
    assert found.items == ()
    assert path in found.notes[0]


def test_vfat_has_no_owners() -> None:
    filesystem = {"path": "/efi", "device": "/dev/a", "format": "vfat"}
    file = {"path": "/efi/a", "contents": {"source": "data:,a"}}
    units = {"units": [{"name": "efi.mount", "enabled": True}]}
    found = items(
        derived(text(storage={"files": [file], "filesystems": [filesystem]}, systemd=units))
    )
    assert found[0] == ("File", {"path": "/efi/a", "content": b"a"})


def test_disks() -> None:
    partitions = [
        {"number": 1, "label": "a", "startMiB": 1, "sizeMiB": 10, "typeGuid": "", "guid": GUID},
        {"label": "b", "sizeMiB": 0, "typeGuid": GUID},
        {"number": 7, "shouldExist": False},
    ]
    found = one(from_storage(disks=[{"device": "/dev/a", "partitions": partitions}]))
    assert found == {
        "device": "/dev/a",
        "table": "gpt",
        "partitions": [
            {"number": 1, "label": "a", "start_mib": 1, "size_mib": 10, "guid": GUID},
            {"label": "b", "type_guid": GUID},
            {"number": 7, "exists": False},
        ],
    }


GUID = "01234567-89AB-CDEF-EDCB-A98765432101"


def test_filesystems() -> None:
    entries = [
        {"device": "/dev/a", "format": "ext4", "label": "l", "uuid": "u"},
        {"device": "/dev/b", "format": "swap", "label": ""},
        {"device": "/dev/c", "format": "none"},
        {"device": "/dev/d"},
    ]
    found = from_storage(filesystems=entries)
    assert [members for _, members in items(found)] == [
        {"device": "/dev/a", "format": "ext4", "label": "l", "uuid": "u"},
        {"device": "/dev/b", "format": "swap"},
        {"device": "/dev/c", "format": "none"},
    ]
    assert "/dev/d" in found.notes[0]


@pytest.mark.parametrize(
    ("level", "canonical"),
    [
        *[("linear", "linear"), ("stripe", "raid0"), ("0", "raid0"), ("mirror", "raid1")],
        *[("1", "raid1"), ("raid5", "raid5"), ("6", "raid6"), ("10", "raid10")],
    ],
)
def test_arrays(level: str, canonical: str) -> None:
    entry = {"name": "/dev/md/md0", "level": level, "devices": ["/dev/a", "/dev/b"]}
    found = one(from_storage(raid=[entry]))
    assert found == {"name": "md0", "level": canonical, "devices": ("/dev/a", "/dev/b")}


def test_volumes() -> None:
    tang = {"url": "http://t", "thumbprint": "x"}
    entries = [
        {"name": "a", "device": "/dev/a", "label": "l", "uuid": "u"},
        {"name": "b", "device": "/dev/b", "clevis": {"tang": [tang], "tpm2": True}},
        {
            "name": "c",
            "device": "/dev/c",
            "clevis": {"custom": {"pin": "sss", "config": "{}"}},
        },
    ]
    found = items(from_storage(luks=entries))
    assert [members for kind, members in found if kind == "Luks"] == [
        {"name": "a", "device": "/dev/a", "label": "l", "uuid": "u", "open": True},
        {"name": "b", "device": "/dev/b", "open": True, "pins": ("tang", "tpm2")},
        {"name": "c", "device": "/dev/c", "open": True, "pins": ("sss",)},
    ]
    assert [members["path"] for kind, members in found if kind == "File"] == [
        "/etc/luks/a",
        "/etc/crypttab",
    ]


UUID = "0B1C2D3E-0000-4000-8000-000000000001"
LINES = {
    "a": f"a UUID={UUID.lower()} /etc/luks/a luks,x-initrd.attach",
    "b": f"b UUID={'7' * 8}-0000-4000-8000-{'7' * 12} none luks,_netdev,x-initrd.attach",
}


def test_crypttab() -> None:
    volumes = {
        "a": {"name": "a", "device": "/dev/a", "uuid": UUID},
        "b": {
            "name": "b",
            "device": "/dev/b",
            "clevis": {"tang": [{"url": "http://t", "thumbprint": "x"}]},
        },
    }
    for names in (["a"], ["b"], ["a", "b"]):
        found = from_storage(luks=[volumes[name] for name in names])
        (pattern,) = (members["matches"] for _, members in items(found) if "matches" in members)
        whole = "\n".join(["x y", *(LINES[name] for name in reversed(names)), ""])
        assert re.search(pattern, whole)
        for name in names:
            assert not re.search(pattern, whole.replace(LINES[name], LINES[name] + ",x"))
            assert not re.search(pattern, whole.replace(LINES[name], "#" + LINES[name]))


def test_key_files() -> None:
    key = {"source": "data:,geheim"}
    entry = {"name": "a", "device": "/dev/a", "keyFile": key}
    path = {"path": "/etc/luks/a", "contents": {"source": "data:,other"}}
    (found,) = (
        members
        for _, members in items(from_storage(luks=[entry], files=[path]))
        if members.get("path") == "/etc/luks/a"
    )
    sha256 = hashlib.sha256(b"geheim").hexdigest()
    assert (found["sha256"], found["mode"], found["user"]) == (sha256, 0o600, "root")


def test_kernel_arguments() -> None:
    arguments = {"shouldExist": ["a"], "shouldNotExist": ["b", "c"]}
    assert items(derived(text(kernelArguments=arguments))) == [
        ("KernelArgument", {"argument": "a"}),
        ("KernelArgument", {"argument": "b", "exists": False}),
        ("KernelArgument", {"argument": "c", "exists": False}),
    ]


def test_a_mask_replaces_a_file_of_that_unit() -> None:
    path = "/etc/systemd/system/a.service"
    file = {"path": path, "contents": {"source": "data:,old"}}
    masked = {"name": "a.service", "mask": True}
    found = items(derived(text(storage={"files": [file]}, systemd={"units": [masked]})))
    assert [kind for kind, _ in found] == ["Unit"]


def test_the_preset_file_also_has_lines_of_the_engine() -> None:
    path = "/etc/systemd/system-preset/20-ignition.preset"
    file = {"path": path, "contents": {"source": "data:,mine"}}
    units = [{"name": "a.service", "enabled": True}]
    found = items(derived(text(storage={"files": [file]}, systemd={"units": units})))
    assert found[0][1]["contains"] == b"mine"
    assert "content" not in found[0][1]


def test_places_are_lines_of_the_config() -> None:
    data = text(storage={"files": [{"path": "/a"}, {"path": "/b"}]})
    found = derived(data)
    lines = data.decode().splitlines()
    for item, path in zip(found.items, ["/a", "/b"], strict=True):
        assert item.place.source == "web.ign"
        assert path in lines[item.place.line]  # the line after the opening brace


def test_places_in_a_merged_config_name_it() -> None:
    child = text(storage={"files": [{"path": "/b"}]})
    config = {"merge": [{"source": inline(child)}]}
    data = text(
        ignition={"version": "3.6.0", "config": config}, storage={"files": [{"path": "/a"}]}
    )
    found = derived(data)
    assert [item.place.line > 0 for item in found.items] == [True, False]
    assert found.items[1].place.source.startswith("config inline in web.ign")


def test_old_specs() -> None:
    found = derived(text("3.0.0", storage={"files": [{"path": "/a", "mode": 420}]}))
    assert items(found) == [("File", {"path": "/a", "mode": 0o644})]


@pytest.mark.parametrize(
    ("sections", "word"),
    [
        ({"passwd": {"users": [{"name": "a", "uid": -1}]}}, "user a"),
        ({"passwd": {"users": [{"name": "a", "shell": "bash"}]}}, "user a"),
        ({"storage": {"disks": [{"device": "/dev/a", "partitions": [ODD]}]}}, "disk /dev/a"),
    ],
)
def test_what_no_machine_can_meet_is_noted(sections: dict[str, Any], word: str) -> None:
    found = derived(text(**sections))
    assert found.items == ()
    assert found.notes[0].startswith(f"{word}: no machine can be like this")


def test_nothing_that_follows_from_a_config_is_asked_of_absent_objects() -> None:
    users = [{"name": "old", "shouldExist": False, "uid": 7, "shell": "/bin/sh"}]
    assert items(derived(text(passwd={"users": users}))) == [
        ("User", {"name": "old", "exists": False})
    ]
