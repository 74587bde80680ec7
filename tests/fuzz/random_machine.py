# SPDX-License-Identifier: Apache-2.0
"""Random machines for `tests.fuzz.phases`: a config and a root folder.

Both take paths and names from the same small pools, so that they collide: a file below a file, a link
instead of a folder, a device instead of an account table. The same seed creates the same machine.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import socket
import stat
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from tests.support import skeleton

Json = dict[str, Any]
T = TypeVar("T")

_NAMES = ("a", "b", "c.d", "é", "with space")
_HOSTILE_NAMES = (
    "-n",
    "x\ny",
    "\x1b[31m",
    "n" * 255,
    "n" * 256,
    "\ud800",
    "..a",
    "%",
    "a\x7f",
    "\u202e",
)
_FOLDERS = (
    "", "/etc", "/opt", "/opt/a", "/opt/link", "/srv/setgid", "/var/lib", "/home/core", "/root",
    "/home/ada/.ssh", "/etc/systemd/system", "/etc/systemd/system/a.service.d", "/etc/systemd/system-preset",
)  # fmt: skip
_PLACES = (
    "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/login.defs",
    "/etc/hostname", "/var/log/lastlog",
    "/etc/.ignition-journal", "/etc/.ignition-result.json", "/etc/selinux/config", "/etc/passwd.lock",
    "/etc/systemd/system/a.service", "/etc/systemd/system-preset/20-ignition.preset", "/etc/default/useradd",
    "/home", "/home/core/.ssh/authorized_keys", "/home/core/.ssh/authorized_keys.d/ignition",
    "/opt/a/" + "d/" * 40 + "e",
)  # fmt: skip
_HOSTILE_PLACES = ("/etc", "/", "/etc/passwd/x", "/opt/" + "p/" * 1100 + "q")
_MODES = (0, 0o10, 0o400, 0o600, 0o644, 0o700, 0o755, 0o777, 0o1777, 0o4755, 0o2755, 0o7777)
_HOSTILE_MODES = (-1, 0o10000, 644, 755, 1 << 31, 1 << 32, 1 << 63)
_IDS = (0, 1, 10, 500, 1000, 1001, 65533, 1 << 20)
_HOSTILE_IDS = (
    -1,
    -5,
    65535,
    1 << 31,
    (1 << 32) - 2,
    (1 << 32) - 1,
    1 << 32,
    (1 << 63) - 1,
    -(1 << 63),
)
_USERS = ("core", "ada", "root", "bob", "wheel", "docker")
_HOSTILE_USERS = (
    "", "-x", "Ada", "a:b", "a\nb", "a b", "a/b", "n" * 33, "n" * 300, "1", "a$", "é", ".", "a,b", "~",
)  # fmt: skip
_TEXTS = ("", "plain", "two\nlines\n", "x" * 5000, "[Unit]\n", "\x00\x01", "é")
_HASH = skeleton.HASH
_KINDS_OF_NODES = (
    "file", "file", "file", "folder", "folder", "link", "link", "link",
    "fifo", "null", "zero", "full", "block", "socket", "sparse",
)  # fmt: skip
_JSONS = (
    "{}", "null", "[" * 700 + "]" * 700, '{"a":1e400}', '"\\ud800"', "9" * 5000, '{"engine":{"journal":[1]}}',
    '{"config":"x","kind":"append","key":"/opt/a"}\n{"config"', "\0", "{}\n" * 2000, "\xff",
)  # fmt: skip


class Dice(Random):
    """The random source of one machine. On some machines nothing is hostile."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._hostile = self.choice((0.0, 0.0, 0.02, 0.15))

    def pick(self, usual: Sequence[T], hostile: Sequence[T]) -> T:
        """One of the usual values, or sometimes a hostile one."""
        return self.choice(hostile if self.random() < self._hostile else usual)


def config(rng: Dice) -> Json:
    """A config of the newest stable spec. Most are valid; not all can be applied."""
    made: Json = {"ignition": {"version": "3.6.0"}}
    storage: Json = {}
    taken: set[str] = set()
    for kind, draw in (("directories", _directory), ("files", _file), ("links", _link)):
        if rng.random() < 0.7:
            drawn = [draw(rng) for _ in range(rng.choice((1, 1, 2, 4)))]
            fresh = {entry["path"]: entry for entry in drawn if entry["path"] not in taken}
            storage[kind] = list(fresh.values())
            taken.update(fresh)
    if storage:
        made["storage"] = storage
    if rng.random() < 0.5:
        made["passwd"] = _passwd(rng)
    if rng.random() < 0.5:
        made["systemd"] = {"units": [_unit(rng) for _ in range(rng.choice((1, 2, 3)))]}
    if rng.random() < 0.1:
        made["kernelArguments"] = {"shouldExist": [_text(rng), "quiet"]}
    return made


