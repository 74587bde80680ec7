# SPDX-License-Identifier: Apache-2.0
"""Directories, files and links of the target.

One step makes all entries of a folder, or of many folders of one depth: first directories, then files, then
symlinks. It waits for the steps that make its parent folders. One step fetches all remote files in parallel.
Hard links are made last.
"""

from __future__ import annotations

from ignition.base.errors import Failure, combine
from ignition.base.log import quote
from ignition.engine.step import Step
from ignition.system.root import Root

from ..common.journal import WRITTEN, phase_journal
from ..common.keys import ACCOUNTS, ENTRIES, LINKS, NOTED, PREPARED
from ..common.paths import above
from . import append, contents, decisions, entries, preflight
from .contents import FileContext
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

MAX_STEPS = 100  # for each depth of folders
NAMES_PER_LINE = 50  # in the log


def plan(config: Config, context: PhaseContext) -> Iterator[Step]:
    """The entries of `storage`, folder by folder, shallow ones first.

    Refused: two entries at the same path, and an entry whose path is occupied and may not be overwritten.
    """
    root = Root(context.root)
    all_entries = entries.resolve_all(config.storage, root, context)
    if not all_entries:
        return
    folders = _by_folder(all_entries)
    shared = FileContext(context, Owners(root), phase_journal(root, context))
    if context.settings.spool:
        contents.spool(all_entries, shared)
    there = preflight.check(folders, config, root, shared)
    yield _note_step(all_entries, folders, there, root, shared)
    hard_links = [entry for entry in all_entries if entry.is_hard_link]
    if hard_links:
        folders = _by_folder(entry for entry in all_entries if not entry.is_hard_link)
    places = {entry.path for entry in all_entries}
    ancestors = places.intersection(ancestor for path in folders for ancestor in above(path))
    remote = [entry for group in folders.values() for entry in group if contents.is_remote(entry)]
    if remote:
        gone = set(remote)
        folders = _by_folder(
            entry for group in folders.values() for entry in group if entry not in gone
        )
    for paths in _batches(folders):
        yield _folder_step({path: folders[path] for path in paths}, root, shared, ancestors)
    if remote:
        yield _remote_step(remote, root, shared, ancestors)
    if hard_links:
        yield _hard_link_step(hard_links, root, shared)


def _by_folder(found: Iterable[Entry]) -> dict[str, list[Entry]]:
    folders: dict[str, list[Entry]] = {}
    for entry in found:
        folders.setdefault(entry.folder, []).append(entry)
    return folders


