# SPDX-License-Identifier: Apache-2.0
"""Notes on the target about acts that a bare repetition would break.

Some of what the files phase does cannot be told from what was there before by looking at it: an append (a
second run would append again), the making of a user (a user without a home looks like one that was there
before), a file that is made only where nothing is, and which folders are new and need labels. The folders
where temporary files may lie cannot be known from another config. Each is noted,
on disk before it begins, together with the digest of the config; a run with another digest does not see the
note. When the phase is complete, the result file takes over the notes that a repetition needs.
"""

from __future__ import annotations

import _thread
import os
from stat import S_ISREG

from ignition.base import gojson
from ignition.base.errors import Refused, failure_from_oserror
from ignition.base.files import STATE_LIMIT, read_regular
from ignition.resource import digest
from ignition.system.folder import write_all

from . import notes
from .paths import above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ignition.base.log import Log
    from ignition.engine.context import PhaseContext
    from ignition.system.folder import Folder
    from ignition.system.root import Root

FOLDER = "/etc"
MAX_SIZE = 64 << 20
NAME = ".ignition-journal"
APPEND = "append"
ACCOUNT = "account"
LABELS = "labels"
BATCH = 500  # notes that are held as text at one time
ENTRIES = "entries"
WRITTEN = "written"
CARRIED_OVER = (APPEND, ENTRIES)  # kinds that the result file takes over


class Journal:
    """The notes of runs with this config. Without a digest, as in a live apply, nothing is noted."""

    __slots__ = (
        "_folder_synced",
        "_known",
        "_last",
        "_lock",
        "_new",
        "_notes",
        "_root",
        "_written",
        "digest",
    )

    def __init__(self, root: Root, config_digest: str, earlier: list[Any]) -> None:
        """`earlier` are the notes that the result file of a complete run with this config took over."""
        self._root = root
        self.digest = config_digest
        self._written = [note for note in earlier if notes.is_valid(note)]
        self._notes: list[dict[str, Any]] | None = None
        self._known = 0
        self._last: dict[tuple[str, str], dict[str, Any]] = {}
        self._new: set[int] = set()
        self._folder_synced = False
        self._lock = _thread.allocate_lock()

    def find(self, kind: str, key: str) -> dict[str, Any] | None:
        """The last note about this, or None."""
        self.notes()
        return self._last.get((kind, key))

    def unfinished(self, kind: str) -> dict[str, Any] | None:
        """The last note of this kind of a run that did not come to its end, or None."""
        return _latest(self.notes()[len(self._written) :], kind)

    def finished(self, kind: str) -> dict[str, Any] | None:
        """The last note of this kind of a run that did come to its end, or None."""
        return _latest(self._written, kind)

    def earlier(self) -> list[dict[str, Any]]:
        """Notes that were there before this run wrote any."""
        known = self.notes()  # this counts them, the first time
        return known[: self._known]

    def is_current(self, note: dict[str, Any]) -> bool:
        """Whether this journal wrote the note itself."""
        return id(note) in self._new

    def notes(self) -> list[dict[str, Any]]:
        """All notes of runs with this config that did not come to their end, or did and were repeated."""
        if self._notes is None:
            notes = self._written + self._read()
            self._known = len(notes)
            self._last = {_key(note): note for note in notes}
            self._notes = notes
        return self._notes

    def note(self, kind: str, key: str, **facts: Any) -> None:
        """Writes a note down; when this returns it is on the disk."""
        self.note_all([{"kind": kind, "key": key, **facts}])

    def note_all(self, facts: list[dict[str, Any]]) -> None:
        """Writes many notes down, each with `kind` and `key`; when this returns they are on the disk. The
        list is the journal's from now on."""
        if not self.digest or not facts:
            return
        # There may be very many: none is held twice.
        for index, note in enumerate(facts):
            facts[index] = {"config": self.digest, **note}
        with self._lock:
            known = self.notes()
            self._append(facts)
            known += facts
            self._new.update(map(id, facts))  # `known` keeps them, and so their numbers
            self._last.update((_key(note), note) for note in facts)

    def would_block(self, paths: Iterable[str]) -> bool:
        """Whether the folder of the journal would have to be made where an entry of the config shall lie."""
        if self.folder_exists():
            return False
        return not set(above(self._root.resolve_folder(FOLDER))).isdisjoint(paths)

    def folder_exists(self) -> bool:
        """Whether the folder of the journal is there."""
        return self._root.lstat(self._root.resolve_folder(FOLDER)) is not None

    def all(self) -> list[dict[str, Any]]:
        """The notes in the file, of all configs."""
        return self._lines()

    def warn_of_others(self, log: Log) -> None:
        """Says so if a run with another config began here and did not come to its end."""
        others = {note.get("config") for note in self._lines()} - {self.digest}
        for other in sorted(map(str, others)):
            log.warning(
                f"a run with another config, {other[:19]}, was cut short on this system; what it left is"
                " judged like anything else that is there"
            )

    def remove(self) -> None:
        """Takes the file away: the phase is complete."""
        with self._root.folder(FOLDER) as folder:
            folder.remove(NAME)

    def _read(self) -> list[dict[str, Any]]:
        return [note for note in self._lines() if note.get("config") == self.digest]

    def _lines(self) -> list[dict[str, Any]]:
        folder = self._root.existing_folder(FOLDER)
        if folder is None:
            return []
        with folder:
            found = folder.lstat(NAME)
            if found is None:
                return []
            _require_own(found, folder)
            return list(notes.parse(folder.read(NAME, MAX_SIZE)))

    def _append(self, notes: list[dict[str, Any]]) -> None:
        with self._root.folder(FOLDER) as folder:
            try:
                fileno = _open(folder)
                try:
                    write_all(fileno, b"\n")  # a torn last line of an earlier run gets its end
                    for start in range(0, len(notes), BATCH):
                        portion = notes[start : start + BATCH]
                        write_all(
                            fileno, "".join([gojson.dumps(n) + "\n" for n in portion]).encode()
                        )
                    os.fsync(fileno)
                finally:
                    os.close(fileno)
                if not self._folder_synced:
                    os.fsync(folder.fileno)
                    self._folder_synced = True
            except OSError as error:
                raise failure_from_oserror(
                    error, f"cannot write {folder.full_path(NAME)}"
                ) from error


