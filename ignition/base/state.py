# SPDX-License-Identifier: Apache-2.0
"""What one phase leaves for the next: the state file.

The first five keys are Ignition's; this engine's own are under a sixth, `engine` (docs/behaviour/run.md).
"""

from __future__ import annotations

import os

from ignition.base import gojson
from ignition.base.errors import Failure
from ignition.base.files import STATE_LIMIT, read_regular, write_atomically

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class State:
    """The state of a provisioning run.

    `fetched_configs`: list of `{kind, source, referenced}`. `luks_persist_key_files`: volume name to data
    URL. `notated_directories`: paths inside the root that the mount phase made. `provider_output_files`:
    file objects in config form. `luks_persist_volume_key_files`: file name to data URL. `engine`: ours.
    """

    __slots__ = (
        "engine",
        "fetched_configs",
        "luks_persist_key_files",
        "luks_persist_volume_key_files",
        "notated_directories",
        "provider_output_files",
    )

    def __init__(self) -> None:
        self.fetched_configs: list[dict[str, Any]] = []
        self.luks_persist_key_files: dict[str, str] = {}
        self.notated_directories: list[str] = []
        self.provider_output_files: list[dict[str, Any]] = []
        self.luks_persist_volume_key_files: dict[str, str] = {}
        self.engine: dict[str, Any] = {}

    def to_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {
            "fetchedConfigs": self.fetched_configs or None,
            "luksPersistKeyFiles": self.luks_persist_key_files or None,
            "notatedDirectories": self.notated_directories or None,
            "providerOutputFiles": self.provider_output_files or None,
            "luksPersistVolumeKeyFiles": self.luks_persist_volume_key_files or None,
        }
        if self.engine:
            value["engine"] = self.engine
        return value


def load(path: str) -> State:
    """The state of the file; a missing one is an empty state.

    Failure IGN6101 when it cannot be read, IGN6102 when it is not what we write; both end the program
    with status 3, as there.
    """
    state = State()
    try:
        data = read_regular(path, STATE_LIMIT, follow=True)
    except FileNotFoundError:
        return state
    except OSError as error:
        raise _unusable("IGN6101", f"reading state: reading state file: {error}", path) from error
    try:
        value = gojson.loads_strict(data)
        state.fetched_configs = _member(value, "fetchedConfigs", list, dict)
        state.luks_persist_key_files = _member(value, "luksPersistKeyFiles", dict, str)
        state.notated_directories = _member(value, "notatedDirectories", list, str)
        state.provider_output_files = _member(value, "providerOutputFiles", list, dict)
        state.luks_persist_volume_key_files = _member(value, "luksPersistVolumeKeyFiles", dict, str)
        state.engine = _member(value, "engine", dict)
        _check(state)
    except ValueError as error:
        raise _unusable("IGN6102", f"reading state: parsing state file: {error}", path) from error
    return state


def save(state: State, path: str) -> None:
    """Writes the state whole or not at all, mode 0600. Failure IGN6103."""
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
        write_atomically(path, (gojson.dumps(state.to_json()) + "\n").encode(), 0o600)
    except (OSError, ValueError) as error:
        raise Failure(
            "IGN6103", f"writing state: {error}", hint=f"{path} must be writable"
        ) from error


_WORDS = {
    list: "a list",
    dict: "a JSON object",
    str: "text",
    bool: "true or false",
    int: "a number",
}


def _member(value: Any, key: str, kind: type, inner: type | None = None) -> Any:
    """A member of an object, of one kind, all in it of another; empty for what is absent or null."""
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    member: Any = value.get(key)
    if member is None:
        return kind()
    fits = isinstance(member, kind)
    if not fits:
        raise ValueError(f"{key} is not {_WORDS[kind]}")
    if inner is not None:
        within = list(member.values()) if kind is dict else member
        for each in within:
            if not isinstance(each, inner):
                raise ValueError(f"{key} holds what is not {_WORDS[inner]}")
    return member


def _check(state: State) -> None:
    """ValueError for members that no run of ours would have left so."""
    for entry in state.fetched_configs:
        entry.update(
            kind=_member(entry, "kind", str),
            source=_member(entry, "source", str),
            referenced=_member(entry, "referenced", bool),
        )
    for path in state.notated_directories:
        _check_path(path)
    for file in state.provider_output_files:
        _check_path(_member(file, "path", str))
        _member(_member(file, "contents", dict), "source", str)
        for owner in ("user", "group"):
            _member(file, owner, dict)
        _member(file, "mode", int)
        _member(file, "overwrite", bool)
        _member(file, "append", list)
    # What is null is absent.
    engine = state.engine = {key: part for key, part in state.engine.items() if part is not None}
    for key in ("phases", "sources"):
        _member(engine, key, list, dict)
    for here in _member(engine, "origins", dict, list).values():
        if [type(part) for part in here] != [str, str]:
            raise ValueError("origins holds what is no place")
    for key in ("base", "provider"):
        part = _member(engine, key, dict)
        _member(part, "sha512", str)
        _member(part, "config", dict)


def _check_path(path: str) -> None:
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f"{path!r} is not the path of a file")


def _unusable(code: str, text: str, path: str) -> Failure:
    return Failure(
        code, text, hint=f"remove {path} to start again from the first phase", exit_status=3
    )
