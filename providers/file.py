# SPDX-License-Identifier: Apache-2.0
"""A file of this machine, for tests: named by IGNITION_CONFIG_FILE, else config.ign where the engine runs."""

from __future__ import annotations

from ignition.base.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False


def fetch(ctx: FetchContext) -> bytes:
    """The file's bytes. It must be there (IGN5301)."""
    path = ctx.settings.config_file
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Failure(
            "IGN5301",
            f"couldn't read config {path!r}: {error.strerror}",
            hint="IGNITION_CONFIG_FILE names the config of the platform `file`",
        ) from error
