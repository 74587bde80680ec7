# SPDX-License-Identifier: Apache-2.0
"""A local file, for tests: IGNITION_CONFIG_FILE, by default config.ign in the current directory."""

from __future__ import annotations

from ignition.base.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False


def fetch(ctx: FetchContext) -> bytes:
    """The contents of the file. Failure IGN5301 if it cannot be read."""
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
