# SPDX-License-Identifier: Apache-2.0
"""The state file: the original's five keys, ours under a sixth, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.engine import state as states
from ignition.engine.state import State

KEYS = [
    "fetchedConfigs",
    "luksPersistKeyFiles",
    "notatedDirectories",
    "providerOutputFiles",
    "luksPersistVolumeKeyFiles",
]


def test_an_empty_state_has_all_five_keys_as_null(tmp_path: Path) -> None:
    path = tmp_path / "run" / "state"
    states.save(State(), str(path))
    text = path.read_text()
    assert text.endswith("}\n") and text.count("\n") == 1
    assert list(json.loads(text).items()) == [(key, None) for key in KEYS]
    assert path.stat().st_mode & 0o7777 == 0o600
    assert path.parent.stat().st_mode & 0o7777 == 0o700


def test_a_state_is_read_back(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    state = State()
    state.fetched_configs.append({"kind": "user", "source": "qemu", "referenced": False})
    state.luks_persist_key_files["data"] = "data:,x"
    state.notated_directories.append("/var")
    state.engine["digest"] = "abc"
    states.save(state, path)
    assert states.load(path).to_json() == state.to_json()


def test_a_missing_file_is_an_empty_state(tmp_path: Path) -> None:
    assert states.load(str(tmp_path / "none")).to_json() == State().to_json()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"fetchedConfigs": {}}', '{"engine": 3}'])
def test_a_broken_state_ends_the_program_with_status_three(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state"
    path.write_text(text)
    with pytest.raises(Failure) as caught:
        states.load(str(path))
    assert (caught.value.code, caught.value.exit_status) == ("IGN6102", 3)
    assert str(caught.value).startswith("reading state: parsing state file: ")


def test_an_unreadable_state_ends_the_program_with_status_three(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        states.load(str(tmp_path))
    assert (caught.value.code, caught.value.exit_status) == ("IGN6101", 3)


def test_a_state_that_cannot_be_saved_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Failure) as caught:
        states.save(State(), os.path.join(tmp_path, "file", "state"))
    assert caught.value.code == "IGN6103"
