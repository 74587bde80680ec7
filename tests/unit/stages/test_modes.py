# SPDX-License-Identifier: Apache-2.0
"""Modes below folders that influence them: with setgid, and with a default ACL.

A mode that the config gives is exact. Where it gives none, a file has 0644, and a folder what the kernel
makes of 0755, as in Ignition.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.skeleton import furnish
from tests.support.target import Target

STRICT = "system.posix_acl_default"
_USER, _GROUP, _OTHER = 1, 4, 32
UNIT = "[Unit]\n[Install]\nWantedBy=multi-user.target\n"


def deny_others(target: Target, path: str) -> None:
    """A default ACL that grants access to the owner alone."""
    entries = [
        struct.pack("<HHi", tag, bits, -1) for tag, bits in ((_USER, 7), (_GROUP, 0), (_OTHER, 0))
    ]
    try:
        os.setxattr(target.folder(path), STRICT, struct.pack("<I", 2) + b"".join(entries))
    except OSError:
        pytest.skip("no ACLs on this file system")


def setgid(target: Target, path: str, mode: int = 0o2755) -> None:
    target.folder(path, mode, (0, 7))


@pytest.fixture(params=[0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    old = os.umask(request.param)
    yield
    os.umask(old)


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777, 0o2750, 0o4755])
def test_directory_below_setgid(target: Target, umask: None, mode: int) -> None:
    setgid(target, "/s")
    owned = {"path": "/s/owned", "mode": mode, "user": {"id": 3}}
    target.storage(
        directories=[{"path": "/s/d", "mode": mode}, owned, {"path": "/s/x/y/z", "mode": mode}]
    )
    assert [target.mode(path) for path in ("/s/d", "/s/owned", "/s/x/y/z")] == [mode] * 3
    assert target.owner("/s/owned") == (3, 7)


def test_folders_without_a_mode_below_setgid(target: Target, umask: None) -> None:
    setgid(target, "/s")
    target.storage(
        directories=[{"path": "/s/d"}, {"path": "/s/owned", "user": {"id": 3}}],
        files=[
            {"path": "/s/up/f", "contents": {"source": "data:,x"}},
            {"path": "/s/g", "mode": 0o2644},
        ],
        links=[{"path": "/s/links/l", "target": "nowhere"}],
    )
    for path in ("/s/d", "/s/owned", "/s/up", "/s/links"):
        assert (target.mode(path), target.owner(path)[1]) == (0o2755, 7)
    assert (target.mode("/s/up/f"), target.owner("/s/up/f")) == (0o644, (0, 7))
    assert target.mode("/s/g") == 0o2644


def test_default_acl(target: Target, umask: None) -> None:
    deny_others(target, "/a")
    target.storage(
        directories=[
            {"path": "/a/d"},
            {"path": "/a/e", "mode": 0o755},
            {"path": "/a/p/q", "mode": 0o775},
        ],
        files=[
            {"path": "/a/f", "contents": {"source": "data:,x"}},
            {"path": "/a/g", "mode": 0o664, "group": {"id": 4}},
            {"path": "/a/h", "append": [{"source": "data:,x"}]},
        ],
        links=[{"path": "/a/hard", "target": "/a/f", "hard": True}],
    )
    modes = {
        path: target.mode(f"/a/{path}") for path in ("d", "e", "p", "p/q", "f", "g", "h", "hard")
    }
    assert modes == {
        "d": 0o700, "e": 0o755, "p": 0o700, "p/q": 0o775, "f": 0o644, "g": 0o664, "h": 0o644, "hard": 0o644
    }  # fmt: skip


def test_units(target: Target, umask: None) -> None:
    deny_others(target, "/etc/systemd/system")
    dropins = [{"name": "d.conf", "contents": "[Unit]\n"}]
    target.run(
        {"systemd": {"units": [{"name": "x.service", "contents": UNIT, "dropins": dropins}]}},
        "units",
    )
    here = "/etc/systemd/system/x.service"
    assert [target.mode(path) for path in (here, f"{here}.d", f"{here}.d/d.conf")] == [
        0o644,
        0o700,
        0o644,
    ]


def test_units_below_setgid(target: Target, umask: None) -> None:
    setgid(target, "/etc/systemd/system")
    dropins = [{"name": "d.conf", "contents": "[Unit]\n"}]
    target.run(
        {"systemd": {"units": [{"name": "x.service", "contents": UNIT, "dropins": dropins}]}},
        "units",
    )
    here = "/etc/systemd/system/x.service"
    assert [target.mode(path) for path in (here, f"{here}.d", f"{here}.d/d.conf")] == [
        0o644,
        0o2755,
        0o644,
    ]
    assert [target.owner(path) for path in (here, f"{here}.d", f"{here}.d/d.conf")] == [(0, 7)] * 3


def test_new_preset_file_below_a_default_acl(target: Target, umask: None) -> None:
    # Ignition lets open(2) choose the mode, as mkdir(2) does for folders.
    deny_others(target, "/etc/systemd/system-preset")
    target.run({"systemd": {"units": [{"name": "x.service", "enabled": True}]}}, "units")
    assert target.mode("/etc/systemd/system-preset/20-ignition.preset") == 0o600


def test_presets_and_result_file(target: Target, umask: None) -> None:
    setgid(target, "/etc")
    target.run(
        {"systemd": {"units": [{"name": "x.service", "enabled": True}]}},
        "prepare",
        "users",
        "units",
        "finish",
    )
    assert target.mode("/etc/.ignition-result.json") == 0o600
    assert target.mode("/etc/systemd/system-preset/20-ignition.preset") == 0o644
    assert target.mode("/etc/systemd/system-preset") == 0o2755


def test_keys_in_a_home_with_setgid(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if shutil.which("useradd") is None:
        pytest.skip("no useradd here")
    furnish(target)
    target.folder("/home/core", 0o2755, (500, 7))
    target.run(
        {"passwd": {"users": [{"name": "core", "sshAuthorizedKeys": ["key"]}]}}, "prepare", "users"
    )
    keys = "/home/core/.ssh/authorized_keys.d/ignition"
    for path in (keys, os.path.dirname(keys), "/home/core/.ssh"):
        assert target.owner(path) == (500, 7)  # as for any file that the user creates there
    assert target.mode("/home/core/.ssh") == 0o2700
    assert target.mode(keys) == 0o600


CAPABILITY = struct.pack("<5I", 0x0200_0001, 1 << 13, 0, 0, 0)  # version 2, effective: CAP_NET_RAW


@pytest.mark.parametrize(
    "attributes",
    [{}, {"mode": 0o755}, {"user": {"id": 0}}, {"user": {"id": 3}}, {"append": [{"source": ""}]},
     {"append": [{"source": "data:,more"}]}],
)  # fmt: skip
def test_kept_file_loses_its_capabilities(target: Target, attributes: dict[str, Any]) -> None:
    path = target.put("/usr/bin/ping", "ping", 0o755)
    os.setxattr(path, "security.capability", CAPABILITY)
    target.file("/usr/bin/ping", **attributes)
    assert "security.capability" not in os.listxattr(path)
    assert any("has lost its capabilities" in line for line in target.log)
    target.file("/usr/bin/ping", **attributes)
    assert not any("capabilities" in line for line in target.log)


def test_no_warning_if_setgid_is_kept(target: Target) -> None:
    target.put("/f", "x", 0o2644)
    target.file("/f")
    kept = target.mode("/f") & 0o2000
    assert bool(kept) != any("has lost its setuid" in line for line in target.log)
