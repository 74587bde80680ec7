# SPDX-License-Identifier: Apache-2.0
"""SELinux labels for everything that the files phase makes.

setfiles labels the topmost new folder of each path, so these are recorded before anything is made.
"""

from __future__ import annotations

from ignition.engine.step import Step
from ignition.system import selinux
from ignition.system.accounts import Accounts

from .. import units
from ..units import presets
from .journal import LABELS, phase_journal
from .keys import EVERYTHING, LABELLED, PREPARED
from .paths import above, clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.config.model import Config, Storage, Unit
    from ignition.engine.context import PhaseContext
    from ignition.system.root import Root

_TABLES = ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")
_TABLES_LOCK = ".pwd.lock"


def note_step(config: Config, root: Root, context: PhaseContext) -> Step:
    """The step that records, before anything is made, which paths will be new."""
    journal = phase_journal(root, context)
    wanted = sorted(root.first_missing_of(_created_paths(config, root, context)))
    return Step(
        "record which paths will be new",
        context.origin(),
        lambda task: journal.note(LABELS, "", paths=wanted),
        provides=(PREPARED,),
        done=lambda: not wanted,
    )


def relabel_step(config: Config, root: Root, context: PhaseContext) -> Step:
    """The step that labels, after everything else, what this run and interrupted runs have made."""
    journal = phase_journal(root, context)

    def do(_: object) -> None:
        noted = {
            path for note in journal.notes() if note["kind"] == LABELS for path in note["paths"]
        }
        made = _not_below(noted, _created_paths(config, root, context))
        paths = {*noted, *made, *_account_paths(config, root)}
        # Notes are not trusted, so their paths are resolved inside the root once more.
        selinux.relabel(context, [root.full_path(path) for path in root.resolve_all(paths)])

    return Step("set SELinux labels", context.origin(), do, needs=EVERYTHING, provides=(LABELLED,))


def _not_below(new: set[str], paths: Iterator[str]) -> Iterator[str]:
    """The paths that are not in a new folder, which setfiles labels recursively."""
    inside: dict[str, bool] = {}
    for path in paths:
        parent = path.rpartition("/")[0]
        known = inside.get(parent)
        if known is None:
            known = inside[parent] = not new.isdisjoint(above(parent))
        if not known:
            yield path


def _created_paths(config: Config, root: Root, context: PhaseContext) -> Iterator[str]:
    """Resolved paths of all entries, units, presets, key files and platform files."""
    yield from root.resolve_all(_entry_paths(config.storage))
    yield from root.resolve_all(_unit_paths(config.systemd.units))
    if config.storage.luks:
        from ..luks import records

        yield from root.resolve_all(records.paths(config, context.settings))
    yield from root.resolve_all(file["path"] for file in context.state.provider_output_files)


def _entry_paths(storage: Storage) -> Iterator[str]:
    for nodes in (storage.directories, storage.files, storage.links):
        for node in nodes:
            yield node.path


def _unit_paths(wanted: list[Unit]) -> Iterator[str]:
    for unit in wanted:
        if unit.contents or unit.mask:
            yield clean(f"{units.FOLDER}/{unit.name}")
        if any(dropin.contents is not None for dropin in unit.dropins):
            yield clean(f"{units.FOLDER}/{unit.name}.d")
    if any(unit.enabled is not None for unit in wanted):
        yield f"{presets.FOLDER}/{presets.NAME}"


def _account_paths(config: Config, root: Root) -> Iterator[str]:
    """The account tables with their backups, and the homes of the config's users."""
    passwd = config.passwd
    if not (passwd.users or passwd.groups):
        return
    etc = root.resolve_folder("/etc")
    folder = root.existing_folder(etc)
    if folder is not None:
        with folder:
            for name in folder.names():
                if name == _TABLES_LOCK or name.startswith(_TABLES):
                    yield f"{etc}/{name}"
    accounts = Accounts(root)
    for wanted in passwd.users:
        user = accounts.user(wanted.name)
        if user is not None and wanted.should_exist is not False and not wanted.no_create_home:
            yield root.resolve_folder(user.home)
