# SPDX-License-Identifier: Apache-2.0
"""Removes temporary files of a run that was killed or lost power.

That run may have had another config, so it recorded its folders in the journal. A forged note does no harm:
only files with our names for temporary files are removed.
"""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.engine.step import Step
from ignition.system.accounts import Accounts

from .. import units
from ..common.journal import FOLDER, WRITTEN
from ..common.keys import PREPARED
from ..units import presets
from ..users import ssh_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.base.log import Log
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task
    from ignition.system.root import Root


def step(notes: list[dict[str, Any]], root: Root, context: PhaseContext) -> Step:
    """The step that removes them. `notes`: the journal's, of all configs."""

    def do(task: Task) -> None:
        for path in {*_folders(notes, root), *_ssh_key_folders(root, task.log)}:
            try:
                folder = root.existing_folder(path)
                if folder is not None:
                    with folder:
                        folder.sweep()
            except Failure as failure:
                task.log.notice(f"temporary files may be left: {failure.text}")

    return Step(
        "remove temporary files of an earlier run", context.origin(), do, provides=(PREPARED,)
    )


def _folders(notes: list[dict[str, Any]], root: Root) -> Iterator[str]:
    yield from (FOLDER, units.FOLDER, presets.FOLDER)
    folder = root.existing_folder(units.FOLDER)
    if folder is not None:
        with folder:
            for name in folder.names():
                if name.endswith(".d"):
                    yield f"{units.FOLDER}/{name}"
    for note in notes:
        if note["kind"] == WRITTEN:
            yield from note["folders"]


def _ssh_key_folders(root: Root, log: Log) -> Iterator[str]:
    """Folders of SSH keys. None if the table of users cannot be read, which this config may not need."""
    try:
        homes = Accounts(root).homes()
    except Failure as failure:
        log.notice(f"temporary files may be left in homes: {failure.text}")
        return
    for home in homes:
        for path in (ssh_keys.FRAGMENT, ssh_keys.PLAIN):
            yield f"{home}/{path.rpartition('/')[0]}"
