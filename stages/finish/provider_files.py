# SPDX-License-Identifier: Apache-2.0
"""Files that the platform wants on the target, such as the certificates of Azure."""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.base.log import quote
from ignition.base.origin import Origin
from ignition.config.model import File
from ignition.engine.step import Step

from .. import files
from ..common.journal import phase_journal
from ..common.keys import (
    ACCOUNTS,
    ENTRIES,
    LINKS,
    PREPARED,
    PRESETS,
    PROVIDER_FILES,
    UNITS,
    VOLUMES,
)
from ..files import entries
from ..files.contents import FileContext
from ..files.owners import Owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task
    from ignition.system.root import Root


def step(root: Root, context: PhaseContext) -> Step:
    """Writes them by the rules for files of a config."""
    origin = Origin("files from the platform")

    def do(task: Task) -> None:
        shared = FileContext(context, Owners(root), phase_journal(root, context))
        for raw in context.state.provider_output_files:
            parent, _, name = root.resolve(raw["path"]).rpartition("/")
            entry = entries.Entry(entries.FILE, File(raw), (), parent, name)
            try:
                with root.folder(parent) as folder:
                    files.apply(entry, folder, {name}, shared, task.log)
                    task.log.info(f"wrote file {quote(folder.full_path(name))}")
            except Failure as failure:
                failure.origin = origin
                raise

    count = len(context.state.provider_output_files)
    return Step(
        f"write {count} {'file' if count == 1 else 'files'} from the platform",
        origin,
        do,
        needs=(PREPARED, ACCOUNTS, ENTRIES, LINKS, UNITS, PRESETS, VOLUMES),
        provides=(PROVIDER_FILES,),
    )