def _open(folder: Folder) -> int:
    """The file, at whose end is written. A new one is 0600."""
    if folder.lstat(NAME) is None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(NAME, flags, 0o600, dir_fd=folder.fileno)
    fileno = folder.open(NAME, os.O_WRONLY | os.O_APPEND)
    try:
        _require_own(os.fstat(fileno), folder)
    except BaseException:
        os.close(fileno)
        raise
    return fileno


def _require_own(found: os.stat_result, folder: Folder) -> None:
    """Refused for a file that no run of ours can have made: it belongs to another user, or is the same as
    another file, to which each note would be written too."""
    if S_ISREG(found.st_mode) and (found.st_uid != os.geteuid() or found.st_nlink > 1):
        raise Refused(
            "IGN3405",
            f"{folder.full_path(NAME)} belongs to another user or is another file too",
            hint="it is no journal of ours: remove it",
        )


def _key(note: dict[str, Any]) -> tuple[str, str]:
    return note["kind"], note["key"]


def _latest(notes: list[dict[str, Any]], kind: str) -> dict[str, Any] | None:
    return next((note for note in reversed(notes) if note.get("kind") == kind), None)


def exists(root: Root) -> bool:
    """Whether an earlier run, of this or another config, left its journal."""
    return root.lstat(f"{FOLDER}/{NAME}") is not None


def phase_journal(root: Root, context: PhaseContext) -> Journal:
    """The journal that all stages of the phase share. The first that asks opens it."""
    if context.journal is None:
        config_digest = digest_of_config(context)
        notes = _notes_of_result(root, context, config_digest)
        context.journal = Journal(root, config_digest, notes)
    journal: Journal = context.journal
    return journal


def digest_of_config(context: PhaseContext) -> str:
    """The sum of the rendered user config as it is cached, and of the base configs if there are any; empty
    without a cache."""
    state = context.state
    known = state.config_sha512 if state.origins is not None else ""
    user = known or _sum_of_file(context.settings.config_cache)
    base = state.base_configs
    if not user or base is None or not base.config:
        return f"sha512-{user}" if user else ""
    return f"sha512-{user}+{base.sha512}"


def _sum_of_file(path: str) -> str:
    try:
        return digest.sha512(read_regular(path, STATE_LIMIT, follow=True))
    except FileNotFoundError:
        return ""


def _notes_of_result(root: Root, context: PhaseContext, config_digest: str) -> list[Any]:
    path = context.settings.result_file
    try:
        result = gojson.loads_strict((path and root.read(path, MAX_SIZE)) or b"null")
    except ValueError:
        return []
    ours = result.get("engine") if isinstance(result, dict) else None
    if not isinstance(ours, dict) or ours.get("configDigest") != config_digest:
        return []
    kept = ours.get("journal")
    return kept if isinstance(kept, list) else []
