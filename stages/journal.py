# SPDX-License-Identifier: Apache-2.0
"""Notes on the target about acts that a bare repetition would break (DESIGN 6.3).

Almost everything that the files phase does is recognised by its result. Three things are not: an append (a
second run would append again), the making of a user (a user without a home looks like one that was there
before), and which folders are new and need labels. Each is noted, on disk before it begins, together with the
digest of the config; a run with another digest does not see the note. When the phase is complete, the result
file takes over the notes about appends.
"""

from __future__ import annotations

import _thread
import os

from ignition.base import gojson
from ignition.base.files import OWN_LIMIT, read_regular
from ignition.resource import digest
from ignition.system.folder import write_all
from ignition.system.trouble import trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.log import Log
    from ignition.engine.machine import Machine
    from ignition.system.root import Root

FOLDER = "/etc"
NAME = ".ignition-journal"
APPEND = "append"
ACCOUNT = "account"
LABELS = "labels"


class Journal:
    """The notes of runs with this config. Without a digest, as in a live apply, nothing is noted."""

    __slots__ = ("_known", "_lock", "_notes", "_root", "_written", "digest")

    def __init__(self, root: Root, config_digest: str, earlier: list[Any]) -> None:
        """`earlier` are the notes that the result file of a complete run with this config took over."""
        self._root = root
        self.digest = config_digest
        self._written = [note for note in earlier if isinstance(note, dict)]
        self._notes: list[dict[str, Any]] | None = None
        self._known = 0
        self._lock = _thread.allocate_lock()

    def find(self, kind: str, key: str) -> dict[str, Any] | None:
        """The last note of an earlier run about this, or None."""
        matching = [
            note for note in self.notes() if note.get("kind") == kind and note.get("key") == key
        ]
        return matching[-1] if matching else None

    def earlier(self) -> list[dict[str, Any]]:
        """Notes that were there before this run wrote any."""
        notes = self.notes()  # this counts them, the first time
        return notes[: self._known]

    def notes(self) -> list[dict[str, Any]]:
        """All notes of runs with this config that did not come to their end, or did and were repeated."""
        if self._notes is None:
            self._notes = self._written + self._read()
            self._known = len(self._notes)
        return self._notes

    def note(self, kind: str, key: str, **facts: Any) -> None:
        """Writes a note down; when this returns it is on the disk."""
        if not self.digest:
            return
        note = {"config": self.digest, "kind": kind, "key": key, **facts}
        with self._lock:
            notes = self.notes()
            self._append(gojson.dumps(note).encode())
            notes.append(note)

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
        notes = []
        for line in (self._root.read(f"{FOLDER}/{NAME}") or b"").splitlines():
            try:
                note = gojson.loads(line.decode())
            except ValueError:
                continue  # the line that a power cut tore: its act has not begun
            if isinstance(note, dict):
                notes.append(note)
        return notes

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._root.folder(FOLDER) as folder:
            try:
                fileno = os.open(NAME, flags, 0o600, dir_fd=folder.fileno)
                try:
                    # A torn last line of an earlier run gets its end first.
                    write_all(fileno, b"\n" + line + b"\n")
                    os.fsync(fileno)
                finally:
                    os.close(fileno)
                os.fsync(folder.fileno)
            except OSError as error:
                raise trouble(error, f"cannot write {folder.show(NAME)}") from error


def open_journal(root: Root, machine: Machine) -> Journal:
    """The journal of this run."""
    config_digest = digest_of_config(machine)
    return Journal(root, config_digest, _notes_of_result(root, machine, config_digest))


def digest_of_config(machine: Machine) -> str:
    """The sum of the rendered user config as it is cached, and of the base configs if there are any; empty
    without a cache."""
    engine = machine.state.engine
    known = (
        engine.get("sha512") if "origins" in engine else None
    )  # else the cache is somebody else's
    user = known or _sum_of_file(machine.settings.config_cache)
    base = engine.get("base") or {}
    if not user or not base.get("config"):
        return f"sha512-{user}" if user else ""
    return f"sha512-{user}+{base['sha512']}"


def _sum_of_file(path: str) -> str:
    try:
        return digest.sha512(read_regular(path, OWN_LIMIT, follow=True))
    except FileNotFoundError:
        return ""


def _notes_of_result(root: Root, machine: Machine, config_digest: str) -> list[Any]:
    path = machine.settings.result_file
    try:
        result = gojson.loads(((path and root.read(path)) or b"null").decode())
    except ValueError:
        return []
    ours = result.get("engine") if isinstance(result, dict) else None
    if not isinstance(ours, dict) or ours.get("configDigest") != config_digest:
        return []
    notes = ours.get("journal")
    return notes if isinstance(notes, list) else []
