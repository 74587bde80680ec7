# SPDX-License-Identifier: Apache-2.0
"""Random configs as JSON texts, valid or corrupted.

A config is a tree that can express what JSON can and a dict cannot: repeated keys, unusual spellings, raw
literals. The same `Random` gives the same config.
"""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

from ignition.config import shapes
from ignition.config.shapes import Member, Shape

Pairs = list[tuple[str, Any]]


class Object:
    """A JSON object as a list of pairs."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs


class Literal(str):
    """Raw JSON text."""


def text(value: Any, rng: Random | None = None) -> str:
    """Encodes a tree as JSON; with `rng`, with random white space."""
    blank = rng.choice(["", "", " ", "\n", "\t", " \r\n "]) if rng else ""
    if isinstance(value, Object):
        rows = [f"{blank}{json.dumps(key)}:{blank}{text(item, rng)}" for key, item in value.pairs]
        return "{" + ",".join(rows) + blank + "}"
    if isinstance(value, list):
        return "[" + ",".join(blank + text(item, rng) for item in value) + "]"
    return value if isinstance(value, Literal) else json.dumps(value, ensure_ascii=False)


def config(rng: Random, version: str) -> Object:
    """A valid config of this version; it may have warnings."""
    return _Writer(rng, version).config()


_NAMES = ["core", "a", "b", "wörk"]
_SCALARS: dict[tuple[str, str], list[Any]] = {
    ("Timeouts", "httpTotal"): [0, 5, -1],
    ("PasswdUser", "gecos"): ["", "Ä <b> & c\u2028"],
    ("Partition", "sizeMiB"): [0, 10],
    ("Partition", "guid"): ["", "01234567-89AB-cdef-EDCB-A98765432101"],
    ("Partition", "typeGuid"): ["", "01234567-89AB-cdef-EDCB-A98765432101"],
    ("Filesystem", "format"): ["ext4", "xfs", "btrfs", "vfat", "swap"],
    ("Filesystem", "label"): ["", "l1", "l2"],
    ("Filesystem", "path"): ["", "/", "/var"],
    ("Luks", "device"): ["/dev/disk/by-id/x", "/dev/y"],
    ("Luks", "label"): ["", "l1"],
    ("Raid", "level"): ["raid1", "1", "raid10"],
    ("Link", "target"): ["/t", "rel/t"],
    ("Unit", "contents"): ["", "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=x.target\n"],
    ("Dropin", "contents"): ["", "[Service]\nUser=a\n"],
    ("Tang", "thumbprint"): ["tp"],
    ("Tang", "advertisement"): ["", '{"a":1}'],
    ("Proxy", "httpProxy"): ["http://p:3128", "https://p"],
    ("Proxy", "httpsProxy"): ["https://p"],
}
_KEYS: dict[tuple[str, str], list[str]] = {
    ("Disk", "device"): ["/dev/vda", "/dev/vdb", "/dev/vdc"],
    ("Filesystem", "device"): ["/dev/vda1", "/dev/md0", "/dev/vdc"],
    ("Raid", "name"): ["md0", "md1", ""],
    ("Luks", "name"): ["l0", "l1", ""],
    ("PasswdUser", "name"): _NAMES,
    ("PasswdGroup", "name"): _NAMES,
    ("Unit", "name"): ["a.service", "b.socket", "c@.service", "d.mount"],
    ("Dropin", "name"): ["10-a.conf", "20-b.conf", ".conf"],
    ("Tang", "url"): ["http://t1", "https://t2", "http://t3"],
    ("HTTPHeader", "name"): ["X-A", "x-a", "B"],
    ("Raid", "devices"): ["/dev/a", "/dev/b", "/dev/c"],
}
_WORDS = ["", "a", "b c", "-x", "é\U0001f600", 'q"\\/<&>', "tab\t"]
_PATHS = ["/a", "/b", "/c", "/d", "/e.f", "/é"]
_ALWAYS = {
    ("Link", "target"),
    ("Luks", "device"),
    ("Raid", "devices"),
    ("Raid", "level"),
    ("Tang", "thumbprint"),
}
# Members that easily violate a rule together with others.
_NEVER = {"enabled", "hard", "hash", "number", "overwrite", "shouldExist", "startMiB"}


class _Writer:
    def __init__(self, rng: Random, version: str) -> None:
        self.rng = rng
        self.version = version
        self.shape = shapes.for_version(version)
        # Lists of one space share their keys.
        self.spaces = {
            "nodes": rng.sample(_PATHS, len(_PATHS)),
            "kernelArguments": rng.sample(_WORDS, len(_WORDS)),
        }

    def config(self) -> Object:
        made = self.object(self.shape)
        pairs = [pair for pair in made.pairs if pair[0] != "ignition"]
        ignition: Pairs = [("version", self.version)]
        section = self.shape.members["ignition"].shape
        assert section is not None
        for name in ("timeouts", "proxy"):
            member = section.members.get(name)
            if member is not None and member.shape is not None and self.rng.random() < 0.3:
                ignition.append((name, self.object(member.shape)))
        self.rng.shuffle(ignition)
        pairs.insert(self.rng.randint(0, len(pairs)), ("ignition", Object(ignition)))
        return Object(pairs)

    def object(self, shape: Shape, key: Any = None) -> Object:
        pairs: Pairs = []
        for name, member in shape.members.items():
            if key is not None and name == key[0]:
                pairs.append(key)
            elif self.wanted(shape, member):
                pairs.append((name, self.member(shape, member)))
        self.settle(shape, pairs)
        self.rng.shuffle(pairs)
        return Object(pairs)

    def wanted(self, shape: Shape, member: Member) -> bool:
        if (shape.name, member.name) in _ALWAYS:
            return True
        return member.name not in _NEVER and self.rng.random() < 0.4

    def member(self, shape: Shape, member: Member) -> Any:
        rng, of = self.rng, (shape.name, member.name)
        if member.kind == shapes.OBJECT:
            assert member.shape is not None
            return self.object(member.shape)
        if member.kind == shapes.ARRAY:
            return self.items(shape, member)
        if member.kind == shapes.BOOLEAN:
            return rng.random() < 0.5
        if member.kind == shapes.INTEGER:
            return rng.choice(_SCALARS.get(of, [0, 1, 420, 511]))
        return rng.choice(_SCALARS.get(of, _WORDS))

    def items(self, shape: Shape, member: Member) -> list[Any]:
        rng = self.rng
        count = rng.choice([0, 1, 1, 2, 3])
        if member.space:
            pool = self.spaces[member.space]
            names = [pool.pop() for _ in range(min(count, len(pool)))]
        elif member.shape is None:
            pool = _KEYS.get((shape.name, member.name), _WORDS)
            if member.appends:
                return [rng.choice(pool) for _ in range(count)]
            return rng.sample(pool, min(max(count, shape.name == "Raid"), len(pool)))
        elif member.appends:
            return [self.object(member.shape) for _ in range(count)]
        else:
            names = self.names(member, count)
        if member.shape is None:
            return names
        return [self.object(member.shape, (self.key_name(member, name), name)) for name in names]

    def key_name(self, member: Member, name: Any) -> str:
        return "number" if isinstance(name, int) else member.key[-1]

    def names(self, member: Member, count: int) -> list[Any]:
        assert member.shape is not None
        if len(member.key) > 1:
            return self.rng.sample([1, 2, 3, "l1", "l2"], count)
        pool = _KEYS.get((member.shape.name, member.key[0]))
        return self.rng.sample(pool, min(count, len(pool))) if pool else []

    def settle(self, shape: Shape, pairs: Pairs) -> None:
        """Removes combinations that rules do not allow."""
        members = dict(pairs)
        if "source" in shape.members:
            self.settle_resource(members)
        elif shape.name in ("NodeUser", "NodeGroup") and len(members) == 2:
            del members[self.rng.choice(["id", "name"])]
        elif shape.name == "HTTPHeader" and members.get("value") == "":
            del members["value"]
        elif shape.name == "Filesystem" and "format" not in members:
            members = {"device": members["device"]}
        elif shape.name == "Luks" and ("clevis" in members or "keyFile" in members):
            members.pop("cex", None)
        elif shape.name == "Clevis" and "custom" in members:
            members = {"custom": members["custom"]}
        elif shape.name == "ClevisCustom":
            members |= {"pin": "sss", "config": "{}"}
        elif shape.name == "Partition" and "number" in members:
            members.pop("label", None)
        pairs[:] = members.items()

    def settle_resource(self, members: dict[str, Any]) -> None:
        source = self.rng.choice(["data:,x", "http://h/x", "data:;base64,YWI=", ""])
        members["source"] = source
        if "compression" in members:
            members["compression"] = self.rng.choice(["", "gzip"])
        if not source.startswith("http"):
            members.pop("httpHeaders", None)


def spoiled(rng: Random, tree: Object) -> Object:
    """Corrupts a tree: case of keys, nulls, repeated and unknown keys, wrong types."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        target = rng.choice(objects(tree))
        if not target.pairs:
            target.pairs.append((rng.choice(["x", "Version", "a.b", "kern\u0435l"]), _odd(rng)))
            continue
        index = rng.randrange(len(target.pairs))
        key, value = target.pairs[index]
        kind = rng.choice(["case", "null", "repeat", "unknown", "odd", "null item", "repeat other"])
        if kind == "case":
            target.pairs[index] = (_respelt(rng, key), value)
        elif kind == "null":
            target.pairs.insert(rng.choice([index, index + 1]), (key, None))
        elif kind == "repeat":
            other = rng.choice(objects(tree))
            same = [pair for pair in other.pairs if pair[0] == key] or [(key, value)]
            spelling = _respelt(rng, key) if rng.random() < 0.3 else key
            target.pairs.append((spelling, copy.deepcopy(same[0][1])))
        elif kind == "repeat other" and isinstance(value, list):
            part = rng.sample(value, rng.randint(0, len(value)))
            target.pairs.append((key, copy.deepcopy(part)))
            if rng.random() < 0.5:
                target.pairs.append((key, copy.deepcopy(value[::-1] + part)))
        elif kind == "unknown":
            target.pairs.insert(index, (rng.choice(["x", "é", "", "Mode", "x"]), _odd(rng)))
        elif kind == "odd":
            target.pairs[index] = (key, _odd(rng))
        elif kind == "null item" and isinstance(value, list):
            value.insert(rng.randint(0, len(value)), None)
    return tree


def _odd(rng: Random) -> Any:
    return copy.deepcopy(rng.choice(_ODD))


_ODD: list[Any] = [
    None, True, "s", 5, [], [None], Object([]), Object([("x", 1)]), Literal("1.5"), Literal("-0"),
    Literal("1e2"), Literal("1e400"), Literal("9223372036854775808"), Literal("-9223372036854775808"),
    Literal('"\\ud800"'), Literal('"\\ud83d\\ude00"'), Literal('"\\ud83d\\u0041"'),
]  # fmt: skip


def _respelt(rng: Random, key: str) -> str:
    way = rng.choice([str.upper, str.capitalize, str.swapcase, None, None])
    if way is not None:
        return way(key)
    return key.replace("k", "\u212a").replace("s", "\u017f", 1)


def objects(value: Any) -> list[Object]:
    """All objects of a tree, parents first."""
    if isinstance(value, Object):
        return [value, *(found for _, item in value.pairs for found in objects(item))]
    if isinstance(value, list):
        return [found for item in value for found in objects(item)]
    return []
