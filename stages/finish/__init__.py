# SPDX-License-Identifier: Apache-2.0
"""The end of the files phase: files from the platform, SELinux labels, a sync, then the result file.

The result file marks a complete run. It is written last, after every filesystem of the target has been
synced, so it never vouches for data that a power cut could still lose.
"""

from __future__ import annotations

from ignition.engine.step import Step
from ignition.system import selinux
from ignition.system.filesystem_sync import FilesystemSync
from ignition.system.root import Root

from ..common.journal import MAX_SIZE
from ..common.keys import COMPLETE, EVERYTHING, LABELLED, ON_DISK
from . import result_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.config.model import Config
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task


def plan(config: Config, context: PhaseContext) -> Iterator[Step]:
    """Up to four steps, each after everything that the other stages do."""
    root = Root(context.root)
    # Opened while planning: it only reports errors of writes that happen after it was opened.
    sync = FilesystemSync(context.root)
    if context.state.provider_output_files:
        from . import provider_files

        yield provider_files.step(root, context)
    if selinux.is_enabled(context.settings, root):
        from ..common import labels

        yield labels.relabel_step(config, root, context)

    def flush(_: Task) -> None:
        sync.sync()
        if not context.settings.result_file:
            sync.close()

    yield Step(
        "write everything to the disk",
        context.origin(),
        flush,
        needs=(*EVERYTHING, LABELLED),
        provides=(ON_DISK,),
    )
    if context.settings.result_file:
        root.check(root.resolve(context.settings.result_file), MAX_SIZE)
        yield Step(
            f"write {context.settings.result_file}",
            context.origin(),
            lambda task: result_file.write(root, sync, task),
            needs=(ON_DISK,),
            provides=(COMPLETE,),
        )
