# SPDX-License-Identifier: Apache-2.0
"""The cryptsetup commands. `alias` is the path of the device below /run/ignition/dev_aliases."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.origin import Origin
    from ignition.config import model
    from ignition.engine.step import Task

    from .keys import Key


def format_volume(
    task: Task, wanted: model.Luks, alias: str, key: Key, uuid: str, extra: tuple[str, ...] = ()
) -> None:
    """luksFormat. `uuid` "" lets cryptsetup choose one. `extra` are arguments after the device."""
    raise NotImplementedError


def open_volume(task: Task, wanted: model.Luks, alias: str, key: Key, origin: Origin) -> None:
    """Opens the volume as its name and stores the flags of the config in the header. Refused IGN2305."""
    raise NotImplementedError


def close_volume(task: Task, name: str) -> None:
    """Closes a volume."""
    raise NotImplementedError


def remove_key(task: Task, alias: str, key: Key) -> None:
    """Removes the key slot that the key opens."""
    raise NotImplementedError


def import_token(task: Task, alias: str, token: dict[str, Any], replace: str | None = None) -> None:
    """Writes a token into the header. `replace` is the number of the one that it takes the place of."""
    raise NotImplementedError


def set_uuid(task: Task, alias: str, uuid: str) -> None:
    """Changes the UUID of a volume."""
    raise NotImplementedError


def mark_volume(task: Task, name: str, alias: str, state: str) -> None:
    """Writes our token with this state (decisions.BEGUN, READY) into the header, instead of an earlier one.

    Does nothing if the config has no digest.
    """
    raise NotImplementedError
