# SPDX-License-Identifier: Apache-2.0
"""A user config in the system itself: user.ign in the first system directory that has one.

Directories, highest priority first: /run/ignition, /etc/ignition, /usr/lib/ignition.
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure, NoProvider
from ignition.base.files import read_regular
from ignition.base.log import quote
from ignition.resource.body import MEMORY_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False


def fetch(ctx: FetchContext) -> bytes:
    """The contents of user.ign; NoProvider (IGN5001) if there is none. An empty user.ign means "no config":
    then the platform is not asked."""
    for folder in ctx.settings.system_config_dirs:
        path = os.path.join(folder, "user.ign")
        ctx.log.info(f"reading system config file {quote(path)}")
        try:
            return read_regular(path, MEMORY_LIMIT, follow=True)
        except (FileNotFoundError, NotADirectoryError):
            ctx.log.info(f"no config at {quote(path)}")
        except OSError as error:
            raise Failure(
                "IGN5302", f"couldn't read config {quote(path)}: {error.strerror}"
            ) from error
    raise NoProvider("IGN5001", "no user.ign in the system")