def furnish(rng: Dice, root: Path) -> list[str]:
    """Fills a root, and returns a description."""
    contents: list[str] = []
    for name, text in _tables(rng).items():
        _put(root / name, text)
    for folder in ("home/core", "var/lib", "etc/systemd/system", "opt", "srv/setgid", "run"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "srv/setgid").chmod(0o2775)
    for _ in range(rng.choice((0, 2, 4, 8))):
        contents += _lay(rng, root)
    return contents


def _tables(rng: Dice) -> dict[str, str]:
    tables = dict(skeleton.TABLES)
    for name in list(tables):
        if rng.random() < 0.05:
            del tables[name]
        elif rng.random() < 0.03:
            tables[name] = rng.choice(
                ("", "\n\n", ":::", "x" * 70_000, "core:x:no:number::\n", "\0" * 100)
            )
    return tables


def _lay(rng: Dice, root: Path) -> list[str]:
    """Creates one node and its parents; does nothing if the kernel refuses."""
    path = _path(rng)
    kind = rng.choice(_KINDS_OF_NODES)
    place = root / path.lstrip("/")
    try:
        if os.path.lexists(place):
            if place.is_dir() and not place.is_symlink():
                return []
            place.unlink()
        place.parent.mkdir(parents=True, exist_ok=True)
        detail = _node(rng, kind, place, path)
        if kind != "link":
            place.chmod(rng.choice((0o644, 0o755, 0o700, 0, 0o2775, 0o1777, 0o6755)))
            if rng.random() < 0.3:
                os.chown(place, rng.choice((0, 500, 1000)), rng.choice((0, 10, 500)))
    except (
        OSError,
        ValueError,
        RecursionError,
    ):  # a file in the way, a path too long or without UTF-8
        return []
    return [f"{path!r}: {kind} {detail}"]


def _node(rng: Dice, kind: str, place: Path, path: str) -> str:
    if kind == "file":
        text = rng.choice((*_TEXTS, *_JSONS)) if path.startswith("/etc/") else rng.choice(_TEXTS)
        place.write_bytes(text.encode("utf-8", "surrogatepass"))
        return repr(text[:40])
    if kind == "folder":
        place.mkdir()
    elif kind == "link":
        outside = "../" * 9 + "outside/victim"
        target = rng.choice(
            (_path(rng), "a", "../a", ".", "..", place.name, "/outside/victim", outside, "/proc/1")
        )
        place.symlink_to(target)
        return repr(target[:40])
    elif kind == "fifo":
        os.mkfifo(place)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(place))
    elif kind == "sparse":
        place.touch()
        os.truncate(place, 200 << 30)
    elif kind == "block":
        os.mknod(
            place, stat.S_IFBLK | 0o600, os.makedev(240, 77)
        )  # a device number without a driver
    else:
        os.mknod(
            place, stat.S_IFCHR | 0o666, os.makedev(1, {"null": 3, "zero": 5, "full": 7}[kind])
        )
    return ""


