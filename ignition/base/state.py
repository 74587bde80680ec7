# SPDX-License-Identifier: Apache-2.0
"""The state file: what one phase hands to the next.

Five members are Ignition's; the sixth, `engine`, holds ours.
"""

from __future__ import annotations

import os

from ignition.base import gojson
from ignition.base.errors import Failure
from ignition.base.files import STATE_LIMIT, read_regular, write_atomically
from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class FrozenConfig:
    """A config with the checksum of its JSON."""

    sha512: str
    config: dict[str, Any]


@record
class ProviderConfig:
    """Which provider gave a config, and the checksum of the bytes. The bytes are in a file of their own."""

    name: str
    sha512: str


class State:
    """The state of a provisioning run.

    Ignition's members:
    fetched_configs                dicts with kind, source and referenced
    luks_persist_key_files         volume name -> data URL
    notated_directories            paths inside the root that the mount phase created
    provider_output_files          files in the form of a config's `storage.files`
    luks_persist_volume_key_files  file name -> data URL

    Members of `engine`:
    base_configs     the base configs as the fetch phase merged them; None before that
    config_sha512    checksum of the config cache that the fetch phase wrote; "" before that
    origins          JSON pointer in the merged config -> [source, pointer in that source]; None if the
                     cache is not the one that the fetch phase wrote
    sources          the configs that were merged: dicts with kind, source, sha512, size and by
    provider_config  the provider's config, cached between fetch-offline and fetch
    sound_for        the target root for which the rules found no fault in the config; None if they did
    phases           one summary for each phase that has passed
    """

    __slots__ = (
        "base_configs",
        "config_sha512",
        "fetched_configs",
        "luks_persist_key_files",
        "luks_persist_volume_key_files",
        "notated_directories",
        "origins",
        "phases",
        "provider_config",
        "provider_output_files",
        "sound_for",
        "sources",
    )

    def __init__(self) -> None:
        self.fetched_configs: list[dict[str, Any]] = []
        self.luks_persist_key_files: dict[str, str] = {}
        self.notated_directories: list[str] = []
        self.provider_output_files: list[dict[str, Any]] = []
        self.luks_persist_volume_key_files: dict[str, str] = {}
        self.base_configs: FrozenConfig | None = None
        self.config_sha512 = ""
        self.origins: dict[str, list[str]] | None = None
        self.sources: list[dict[str, Any]] = []
        self.provider_config: ProviderConfig | None = None
        self.sound_for: str | None = None
        self.phases: list[dict[str, Any]] = []

    def to_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {
            "fetchedConfigs": self.fetched_configs or None,
            "luksPersistKeyFiles": self.luks_persist_key_files or None,
            "notatedDirectories": self.notated_directories or None,
            "providerOutputFiles": self.provider_output_files or None,
            "luksPersistVolumeKeyFiles": self.luks_persist_volume_key_files or None,
        }
        engine = self._engine()
        if engine:
            value["engine"] = engine
        return value

    def _engine(self) -> dict[str, Any]:
        base, provider = self.base_configs, self.provider_config
        members = {
            "base": base and {"sha512": base.sha512, "config": base.config},
            "sha512": self.config_sha512 or None,
            "origins": self.origins,
            "sources": self.sources if self.config_sha512 else None,
            "provider": provider and {"name": provider.name, "sha512": provider.sha512},
            "sound": self.sound_for,
            "phases": self.phases or None,
        }
        return {name: member for name, member in members.items() if member is not None}


def load(path: str) -> State:
    """The state of the file; a missing one is an empty state.

    Failure IGN6101 if it cannot be read, IGN6102 if it is malformed; both with exit status 3, as in Ignition.
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
        _check(state)
        _parse_engine(state, _member(value, "engine", dict))
    except ValueError as error:
        raise _unusable("IGN6102", f"reading state: parsing state file: {error}", path) from error
    return state


def save(state: State, path: str) -> None:
    """Replaces the file atomically, mode 0600. Failure IGN6103."""
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
        write_atomically(path, (gojson.dumps(state.to_json()) + "\n").encode(), 0o600)
    except (OSError, ValueError) as error:
        raise Failure(
            "IGN6103", f"writing state: {error}", hint=f"{path} must be writable"
        ) from error


_TYPE_NAMES = {
    list: "a list",
    dict: "a JSON object",
    str: "text",
    bool: "true or false",
    int: "a number",
}


def _member(value: Any, key: str, kind: type, inner: type | None = None) -> Any:
    """A member of an object; an empty `kind` if it is absent or null.

    ValueError unless it is a `kind`, and each item or value in it an `inner`, if that is given.
    """
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    member: Any = value.get(key)
    if member is None:
        return kind()
    fits = isinstance(member, kind)
    if not fits:
        raise ValueError(f"{key} is not {_TYPE_NAMES[kind]}")
    if inner is not None:
        within = list(member.values()) if kind is dict else member
        for each in within:
            if not isinstance(each, inner):
                raise ValueError(f"{key} contains something that is not {_TYPE_NAMES[inner]}")
    return member


def _check(state: State) -> None:
    """ValueError for a member of Ignition's that has a wrong type."""
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


def _parse_engine(state: State, engine: dict[str, Any]) -> None:
    """Fills the members of `engine`; null counts as absent. ValueError for a wrong type."""
    state.phases = _member(engine, "phases", list, dict)
    state.sources = _member(engine, "sources", list, dict)
    state.config_sha512 = _text(engine.get("sha512")) or ""
    state.sound_for = _text(engine.get("sound"))
    origins = _member(engine, "origins", dict, list)
    for here in origins.values():
        if [type(part) for part in here] != [str, str]:
            raise ValueError("origins contains an entry that is not [source, pointer]")
    state.origins = origins if engine.get("origins") is not None else None
    base, provider = _member(engine, "base", dict), _member(engine, "provider", dict)
    frozen = FrozenConfig(_member(base, "sha512", str), _member(base, "config", dict))
    cached = ProviderConfig(str(provider.get("name")), _member(provider, "sha512", str))
    state.base_configs = frozen if engine.get("base") is not None else None
    state.provider_config = cached if engine.get("provider") is not None else None


def _text(member: Any) -> str | None:
    return member if isinstance(member, str) else None


def _check_path(path: str) -> None:
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f"{path!r} is not the path of a file")


def _unusable(code: str, text: str, path: str) -> Failure:
    return Failure(
        code, text, hint=f"remove {path} to start again from the first phase", exit_status=3
    )
