# SPDX-License-Identifier: Apache-2.0
"""Directories, files and links of the target.

One step stands for all entries of a folder, or of many folders of one depth, in the order directories, files,
symlinks; it waits for the entries of the config that lie above. Files that come over the network share one
step, which fetches many at once. Hard links follow when everything else is there.
"""

from __future__ import annotations

from ignition.base.errors import Failure, combine
from ignition.base.log import quote
from ignition.engine.step import Step
from ignition.system.root import Root

from ..common.journal import WRITTEN, phase_journal
from ..common.keys import ACCOUNTS, BEGUN, ENTRIES, LINKS, NOTED
from ..common.parallel import side_by_side
from ..common.paths import above
from ..common.progress import Tally
from . import append, contents, decisions, entries, hardlinks, preflight
from .contents import Supplies
from .owners import Owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config.model import Config
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task
    from ignition.system.folder import Folder

    from .entries import Entry

CONNECTIONS = 32  # files fetched at once; as many are kept open (resource/schemes/http_client.py)
STEPS = 100  # at most so many for each depth of folders
NAMES_A_LINE = 50  # of files written, in the log


def plan(config: Config, context: PhaseContext) -> Iterator[Step]:
    """The entries of `storage`, folder by folder, shallow ones first.

    Refused while planning: two entries at one place, and what lies there and may not be replaced.
    """
    root = Root(context.root)
    everything = entries.of_config(config.storage, root, context)
    if not everything:
        return
    folders = _by_folder(everything)
    supplies = Supplies(context, Owners(root), phase_journal(root, context))
    there = preflight.find(folders, config, root, context, supplies.earlier)
    yield _step_for_notes(everything, folders, there, root, supplies)
    hard_links = [entry for entry in everything if entry.node.raw.get("hard")]
    if hard_links:
        folders = _by_folder(entry for entry in everything if not entry.node.raw.get("hard"))
    places = {entry.path for entry in everything}
    uppers = places.intersection(upper for path in folders for upper in above(path))
    remote = [entry for group in folders.values() for entry in group if contents.is_remote(entry)]
    if remote:
        gone = set(remote)
        folders = _by_folder(
            entry for group in folders.values() for entry in group if entry not in gone
        )
    for paths in _portions(folders):
        yield _step_for_folders({path: folders[path] for path in paths}, root, supplies, uppers)
    if remote:
        yield _step_for_remote(remote, root, supplies, uppers)
    if hard_links:
        yield _step_for_hard_links(hard_links, root, supplies)


def _by_folder(found: Iterable[Entry]) -> dict[str, list[Entry]]:
    folders: dict[str, list[Entry]] = {}
    for entry in found:
        folders.setdefault(entry.folder, []).append(entry)
    return folders