def _put(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def _path(rng: Dice) -> str:
    if rng.random() < 0.25:
        return rng.pick(_PLACES, _HOSTILE_PLACES)
    return f"{rng.choice(_FOLDERS)}/{rng.pick(_NAMES, _HOSTILE_NAMES)}"


def _mode(rng: Dice) -> int:
    return rng.pick(_MODES, _HOSTILE_MODES)


def _id(rng: Dice) -> int:
    return rng.pick(_IDS, _HOSTILE_IDS)


def _user_name(rng: Dice) -> str:
    return rng.pick(_USERS, _HOSTILE_USERS)


def _known_name(rng: Dice) -> str:
    return rng.pick(("core", "root"), (*_USERS, *_HOSTILE_USERS))


def _text(rng: Dice) -> str:
    return rng.pick(("", "plain", "Ada Lovelace", "é"), (*_TEXTS, *_HOSTILE_NAMES, *_HOSTILE_USERS))


def _owner(rng: Dice) -> Json:
    return {"id": _id(rng)} if rng.random() < 0.6 else {"name": _known_name(rng)}


def _member(rng: Dice, value: Json, name: str, chance: float, draw: Any) -> None:
    if rng.random() < chance:
        value[name] = draw(rng)


def _coin(rng: Dice) -> bool:
    return rng.random() < 0.5


def _entry(rng: Dice) -> Json:
    value: Json = {"path": _path(rng)}
    _member(rng, value, "overwrite", 0.5, _coin)
    _member(rng, value, "user", 0.25, _owner)
    _member(rng, value, "group", 0.25, _owner)
    return value


def _directory(rng: Dice) -> Json:
    value = _entry(rng)
    _member(rng, value, "mode", 0.5, _mode)
    return value


def _file(rng: Dice) -> Json:
    value = _directory(rng)
    _member(rng, value, "contents", 0.8, _resource)
    if "contents" not in value or rng.random() < 0.2:
        value.pop("overwrite", None)
        value["append"] = [_resource(rng) for _ in range(rng.choice((1, 1, 3)))]
    return value


def _link(rng: Dice) -> Json:
    value = _entry(rng)
    value["target"] = rng.pick(
        (_path(rng), "a", "../a", "/outside/victim"), ("", "t" * 5000, "x\ny")
    )
    _member(rng, value, "hard", 0.4, _coin)
    return value


def _resource(rng: Dice) -> Json:
    text = rng.choice(_TEXTS).encode()
    value: Json = {}
    times = rng.choice((1, 1, 3))
    packed = gzip.compress(text, mtime=0) * times
    body = plain = text
    if rng.random() < 0.3:
        value["compression"] = "gzip"
        plain = text * times
        body = rng.pick((packed,), (packed[:-5], text))
    if rng.random() < 0.2:
        value["verification"] = {
            "hash": f"sha256-{hashlib.sha256(rng.pick((plain,), (body, b'other'))).hexdigest()}"
        }
    form = rng.random()
    if form < 0.45:
        value["source"] = f"data:;base64,{base64.b64encode(body).decode()}"
    elif form < 0.9:
        value["source"] = "data:," + "".join(f"%{byte:02x}" for byte in body)
    else:
        value["source"] = ""
    return value


def _passwd(rng: Dice) -> Json:
    passwd: Json = {}
    if rng.random() < 0.8:
        passwd["users"] = _named(rng, _passwd_user)
    if rng.random() < 0.5:
        passwd["groups"] = _named(rng, _passwd_group)
    return passwd


def _named(rng: Dice, draw: Any) -> list[Json]:
    made = [draw(rng) for _ in range(rng.choice((1, 1, 2, 3)))]
    return list({value["name"]: value for value in made}.values())


def _passwd_user(rng: Dice) -> Json:
    value: Json = {"name": _user_name(rng)}
    _member(rng, value, "uid", 0.3, _id)
    _member(
        rng,
        value,
        "passwordHash",
        0.3,
        lambda rng: rng.pick((_HASH, "", "*"), (f"{_HASH}\nroot:x", "a:b")),
    )
    _member(
        rng,
        value,
        "sshAuthorizedKeys",
        0.4,
        lambda rng: [rng.pick(("ssh-ed25519 AAAA a", "k"), (_text(rng), "a\nb"))],
    )
    _member(rng, value, "gecos", 0.2, _text)
    _member(
        rng,
        value,
        "homeDir",
        0.3,
        lambda rng: rng.pick((_path(rng), "/home/ada", "/opt/h"), ("home/x", "/a:b", "")),
    )
    _member(
        rng,
        value,
        "shell",
        0.2,
        lambda rng: rng.pick(("/bin/sh", "/sbin/nologin"), (_text(rng), "sh", "/a:b")),
    )
    _member(rng, value, "primaryGroup", 0.2, _known_name)
    _member(rng, value, "groups", 0.3, lambda rng: [rng.pick(("wheel", "docker"), _HOSTILE_USERS)])
    for switch in ("noCreateHome", "noUserGroup", "noLogInit", "system"):
        _member(rng, value, switch, 0.1, _coin)
    _member(rng, value, "shouldExist", 0.15, _coin)
    return value


def _passwd_group(rng: Dice) -> Json:
    value: Json = {"name": _user_name(rng)}
    _member(rng, value, "gid", 0.4, _id)
    _member(rng, value, "passwordHash", 0.2, lambda rng: rng.pick((_HASH, ""), ("a:b", "a\nb")))
    _member(rng, value, "system", 0.2, _coin)
    _member(rng, value, "shouldExist", 0.15, _coin)
    return value


def _unit(rng: Dice) -> Json:
    stem = rng.pick(
        ("a", "b", "c@", "c@i", "a\\x2db"), ("-x", "é", "x" * 240, "x" * 300, "a\nb", "")
    )
    value: Json = {
        "name": stem + rng.choice((".service", ".service", ".socket", ".mount", ".timer"))
    }
    for switch in ("enabled", "mask"):
        _member(rng, value, switch, 0.3, _coin)
    text = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
    _member(rng, value, "contents", 0.6, lambda rng: rng.pick((text, ""), (_text(rng), "x")))
    if rng.random() < 0.3:
        name = rng.pick(("10-a.conf", "20-b.conf"), ("-b.conf", "x" * 250 + ".conf", "b\n.conf"))
        value["dropins"] = [{"name": name, "contents": rng.pick(("[Unit]\n", ""), (_text(rng),))}]
    return value
