# SPDX-License-Identifier: Apache-2.0
"""Findings for random configs match Ignition's.

Its validator is of version 2.14, which knows specs 3.0.0 to 3.3.0. Findings of rules that came, went or
changed their words since are left out on both sides.
"""

from __future__ import annotations

import copy
import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ignition.base import finding
from ignition.config.check import check
from tests.support import peer
from tests.support.random_configs import ODD_SOURCES, ODD_UNITS, SOURCES, UNITS, Configs

VERSIONS = ("3.0.0", "3.1.0", "3.2.0", "3.3.0")
# Messages of rules that exist only here or only in 2.14.
CHANGED = (
    "path conflicts with systemd unit or dropin",
    "setuid/setgid/sticky bits are not supported",
    "doesn't have Install section",
    "filesystem overwrites partitioned device",
    "device matches disk with wipeTable enabled",
    "user/group ignored for hard link",
    "shouldExist is false for a partition and other partition(s) has start or size 0",
)

_QUOTED = re.compile(r"(found garbage after section name) : .*|(?<=expected base64), got .*")

pytestmark = pytest.mark.skipif(not peer.validator(), reason=peer.MISSING)


@pytest.fixture(autouse=True)
def all_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """One Ignition process checks thousands of texts."""
    monkeypatch.setattr(finding, "MAX_FINDINGS", 1 << 20)


def peer_says(data: bytes, folder: Path) -> list[str]:
    path = folder / "config.ign"
    path.write_bytes(data)
    ended = subprocess.run([peer.validator(), path], capture_output=True, check=False)
    words = ended.stdout.decode().splitlines() + ended.stderr.decode().splitlines()
    return _comparable(words)


def we_say(data: bytes) -> list[str]:
    checked = check(data, "config.ign")
    words = [str(each) for each in checked.findings]
    if checked.refusal and not any(word.startswith("error") for word in words):
        words.append(f"couldn't parse config: {checked.refusal}")
    return _comparable("\n".join(words).splitlines())


def _comparable(lines: list[str]) -> list[str]:
    """Lines without those of other rules; Ignition reports a random one of several collisions.

    What it quotes out of contents is left out: ours say nothing of them.
    """
    lines = [_QUOTED.sub(r"\1", line) for line in lines]
    kept = [line for line in lines if not any(words in line for words in CHANGED)]
    rules = [
        line.partition(" at ")[0] if "partition numbers collide" in line else line
        for line in kept
        if "nused key" not in line
    ]
    # 2.14 wrote `Unused key`, and prints keys of one object in any order.
    unused = sorted(line.lower() for line in kept if "nused key" in line)
    return rules + unused


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("odd", [0, 0.1, 0.3, 0.5], ids=["valid", "nearly valid", "odd", "wild"])
def test_random_configs(odd: float, version: str, tmp_path: Path) -> None:
    for seed in range(25):
        full = (0.2, 0.4, 0.6)[seed % 3]
        data = json.dumps(Configs(seed, odd, full).config(version)).encode()
        assert we_say(data) == peer_says(data, tmp_path), data


@pytest.mark.parametrize("version", VERSIONS)
def test_mutated_configs(version: str, tmp_path: Path) -> None:
    """Keys and values of a config are dropped, repeated or swapped; all types stay valid."""
    for seed in range(60):
        chance = random.Random(seed)
        config = Configs(seed, 0.1, 0.5).config(version)
        for _ in range(chance.randint(1, 4)):
            mutate(config, chance)
        data = json.dumps(config).encode()
        assert we_say(data) == peer_says(data, tmp_path), data


def mutate(config: dict[str, Any], chance: random.Random) -> None:
    holder = chance.choice([each for each in holders(config) if each is not config])
    if isinstance(holder, list):
        index = chance.randrange(len(holder))
        if chance.random() < 0.7:
            holder.append(copy.deepcopy(holder[index]))
        else:
            del holder[index]
        return
    key = chance.choice(list(holder))
    if key == "version":
        return
    if isinstance(holder[key], str) and chance.random() < 0.7:
        holder[key] = chance.choice([*strings(config), ""])
    else:
        value = holder.pop(key)
        if chance.random() < 0.3:
            holder[f"{key}X"] = value


def holders(value: Any) -> list[Any]:
    """All non-empty lists and objects, outermost first."""
    if not isinstance(value, dict | list) or not value:
        return []
    below = value.values() if isinstance(value, dict) else value
    return [value, *[each for item in below for each in holders(item)]]


def strings(config: dict[str, Any]) -> list[str]:
    objects = [each for each in holders(config) if isinstance(each, dict)]
    return [value for each in objects for value in each.values() if isinstance(value, str)]


def joined(pieces: list[str], chance: random.Random, most: int) -> str:
    return "".join(chance.choice(pieces) for _ in range(chance.randint(1, most)))


URL_PIECES = [
    *[
        "data:",
        "data:text/plain;",
        "data:;base64,",
        "data:,",
        "http://",
        "s3://b/k?versionId=",
        "//",
    ],
    *["text/", "x-", "x", "/", ";", "=", ",", "a", "base64", "%41", "%e4", "%", "%zz", '"', "\\"],
    *[
        '\\"',
        '""',
        "\\q",
        "\\x41",
        "\\101",
        "YQ==",
        "YWJj",
        "YR==",
        "YQ",
        "\u00e9",
        "?",
        "#",
        "<",
        " ",
    ],
    *[":", "@", "80", "1.2.3.4", "\x01", "\n", "{", "|", "~", "+", "-", "."],
]
UNIT_PIECES = [
    *[
        "[Install]",
        "[Unit]",
        "\n",
        "\n",
        "\n",
        "A=b",
        "=",
        "#",
        "; c",
        "\\",
        "\r",
        "\r\n",
        " ",
        "\t",
    ],
    *["[", "]", "\u00e9", "\u2003", "\x1c", "x" * 3000, "y" * 2047, "z" * 2048, "w" * 500],
    *["\u20ac" * 700, "WantedBy=x\n", "\\\n", "\\ \n", "Foo", '"'],
]


def test_random_urls(tmp_path: Path) -> None:
    """Brackets are left out: 2.14 was built with a Go that still let names stand in them."""
    chance = random.Random(1)
    sources = [joined(URL_PIECES, chance, 7) for _ in range(4000)] + SOURCES + ODD_SOURCES
    files = [
        {"path": f"/{number}", "contents": {"source": source}}
        for number, source in enumerate(sources)
        # The validator uses its report as a format string, which mangles each %.
        if "expected base64" not in " ".join(we_say(one_file(source)))
    ]
    data = json.dumps({"ignition": {"version": "3.3.0"}, "storage": {"files": files}}).encode()
    assert we_say(data) == peer_says(data, tmp_path)


def one_file(source: str) -> bytes:
    files = [{"path": "/a", "contents": {"source": source}}]
    return json.dumps({"ignition": {"version": "3.3.0"}, "storage": {"files": files}}).encode()


def test_random_units(tmp_path: Path) -> None:
    chance = random.Random(2)
    texts = [joined(UNIT_PIECES, chance, (5, 12, 40)[n % 3]) for n in range(1500)]
    units = [
        {"name": f"{number}.service", "enabled": True, "contents": text}
        for number, text in enumerate(texts + UNITS + ODD_UNITS)
    ]
    data = json.dumps({"ignition": {"version": "3.3.0"}, "systemd": {"units": units}}).encode()
    assert we_say(data) == peer_says(data, tmp_path)
