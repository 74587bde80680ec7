# SPDX-License-Identifier: Apache-2.0
"""The fetch phase gives the same cache and the same list of configs as Ignition's."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ignition.acquisition import acquire
from ignition.acquisition.acquired import Acquired
from ignition.base.errors import Failure
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config import dump
from ignition.engine import main
from ignition.resource.context import FetchContext
from ignition.testbed.httpserver import HttpServer
from tests.support import peer, random_json

INLINE = {"source": "data:,%7B%22ignition%22:%7B%22version%22:%223.0.0%22%7D%7D"}
REMOTE = {"source": "http://h/c"}
REFERENCES: list[dict[str, Any]] = [
    {},
    {"config": {"merge": [INLINE]}},
    {"config": {"merge": [INLINE, INLINE]}},  # refused: the same source twice
    {"config": {"merge": [INLINE, REMOTE]}},
    {"config": {"replace": INLINE}},
    {"config": {"replace": REMOTE}},
    {"config": {}, "security": {"tls": {"certificateAuthorities": [REMOTE]}}},
]
VERSIONS = ["3.0.0", "3.1.0", "3.2.0", "3.3.0"]

pytestmark = pytest.mark.skipif(not peer.engine(), reason=peer.MISSING)


def random_config(rng: Random) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(
        random_json.text(random_json.config(rng, rng.choice(VERSIONS)))
    )
    return value


def tree(rng: Random, server: HttpServer, name: str, depth: int) -> dict[str, Any]:
    """A random config with references, nested ones too, that the server answers."""
    value = random_config(rng)
    for name in ("timeouts", "proxy", "security"):  # with random ones, no fetch succeeds
        value["ignition"].pop(name, None)
    kind = rng.choice(["merge", "merge", "replace", "none"]) if depth else "none"
    references = []
    for number in range(rng.randint(1, 2) if kind == "merge" else int(kind == "replace")):
        path = f"{name}/{number}"
        child = tree(rng, server, path, depth - 1)
        server.answer(path, json.dumps(child).encode())
        references.append({"source": server.url(path)})
    value["ignition"]["config"] = {}
    if kind == "merge":
        value["ignition"]["config"]["merge"] = references
    elif kind == "replace":
        value["ignition"]["config"]["replace"] = references[0]
    return value


def run_ignition(folder: Path, stage: str, root: str) -> str:
    """Runs a stage of Ignition; returns its standard error."""
    args = [peer.engine(), "-platform", "file", "-stage", stage, "-log-to-stdout", "-root", root]
    args += ["-config-cache", "cache", "-state-file", "state", "-neednet", "neednet"]
    environment = {**os.environ, "IGNITION_SYSTEM_CONFIG_DIR": str(folder / "system")}
    done = subprocess.run(
        args, env=environment, cwd=folder, capture_output=True, text=True, timeout=60
    )
    return done.stderr


def theirs(folder: Path) -> tuple[str | None, list[str]]:
    run_ignition(folder, "fetch", "")
    if not (folder / "cache").exists():
        return None, []
    state = json.loads((folder / "state").read_text())
    return (folder / "cache").read_text(), listed(state["fetchedConfigs"])


def settings_of(folder: Path) -> Settings:
    settings = Settings()
    none = str(folder / "none")
    settings.system_config_dirs = (none, none, str(folder / "system"))
    settings.config_file = str(folder / "config.ign")
    settings.run_dir = str(folder / "run")
    settings.platform = "file"
    return settings


def fetch(folder: Path) -> tuple[Acquired | None, list[str]]:
    state = State()
    log = Log(lambda level, text: None)
    try:
        got = acquire.from_provider(FetchContext(settings_of(folder), log), state)
    except Failure:
        return None, []
    return got, listed(state.fetched_configs)


def ours(folder: Path) -> tuple[str | None, list[str]]:
    got, entries = fetch(folder)
    return (peer.as_release_2_14(got.cache_text) if got else None), entries


def listed(entries: list[dict[str, Any]]) -> list[str]:
    return [f"{entry['kind']} {entry['source']} {entry['referenced']}" for entry in entries]


def test_random_trees_of_references_give_the_same_cache(tmp_path: Path) -> None:
    accepted = 0
    for seed in range(60):
        rng = Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        with HttpServer() as server:
            config = tree(rng, server, "", 3)
            (folder / "config.ign").write_text(json.dumps(config))
            expected = theirs(folder)
            assert ours(folder) == expected, seed
        accepted += expected[0] is not None
    assert accepted > 15


def test_offline_cache_and_network_request_are_the_same(tmp_path: Path) -> None:
    """Random configs with files, keys and authorities at http://h, inline, or without a source."""
    outcomes = set()
    for seed in range(60):
        rng = Random(seed)
        folder = tmp_path / str(seed)
        (folder / "system" / "base.d").mkdir(parents=True)
        if seed % 3 == 0:
            base = random_config(rng)
            if seed % 2:  # never fetched, but it requests the network
                base["ignition"]["config"] = {"merge": [REMOTE]}
            (folder / "system/base.d/1").write_text(json.dumps(base))
        config = random_config(rng)
        config["ignition"] |= REFERENCES[seed % len(REFERENCES)]
        if seed % 4 == 1:
            files = config.setdefault("storage", {}).setdefault("files", [])
            files.append({"path": "/remote", "contents": REMOTE})
        text = "" if seed % 20 == 6 else json.dumps(config)
        (folder / "config.ign").write_text(text)
        run_ignition(folder, "fetch-offline", "")
        expected = outcome(folder)
        settings = settings_of(folder)
        for name in ("config_cache", "state_file", "neednet"):
            setattr(settings, name, str(folder / "ours" / name))
        settings.platform, settings.log_to_stdout = "file", True
        main.run(["fetch-offline"], settings)
        ours = outcome(folder / "ours", "config_cache")
        assert (ours[0] and peer.as_release_2_14(ours[0]), ours[1]) == expected, seed
        outcomes.add((expected[0] is not None, expected[1]))
    assert outcomes == {(True, True), (True, False), (False, True), (False, False)}


def outcome(folder: Path, cache: str = "cache") -> tuple[str | None, bool]:
    """The cache of a phase, and whether the phase requested the network."""
    path = folder / cache
    return path.read_text() if path.exists() else None, (folder / "neednet").exists()


def test_base_configs_are_merged_alike(tmp_path: Path) -> None:
    compared = 0
    for seed in range(30):
        rng = Random(seed)
        folder = tmp_path / str(seed)
        (folder / "system" / "base.d").mkdir(parents=True)
        (folder / "system" / "base.platform.d" / "file").mkdir(parents=True)
        for name in ("base.d/20", "base.d/9", "base.platform.d/file/1"):
            (folder / "system" / name).write_text(json.dumps(random_config(rng)))
        (folder / "config.ign").write_text(json.dumps(random_config(rng)))
        expected = theirs(folder)
        assert ours(folder) == expected, seed
        got, _ = fetch(folder)
        if got is None:
            continue
        # Base configs are not in the cache, but in what Ignition logs when a stage fails.
        _, _, dumped = run_ignition(folder, "files", "config.ign").partition("Full config:\n")
        full = json.loads(peer.as_release_2_14(dump.cache_text(got.full)))
        assert json.loads(dumped) == full, seed
        compared += 1
    assert compared > 15