def _batches(folders: Iterable[str]) -> Iterator[list[str]]:
    """The folders in batches of equal depth, shallow ones first. If there are few, a batch is one folder."""
    ordered = sorted(folders, key=lambda path: (path.count("/"), path))
    size = -(-len(ordered) // MAX_STEPS)
    batch: list[str] = []
    for path in ordered:
        if batch and (len(batch) == size or batch[0].count("/") != path.count("/")):
            yield batch
            batch = []
        batch.append(path)
    if batch:
        yield batch


def _note_step(
    all_entries: list[Entry],
    folders: dict[str, list[Entry]],
    there: list[str] | None,
    root: Root,
    shared: FileContext,
) -> Step:
    """Records in the journal what exists before the first entry is made.

    `there` lists the occupied paths as of planning. None: the accounts may have changed them since.
    """
    appended = [entry for entry in all_entries if entry.appends]
    journal = shared.journal

    def do(task: Task) -> None:
        found = _occupied_now(folders, root, shared) if there is None else there
        if journal.would_block(
            entry.path for entry in all_entries if entry.kind != entries.DIRECTORY
        ):
            return
        notes = append.notes(appended, root, journal)
        if any(map(_needs_free_path, all_entries)):
            notes += shared.earlier.notes(found)
        if notes or (journal.folder_exists() and any(map(_is_written, all_entries))):
            notes.append({"kind": WRITTEN, "key": "", "folders": sorted(folders)})
        journal.note_all(notes)

    return Step(
        summary="record existing files",
        origin=shared.context.origin("storage"),
        do=do,
        needs=(PREPARED, ACCOUNTS),
        provides=(NOTED,),
    )


def _occupied_now(folders: dict[str, list[Entry]], root: Root, shared: FileContext) -> list[str]:
    refused: list[Failure] = []
    found = preflight.occupied_paths(folders, root, shared, refused.append)
    if refused:
        raise combine(refused)
    return found


def _is_written(entry: Entry) -> bool:
    """Whether it is written under a temporary name first."""
    return entry.kind == entries.LINK or entry.has_contents


def _needs_free_path(entry: Entry) -> bool:
    """Whether it is refused if anything exists at its path."""
    if entry.node.overwrite:
        return False
    return entry.is_hard_link or entry.has_contents


def _folder_step(
    folders: dict[str, list[Entry]], root: Root, shared: FileContext, ancestors: set[str]
) -> Step:
    def do(task: Task) -> None:
        for path, group in folders.items():
            _apply_folder(path, group, root, shared, task.log)

    all_entries = [entry for group in folders.values() for entry in group]
    return Step(
        summary=_describe(all_entries),
        origin=_origin(all_entries, shared.context),
        do=do,
        needs=(PREPARED, ACCOUNTS, NOTED, *_needs(folders, ancestors)),
        provides=(ENTRIES, *(_key(entry.path) for entry in all_entries if entry.path in ancestors)),
    )


def _apply_folder(path: str, group: list[Entry], root: Root, shared: FileContext, log: Log) -> None:
    """Makes the entries of one folder, and the folder itself if it is missing."""
    written: list[str] = []
    with root.folder(path) as folder:
        names = folder.sweep() | {"."}
        try:
            for entry in group:
                if apply(entry, folder, names, shared, log):
                    written.append(entry.name)
        finally:
            _log_written(written, folder, log)


def apply(entry: Entry, folder: Folder, names: set[str], shared: FileContext, log: Log) -> bool:
    """Makes one entry. Returns True if it wrote a file; the caller logs that.

    `names` must contain the entry's name if it may exist in the folder.
    """
    try:
        found = folder.lstat(entry.name) if entry.name in names else None
        action = decisions.decide(entry, folder, found)
        if entry.kind == entries.FILE:
            return contents.write(entry, folder, action, found, shared, log)
        if entry.kind == entries.DIRECTORY:
            decisions.make_directory(entry, folder, action, shared.owners, log)
        else:
            decisions.make_symlink(entry, folder, action, shared.owners, log)
    except Failure as failure:
        failure.add_origin(shared.context.origin(*entry.config_path))
        raise
    return False


def _log_written(written: list[str], folder: Folder, log: Log) -> None:
    """Logs many files per line: with thousands of files, a line each takes longer than writing them."""
    if len(written) == 1:
        log.info(f"wrote file {quote(folder.full_path(written[0]))}")
        return
    for start in range(0, len(written), NAMES_PER_LINE):
        names = " ".join(quote(name) for name in written[start : start + NAMES_PER_LINE])
        log.info(f"wrote files in {quote(folder.full_path(''))}: {names}")


def _remote_step(group: list[Entry], root: Root, shared: FileContext, ancestors: set[str]) -> Step:
    from ..common.parallel import ProgressCounter, run_parallel

    paths = sorted({entry.folder for entry in group})

    def job(entry: Entry, task: Task, progress: ProgressCounter) -> Callable[[], None]:
        def do() -> None:
            with root.folder(entry.folder) as folder:
                if apply(entry, folder, {entry.name}, shared, task.log):
                    _log_written([entry.name], folder, task.log)
            progress.job_done()

        return do

    def do(task: Task) -> None:
        for path in paths:
            with root.folder(path) as folder:
                folder.sweep()
        progress = ProgressCounter(len(group), task.progress)
        shared.fetch_context.progress = progress.report
        run_parallel([job(entry, task, progress) for entry in group], contents.CONNECTIONS)

    return Step(
        summary="fetch and " + _describe(group),
        origin=_origin(group, shared.context),
        do=do,
        needs=(PREPARED, ACCOUNTS, NOTED, *_needs(paths, ancestors)),
        provides=(ENTRIES,),
    )


def _hard_link_step(links: list[Entry], root: Root, shared: FileContext) -> Step:
    from . import hardlinks

    context = shared.context
    return Step(
        summary=_describe(links),
        origin=_origin(links, context),
        do=lambda task: hardlinks.create_all(links, root, context, shared.earlier, task.log),
        needs=(PREPARED, ACCOUNTS, NOTED, ENTRIES),
        provides=(LINKS,),
    )


def _describe(group: list[Entry]) -> str:
    """The summary of a step."""
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
    return context.origin(*group[0].config_path) if len(group) == 1 else context.origin("storage")


def _key(path: str) -> str:
    return f"path:{path}"


def _needs(folders: Iterable[str], ancestors: set[str]) -> set[str]:
    """Keys of the entries that are these folders or their parents, among `ancestors`."""
    return {_key(ancestor) for path in folders for ancestor in above(path) if ancestor in ancestors}
