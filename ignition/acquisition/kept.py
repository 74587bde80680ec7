# SPDX-License-Identifier: Apache-2.0
"""What a provider gave to fetch-offline, kept for fetch when only a reference needs the network.

Some platforms hand out their config once per boot, so it must not be asked for again.
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure
from ignition.base.files import STATE_LIMIT, read_regular, write_atomically
from ignition.resource import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.settings import Settings
    from ignition.base.state import State

_KEY = "provider"
_FILE = "provider-config"


def keep(settings: Settings, state: State, provider: str, data: bytes) -> None:
    """Keeps the bytes in a file that only root may read, and notes in the state who gave them."""
    try:
        os.makedirs(settings.run_dir, mode=0o755, exist_ok=True)
        write_atomically(_path(settings), data, 0o600)
    except OSError as error:
        raise Failure(
            "IGN4110",
            f"cannot keep the config for the fetch phase: {error}",
            hint=f"{settings.run_dir} must be writable",
        ) from error
    state.engine[_KEY] = {"name": provider, "sha512": digest.sha512(data)}


def take(settings: Settings, state: State, log: Log) -> tuple[str, bytes] | None:
    """Who gave a config to the phase before, and its bytes; None if there is none or it was changed."""
    noted = state.engine.get(_KEY)
    if not isinstance(noted, dict):
        return None
    path, name = _path(settings), str(noted.get("name"))
    try:
        data = read_regular(path, STATE_LIMIT)
    except OSError as error:
        log.warning(f"the config that {name} gave cannot be read from {path}: {error.strerror}")
        return None
    if digest.sha512(data) != noted.get("sha512"):
        log.warning(f"{path} is not the config that {name} gave: asking again")
        return None
    return name, data


def forget(settings: Settings, state: State) -> None:
    """Removes both. Not before the config cache is there: until then a run may have to begin again."""
    if state.engine.pop(_KEY, None) is not None:
        try:
            os.unlink(_path(settings))
        except FileNotFoundError:
            pass


def _path(settings: Settings) -> str:
    return os.path.join(settings.run_dir, _FILE)