def _portions(folders: Iterable[str]) -> Iterator[list[str]]:
    """The folders, shallow ones first, in portions of one depth: one each if they are few."""
    ordered = sorted(folders, key=lambda path: (path.count("/"), path))
    size = -(-len(ordered) // STEPS)
    portion: list[str] = []
    for path in ordered:
        if portion and (len(portion) == size or portion[0].count("/") != path.count("/")):
            yield portion
            portion = []
        portion.append(path)
    if portion:
        yield portion


def _step_for_notes(
    everything: list[Entry],
    folders: dict[str, list[Entry]],
    there: list[str] | None,
    root: Root,
    supplies: Supplies,
) -> Step:
    """Notes what is in the places of the entries before the first is made, all at one time. `there` is what
    was in the way while planning, None if that may be another matter by now."""
    appended = [entry for entry in everything if append.is_wanted(entry)]
    journal = supplies.journal

    def do(task: Task) -> None:
        found = _look_again(folders, root, supplies) if there is None else there
        if journal.would_be_in_the_way(
            entry.path for entry in everything if entry.kind != entries.DIRECTORY
        ):
            return
        notes = append.notes(appended, root, journal)
        if any(map(_needs_room, everything)):
            notes += supplies.earlier.notes(found)
        if notes or (journal.has_folder() and any(map(_is_written, everything))):
            notes.append({"kind": WRITTEN, "key": "", "folders": sorted(folders)})
        journal.note_all(notes)

    return Step(
        summary="note what is there",
        origin=supplies.context.origin("storage"),
        do=do,
        needs=(BEGUN, ACCOUNTS),
        provides=(NOTED,),
    )


def _look_again(folders: dict[str, list[Entry]], root: Root, supplies: Supplies) -> list[str]:
    refused: list[Failure] = []
    found = preflight.occupied(folders, root, supplies.context, supplies.earlier, refused.append)
    if refused:
        raise combine(refused)
    return found


def _is_written(entry: Entry) -> bool:
    """Whether it is made under a temporary name."""
    return entry.kind == entries.LINK or decisions.has_contents(entry)


def _needs_room(entry: Entry) -> bool:
    """Whether it may be made only where nothing is."""
    if entry.node.overwrite:
        return False
    return bool(entry.node.raw.get("hard")) or decisions.has_contents(entry)


def _step_for_folders(
    folders: dict[str, list[Entry]], root: Root, supplies: Supplies, uppers: set[str]
) -> Step:
    def do(task: Task) -> None:
        for path, group in folders.items():
            _fill(path, group, root, supplies, task.log)

    everything = [entry for group in folders.values() for entry in group]
    return Step(
        summary=_words(everything),
        origin=_origin(everything, supplies.context),
        do=do,
        needs=(BEGUN, ACCOUNTS, NOTED, *_needs(folders, uppers)),
        provides=(ENTRIES, *(_key(entry.path) for entry in everything if entry.path in uppers)),
    )


def _fill(path: str, group: list[Entry], root: Root, supplies: Supplies, log: Log) -> None:
    """Makes the entries of one folder, and the folder if it is missing."""
    written: list[str] = []
    with root.folder(path) as folder:
        names = folder.sweep() | {"."}
        try:
            for entry in group:
                if make(entry, folder, names, supplies, log):
                    written.append(entry.name)
        finally:
            _tell(written, folder, log)


def make(entry: Entry, folder: Folder, names: set[str], supplies: Supplies, log: Log) -> bool:
    """Decides and does. `names` are those in the folder, as far as they matter to the entry. True if a file
    was written, which is not logged yet."""
    try:
        found = folder.lstat(entry.name) if entry.name in names else None
        action = decisions.judge(entry, folder, found)
        if entry.kind == entries.FILE:
            return contents.write(entry, folder, action, found, supplies, log)
        if entry.kind == entries.DIRECTORY:
            decisions.make_directory(entry, folder, action, supplies.owners, log)
        else:
            decisions.make_symlink(entry, folder, action, supplies.owners, log)
    except Failure as failure:
        failure.add_origin(supplies.context.origin(*entry.place))
        raise
    return False


def _tell(written: list[str], folder: Folder, log: Log) -> None:
    """Logs files. A line each would take longer than the files do, where there are thousands."""
    if len(written) == 1:
        log.info(f"wrote file {quote(folder.full_path(written[0]))}")
        return
    for start in range(0, len(written), NAMES_A_LINE):
        names = " ".join(quote(name) for name in written[start : start + NAMES_A_LINE])
        log.info(f"wrote files in {quote(folder.full_path(''))}: {names}")


def _step_for_remote(group: list[Entry], root: Root, supplies: Supplies, uppers: set[str]) -> Step:
    paths = sorted({entry.folder for entry in group})

    def job(entry: Entry, task: Task, tally: Tally) -> Callable[[], None]:
        def do() -> None:
            with root.folder(entry.folder) as folder:
                if make(entry, folder, {entry.name}, supplies, task.log):
                    _tell([entry.name], folder, task.log)
            tally.ended()

        return do

    def do(task: Task) -> None:
        for path in paths:
            with root.folder(path) as folder:
                folder.sweep()
        tally = Tally(len(group), task.progress)
        supplies.fetch_context.progress = tally.say
        side_by_side([job(entry, task, tally) for entry in group], CONNECTIONS)

    return Step(
        summary="fetch and " + _words(group),
        origin=_origin(group, supplies.context),
        do=do,
        needs=(BEGUN, ACCOUNTS, NOTED, *_needs(paths, uppers)),
        provides=(ENTRIES,),
    )


def _step_for_hard_links(links: list[Entry], root: Root, supplies: Supplies) -> Step:
    context = supplies.context
    return Step(
        summary=_words(links),
        origin=_origin(links, context),
        do=lambda task: hardlinks.make_all(links, root, context, supplies.earlier, task.log),
        needs=(BEGUN, ACCOUNTS, NOTED, ENTRIES),
        provides=(LINKS,),
    )


def _words(group: list[Entry]) -> str:
    """What a step does, for people."""
    first = group[0]
    if len(group) == 1:
        verb = "write" if first.kind == entries.FILE else "make"
        return f"{verb} {first.path}"
    folders = {entry.folder for entry in group}
    where = first.folder or "/" if len(folders) == 1 else f"{len(folders)} folders"
    kinds = {entry.kind for entry in group}
    what = {entries.FILE: "files", entries.DIRECTORY: "directories", entries.LINK: "links"}
    name = what[first.kind] if len(kinds) == 1 else "entries"
    return f"write {len(group)} {name} in {where}"


def _origin(group: list[Entry], context: PhaseContext) -> Origin:
    return context.origin(*group[0].place) if len(group) == 1 else context.origin("storage")


def _key(path: str) -> str:
    return f"path:{path}"


def _needs(folders: Iterable[str], uppers: set[str]) -> set[str]:
    """Keys of the entries that lie above these folders, or are they; `uppers` are all such entries."""
    return {_key(upper) for path in folders for upper in above(path) if upper in uppers}
