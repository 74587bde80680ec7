# SPDX-License-Identifier: Apache-2.0
"""Where Ignition's files phase succeeds, ours ends in the same state: random targets and configs.

The Ignition in use is version 2.14. It runs where nothing but its own root can be written, since it
follows some links out of that.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure, flatten
from ignition.system.root import Root
from tests.support import peer
from tests.support.target import Target

pytestmark = [
    pytest.mark.skipif(not peer.engine(), reason=peer.MISSING),
    pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare here"),
]

ALL = ("prepare", "users", "files", "units", "finish")
NAMES = ("a", "b", "c")
MODES = (0o644, 0o755, 0o600, 0o000, 0o777)
LOOP = "IGN3004"
UNIT = "[Unit]\nDescription=x\n[Install]\nWantedBy=multi-user.target\n"


def random_path(dice: random.Random) -> str:
    return "/" + "/".join(dice.choice(NAMES) for _ in range(dice.randint(1, 3)))


def random_link(dice: random.Random) -> str:
    """The target of a link. No `..` after names: Ignition removes that without looking at the names."""
    parts = dice.choice(((), ("..",), ("..", ".."), (".",)))
    text = "/".join((*parts, *(dice.choice(NAMES) for _ in range(dice.randint(0, 2))))) or "."
    return dice.choice(("", "", "/", "//")) + text + dice.choice(("", "", "/"))


def make_target(dice: random.Random, target: Target) -> None:
    target.put("/etc/selinux/config", "SELINUXTYPE=targeted\n")
    for _ in range(dice.randint(0, 6)):
        path = target.at(random_path(dice))
        if os.path.lexists(path) or not inside(path, target.root):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = dice.random()
        if kind < 0.35:
            path.mkdir()
        elif kind < 0.7:
            path.write_text(dice.choice(("old", "", "d")))
        else:
            path.symlink_to(random_link(dice))
        os.chown(path, dice.choice((0, 5)), dice.choice((0, 6)), follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(dice.choice((*MODES, 0o4755, 0o2755, 0o1777)))
    units = "/etc/systemd/system"
    if dice.random() < 0.3:
        target.put("/usr/lib/systemd/system/u1.service", UNIT)
        target.link(
            f"{units}/multi-user.target.wants/u1.service", "/usr/lib/systemd/system/u1.service"
        )
    if dice.random() < 0.3:
        target.link(
            f"{units}/u2.service", dice.choice(("/dev/null", "../../../dev/null", "u1.service"))
        )
    if dice.random() < 0.2:
        target.put(
            "/etc/systemd/system-preset/20-ignition.preset", "enable vendor.service\n", 0o600
        )


def inside(path: Path, root: Path) -> bool:
    """Whether all parents are folders, not links."""
    return all(not os.path.lexists(one) or (one.is_dir() and not one.is_symlink())
               for one in path.parents if one.is_relative_to(root))  # fmt: skip


def random_config(dice: random.Random) -> dict[str, Any]:
    paths = {random_path(dice) for _ in range(dice.choice((0, 0, 1, 2)))}
    links = {path for path in paths if not any(path.startswith(f"{other}/") for other in paths)}
    taken = set(links)
    storage: dict[str, list[dict[str, Any]]] = {"directories": [], "files": [], "links": []}
    for path in sorted(links):
        link: dict[str, Any] = {"path": path, "target": random_link(dice), **owner(dice)}
        if dice.random() < 0.4:
            link.update(hard=True, target=random_path(dice))
        storage["links"].append(with_overwrite(dice, link))
    for kind in ("directories", "files", "files"):
        for _ in range(dice.randint(0, 2)):
            path = random_path(dice)
            below_link = any(path.startswith(f"{link}/") for link in links)
            if path in taken or below_link:
                continue
            taken.add(path)
            node: dict[str, Any] = {"path": path, **owner(dice)}
            if dice.random() < 0.5:
                node["mode"] = dice.choice(MODES)
            if kind == "files":
                fill(dice, node)
            if kind == "directories" or "contents" in node:
                with_overwrite(dice, node)
            storage[kind].append(node)
    config = {"ignition": {"version": "3.4.0-experimental"}, "storage": storage}
    config["systemd"] = {"units": random_units(dice)}
    return config


def owner(dice: random.Random) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if dice.random() < 0.3:
        chosen["user"] = {"id": dice.choice((0, 7))}
    if dice.random() < 0.3:
        chosen["group"] = {"id": dice.choice((0, 8))}
    return chosen


def with_overwrite(dice: random.Random, node: dict[str, Any]) -> dict[str, Any]:
    if dice.random() < 0.5:
        node["overwrite"] = dice.random() < 0.8
    return node


def fill(dice: random.Random, node: dict[str, Any]) -> None:
    sources = ("data:,data", "data:;base64,aGVsbG8=", "")
    if dice.random() < 0.6:
        node["contents"] = {"source": dice.choice(sources)}
    if dice.random() < 0.3:
        node["append"] = [{"source": dice.choice(sources)} for _ in range(dice.randint(1, 2))]


def random_units(dice: random.Random) -> list[dict[str, Any]]:
    found = []
    for name in ("u2.service", "u1.service", "t@.service", "t@y.service", "t@x.service"):
        if dice.random() < 0.5:
            continue
        unit: dict[str, Any] = {"name": name}
        if dice.random() < 0.4:
            unit["contents"] = dice.choice((UNIT, ""))
        if dice.random() < 0.4 and name != "t@.service":
            unit["enabled"] = True  # false means something else in 2.14 than in newer versions
        if dice.random() < 0.4:
            unit["mask"] = dice.random() < 0.5
        if dice.random() < 0.3:
            unit["dropins"] = [{"name": "d.conf", "contents": dice.choice(("[Unit]\n", ""))}]
        found.append(unit)
    return found


def run_peer(folder: Path, target: Target, config: dict[str, Any]) -> tuple[bool, str]:
    """Whether it succeeded, and its log."""
    cache = folder / "cache"
    cache.write_text(json.dumps(config))
    arguments = [
        peer.engine(), "-platform", "file", "-stage", "files", "-root", str(target.root),
        "-config-cache", str(cache), "-state-file", str(folder / "state"), "-log-to-stdout",
    ]  # fmt: skip
    guard = 'mount --bind "$0" "$0" && mount -o remount,ro,bind / && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", guard, str(folder), *arguments],
        capture_output=True,
        check=False,
        env={"PATH": f"{folder}/bin:{os.environ['PATH']}"},
    )
    return done.returncode == 0, done.stdout.decode()


def setfiles(folder: Path) -> str:
    """A setfiles that records its arguments."""
    (folder / "bin").mkdir()
    program = folder / "bin/setfiles"
    program.write_text(f'#!/bin/sh\ntr "\\0" "\\n" >>{folder}/labelled\n')
    program.chmod(0o755)
    return str(program)


def state(target: Target) -> dict[str, Any]:
    """The tree without the result file, and the groups of names that are one file."""
    tree: dict[str, Any] = dict(target.tree())
    tree.pop("etc/.ignition-result.json", None)
    names: dict[int, list[str]] = {}
    for path in tree:
        names.setdefault(target.at(path).lstat().st_ino, []).append(path)
    tree["one file"] = sorted(sorted(group) for group in names.values() if len(group) > 1)
    preset = "etc/systemd/system-preset/20-ignition.preset"
    if preset in tree:  # 2.14 writes the lines in any order
        *attributes, lines = tree[preset]
        tree[preset] = (*attributes, sorted(lines.splitlines()))
    tree["root"] = target.root.stat().st_mode, target.root.stat().st_uid
    return tree


def entry_paths(config: dict[str, Any], target: Target) -> list[str]:
    """The resolved paths of the entries; none if links form a loop."""
    root = Root(str(target.root))
    try:
        return [
            root.resolve(node["path"]) for nodes in config["storage"].values() for node in nodes
        ]
    except Failure:
        return []


@pytest.mark.parametrize("seed", range(int(os.environ.get("IGNITION_PEER_SEEDS", "40"))))
def test_same_result_as_ignition(tmp_path: Path, seed: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("provisioning sets owners, which takes root")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    theirs, ours = Target(tmp_path / "theirs"), Target(tmp_path / "ours")
    config = random_config(random.Random(seed))
    for one in (theirs, ours):
        make_target(random.Random(-seed), one)
    assert state(theirs) == state(ours)
    paths = entry_paths(config, ours)
    setfiles(tmp_path / "theirs")
    ours.settings.programs["setfiles"] = setfiles(tmp_path / "ours")
    succeeded, log = run_peer(tmp_path / "theirs", theirs, config)
    if not succeeded:  # then ours may succeed or fail, but must not crash
        try:
            ours.run(config, *ALL)
        except Failure:
            return
        assert "overwrite is false" not in log, json.dumps(config, indent=1)
        return
    try:
        ours.run(config, *ALL)
    except Failure as failure:
        if all(one.code == LOOP for one in flatten(failure)):
            return  # Ignition follows one link and does not notice the loop; we refuse it
        raise AssertionError(
            f"{failure.code} {failure.text}\n{json.dumps(config, indent=1)}"
        ) from failure
    assert state(ours) == state(theirs), json.dumps(config, indent=1)
    if paths == entry_paths(config, ours):  # otherwise the config replaced a link in its own paths
        once = state(ours)
        ours.run(config, *ALL)
        assert state(ours) == once, json.dumps(config, indent=1)
