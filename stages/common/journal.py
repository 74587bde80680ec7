# SPDX-License-Identifier: Apache-2.0
"""The journal: notes on the target that make the files phase repeatable after an interruption.

Some actions cannot be recognised by their result: an append, a half-created user, a file that may only be
made where nothing exists, a key file, a new folder that needs a label, a folder with temporary files. Each is
recorded durably before it starts, with the digest of the config, and a run with another digest ignores the
note. At the end of the phase the result file takes over the notes that a later run needs.
"""

from __future__ import annotations

import _thread
import os
from stat import S_ISREG

from ignition.base import digest, gojson
from ignition.base.errors import Refused, failure_from_oserror
from ignition.base.files import STATE_LIMIT, read_regular
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
KEY_FILE = "key file"
BATCH = 500  # notes that are serialised at a time
ENTRIES = "entries"
WRITTEN = "written"
CARRIED_OVER = (APPEND, ENTRIES, KEY_FILE)  # kinds of notes that the result file takes over


class Journal:
    """The notes of runs with this config. Without a digest, as in a live apply, it records nothing."""

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
        """`earlier`: the notes in the result file of a complete run with this config."""
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
        """The last note with this kind and key, or None."""
        self.notes()
        return self._last.get((kind, key))

    def unfinished(self, kind: str) -> dict[str, Any] | None:
        """The last note of this kind of an incomplete run, or None."""
        return _latest(self.notes()[len(self._written) :], kind)

    def finished(self, kind: str) -> dict[str, Any] | None:
        """The last note of this kind of a complete run, or None."""
        return _latest(self._written, kind)

    def earlier(self) -> list[dict[str, Any]]:
        """Notes of earlier runs."""
        known = self.notes()  # sets self._known
        return known[: self._known]

    def is_current(self, note: dict[str, Any]) -> bool:
        """Whether this run wrote the note."""
        return id(note) in self._new

    def notes(self) -> list[dict[str, Any]]:
        """All notes of runs with this config, those of complete runs first."""
        if self._notes is None:
            notes = self._written + self._read()
            self._known = len(notes)
            self._last = {_key(note): note for note in notes}
            self._notes = notes
        return self._notes

    def note(self, kind: str, key: str, **facts: Any) -> None:
        """Records a note durably."""
        self.note_all([{"kind": kind, "key": key, **facts}])

    def note_all(self, facts: list[dict[str, Any]]) -> None:
        """Records notes durably; each has `kind` and `key`. The journal takes over the list."""
        if not self.digest or not facts:
            return
        # In place, since there may be very many.
        for index, note in enumerate(facts):
            facts[index] = {"config": self.digest, **note}
        with self._lock:
            known = self.notes()
            self._append(facts)
            known += facts
            # `known` keeps the objects alive, and so their ids unique.
            self._new.update(map(id, facts))
            self._last.update((_key(note), note) for note in facts)

    def would_block(self, paths: Iterable[str]) -> bool:
        """Whether making the journal's folder would occupy one of these paths."""
        if self.folder_exists():
            return False
        return not set(above(self._root.resolve_folder(FOLDER))).isdisjoint(paths)

    def folder_exists(self) -> bool:
        """Whether the journal's folder exists."""
        return self._root.lstat(self._root.resolve_folder(FOLDER)) is not None

    def all(self) -> list[dict[str, Any]]:
        """The valid notes in the file, of all configs."""
        folder = self._root.existing_folder(FOLDER)
        if folder is None:
            return []
        with folder:
            found = folder.lstat(NAME)
            if found is None:
                return []
            _require_own(found, folder)
            return list(notes.parse(folder.read(NAME, MAX_SIZE)))

    def warn_of_others(self, log: Log) -> None:
        """Logs a warning for each other config with an incomplete run on this target."""
        others = {note.get("config") for note in self.all()} - {self.digest}
        for other in sorted(map(str, others)):
            log.warning(
                f"a run with another config, {other[:19]}, was interrupted on this system; its files"
                " count as foreign"
            )

    def remove(self) -> None:
        """Deletes the journal once the phase is complete."""
        with self._root.folder(FOLDER) as folder:
            folder.remove(NAME)

    def _read(self) -> list[dict[str, Any]]:
        return [note for note in self.all() if note.get("config") == self.digest]

    def _append(self, notes: list[dict[str, Any]]) -> None:
        with self._root.folder(FOLDER) as folder:
            try:
                fileno = _open(folder)
                try:
                    # Ends a last line that an earlier run left incomplete.
                    write_all(fileno, b"\n")
                    for start in range(0, len(notes), BATCH):
                        batch = notes[start : start + BATCH]
                        write_all(fileno, "".join([gojson.dumps(n) + "\n" for n in batch]).encode())
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
    """A descriptor for appending to the journal; a new one gets mode 0600."""
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
    """Refuses a file that we cannot have made: one of another user, or with a hard link."""
    if S_ISREG(found.st_mode) and (found.st_uid != os.geteuid() or found.st_nlink > 1):
        raise Refused(
            "IGN3405",
            f"{folder.full_path(NAME)} belongs to another user or has a hard link",
            hint="it is not the engine's journal: remove it",
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
    journal = context.journal
    if not isinstance(journal, Journal):
        config_digest = digest_of_config(context)
        notes = _notes_of_result(root, context, config_digest)
        journal = context.journal = Journal(root, config_digest, notes)
    return journal


def digest_of_config(context: PhaseContext) -> str:
    """The SHA-512 of the cached user config, then that of the base configs if any; "" without a cache."""
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
