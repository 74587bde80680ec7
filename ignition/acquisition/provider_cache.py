# SPDX-License-Identifier: Apache-2.0
"""The provider's config, cached between fetch-offline and fetch if only a reference needs the network.

Some platforms hand out their config once per boot, so fetch must not ask again.
"""

from __future__ import annotations

import os

from ignition.base import digest
from ignition.base.errors import Failure
from ignition.base.files import STATE_LIMIT, read_regular, write_atomically
from ignition.base.state import ProviderConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.settings import Settings
    from ignition.base.state import State
    from ignition.resource.context import FetchContext

_FILE = "provider-config"


def store(settings: Settings, state: State, provider: str, data: bytes) -> None:
    """Writes the bytes to a file that only root can read; the state gets its checksum. Failure IGN4110."""
    try:
        os.makedirs(settings.run_dir, mode=0o755, exist_ok=True)
        write_atomically(_path(settings), data, 0o600)
    except OSError as error:
        raise Failure(
            "IGN4110",
            f"cannot cache the config for the fetch phase: {error}",
            hint=f"{settings.run_dir} must be writable",
        ) from error
    state.provider_config = ProviderConfig(provider, digest.sha512(data))


def load(ctx: FetchContext, state: State) -> tuple[str, bytes] | None:
    """The provider's name and the bytes; None if the cache is empty or its checksum does not match."""
    cached = state.provider_config
    if cached is None:
        return None
    path = _path(ctx.settings)
    try:
        data = read_regular(path, STATE_LIMIT)
    except OSError as error:
        ctx.log.warning(
            f"cannot read the config of {cached.name} from {path}, asking again: {error.strerror}"
        )
        return None
    if digest.sha512(data) != cached.sha512:
        ctx.log.warning(f"{path} is not the config of {cached.name}, asking again")
        return None
    return cached.name, data


def remove(settings: Settings, state: State) -> None:
    """Empties the cache. Call it after the config cache is written: before, a crash would lose the config."""
    if state.provider_config is not None:
        state.provider_config = None
        try:
            os.unlink(_path(settings))
        except FileNotFoundError:
            pass


def _path(settings: Settings) -> str:
    return os.path.join(settings.run_dir, _FILE)
