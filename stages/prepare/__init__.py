# SPDX-License-Identifier: Apache-2.0
"""The start of the files phase: what must happen before any other stage changes the target.

Temporary files of an interrupted run are removed, and the paths that will need SELinux labels are recorded
while it is still visible which of them are new.
"""

from __future__ import annotations

from ignition.system import selinux
from ignition.system.root import Root

from ..common import journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.config.model import Config
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Step


def plan(config: Config, context: PhaseContext) -> Iterator[Step]:
    """No step on the first boot of a target without SELinux. Each step provides PREPARED."""
    root = Root(context.root)
    if journal.exists(root):
        from . import leftovers

        found = journal.phase_journal(root, context)
        found.warn_of_others(context.log)
        yield leftovers.step(found.all(), root, context)
    if selinux.is_enabled(context.settings, root):
        selinux.check_policy(root)
        from ..common import labels

        yield labels.note_step(config, root, context)
