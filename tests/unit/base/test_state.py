# SPDX-License-Identifier: Apache-2.0
"""The state file: Ignition's five members, the engine's own, and atomic writes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ignition.base import state as states
from ignition.base.errors import Failure
from ignition.base.state import State
from tests.support.special_files import KINDS, put

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


def test_state_round_trip(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    state = State()
    state.fetched_configs.append({"kind": "user", "source": "qemu", "referenced": False})
    state.luks_persist_key_files["data"] = "data:,x"
    state.notated_directories.append("/var")
    state.config_sha512, state.origins = "abc", {"": ["user config from qemu", ""]}
    states.save(state, path)
    assert states.load(path).to_json() == state.to_json()


def test_a_missing_file_is_an_empty_state(tmp_path: Path) -> None:
    assert states.load(str(tmp_path / "none")).to_json() == State().to_json()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"fetchedConfigs": {}}',
        '{"engine": 3}',
        '{"fetchedConfigs": [1]}',
        '{"fetchedConfigs": [{"kind": 1}]}',
        '{"notatedDirectories": [1]}',
        '{"notatedDirectories": ["home"]}',
        '{"notatedDirectories": ["/home\\u0000"]}',
        '{"providerOutputFiles": [{"path": 1}]}',
        '{"luksPersistKeyFiles": {"a": 1}}',
        '{"engine": {"phases": 1}}',
        '{"engine": {"sources": [1]}}',
        '{"engine": {"origins": {"": ["a"]}}}',
        '{"engine": {"base": {"config": []}}}',
        '{"engine": {"x": 1e400}}',
        '{"engine": {"x": "\\ud800"}}',
        '{"engine": ' + '{"x":' * 200_000 + "1" + "}" * 200_001,
        '{"engine": {"x": ' + "9" * 5000 + "}}",
        '{"engine": {"x": "\0"}}',
    ],
)
def test_malformed_state_exits_with_status_3(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state"
    path.write_text(text)
    with pytest.raises(Failure) as caught:
        states.load(str(path))
    assert (caught.value.code, caught.value.exit_status) == ("IGN6102", 3)
    assert str(caught.value).startswith("reading state: parsing state file: ")


@pytest.mark.parametrize("depth", [900, 970, 980, 985, 990, 995, 5000, 9990])
def test_deep_state_is_malformed_or_can_be_saved(tmp_path: Path, depth: int) -> None:
    """How deep JSON may nest depends on the version of Python, and on where the decoder is called."""
    path = tmp_path / "state"
    path.write_text('{"fetchedConfigs": [' + '{"x":' * depth + "1" + "}" * depth + "]}")
    try:
        state = states.load(str(path))
    except Failure as failure:
        assert failure.code == "IGN6102"
        return
    states.save(state, str(path))


def test_unreadable_state_exits_with_status_3(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        states.load(str(tmp_path))
    assert (caught.value.code, caught.value.exit_status) == ("IGN6101", 3)


def test_unwritable_state_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Failure) as caught:
        states.save(State(), os.path.join(tmp_path, "file", "state"))
    assert caught.value.code == "IGN6103"


def test_null_means_absent(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text('{"fetchedConfigs": null, "engine": {"phases": null, "base": null}}')
    state = states.load(str(path))
    assert state.to_json() == State().to_json()


@pytest.mark.parametrize("kind", [*KINDS[:5], "sparse"])
def test_state_of_another_file_type_is_refused(tmp_path: Path, kind: str) -> None:
    put(tmp_path / "state", kind)
    with pytest.raises(Failure) as caught:
        states.load(str(tmp_path / "state"))
    assert (caught.value.code, caught.value.exit_status) == ("IGN6101", 3)


def test_saving_replaces_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep")
    (tmp_path / "state").symlink_to("precious")
    states.save(State(), str(tmp_path / "state"))
    assert (tmp_path / "precious").read_text() == "keep"
    assert (tmp_path / "state").stat().st_mode & 0o7777 == 0o600
