# SPDX-License-Identifier: Apache-2.0
"""What a file of the config holds: where its bytes come from, and how they get to their place.

Contents and everything appended to them are fetched and verified in a temporary file, which then takes the
file's name: a file is there whole or not at all.
"""

from __future__ import annotations

import _thread
import os
from stat import S_IMODE, S_ISDIR

from ignition.base.errors import Failure
from ignition.base.log import quote
from ignition.config import dataurl
from ignition.config.model import File
from ignition.system.folder import KEEP

from . import append
from .decisions import KEEP_NODE, MODE_OF_FILE, RESUME, file_exists
from .earlier_runs import FINISHED, NOBODY, UNFINISHED, Earlier
from .entries import FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ignition.base.log import Log
    from ignition.engine.context import PhaseContext
    from ignition.resource.context import FetchContext
    from ignition.system.folder import Body, Folder

    from ..common.journal import Journal
    from .entries import Entry
    from .owners import Owners

    Fill = Callable[[int], None]

_PIECE = 1 << 20


class Supplies:
    """What all files of a run share."""

    __slots__ = ("_context", "_lock", "context", "earlier", "journal", "owners")

    def __init__(self, context: PhaseContext, owners: Owners, journal: Journal) -> None:
        self.context = context
        self.owners = owners
        self.journal = journal
        self.earlier = Earlier(journal)
        self._lock = _thread.allocate_lock()
        self._context: FetchContext | None = None

    @property
    def fetch_context(self) -> FetchContext:
        """One for all, so that connections are used again; made when the first file needs it."""
        with self._lock:
            if self._context is None:
                self._context = self.context.fetch_context
            return self._context


def is_remote(entry: Entry) -> bool:
    """Whether any byte of it comes over the network."""
    if entry.kind != FILE:
        return False
    for part in _parts(entry.node.raw):
        source = part.get("source") or ""
        if not source or source[:5] == "data:":
            continue
        from ignition.resource.fetch import OFFLINE_SCHEMES  # most configs carry all their bytes

        if source.partition(":")[0] not in OFFLINE_SCHEMES:
            return True
    return False


def _parts(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of a file, in the order of their bytes, as they stand in the canonical value."""
    contents = raw.get("contents")
    appended = raw.get("append") or []
    return [contents, *appended] if contents and "source" in contents else appended


def write(
    entry: Entry,
    folder: Folder,
    action: str,
    found: os.stat_result | None,
    supplies: Supplies,
    log: Log,
) -> bool:
    """Does to a file what `judge` said; `found` is what lies at its place. True if its bytes were written,
    which is left to the caller to log: there may be very many."""
    name, raw = entry.name, entry.node.raw
    uid, gid = supplies.owners.of(entry.node)
    body = _body_of(entry, supplies)
    if action == KEEP_NODE and found is not None:
        _keep(entry, folder, found, body, (uid, gid), supplies, log)
        return False
    mode = raw.get("mode", MODE_OF_FILE)
    if action == RESUME and found is not None:
        maker = supplies.earlier.maker(entry.path)
        _demand_ours(maker, body, name, folder, found)
        if isinstance(body, bytes):
            if _is_whole(body, name, folder, found, (mode, uid, gid)):
                return False
        elif maker == FINISHED:
            body = _only_the_same(body, name, folder)
    is_folder = found is not None and S_ISDIR(found.st_mode)
    folder.write(name, body, mode, uid, gid, clear=is_folder)
    return True


def _keep(
    entry: Entry,
    folder: Folder,
    found: os.stat_result,
    body: Body,
    owner: tuple[int, int],
    supplies: Supplies,
    log: Log,
) -> None:
    """Appends to a file that stays, and gives it owner and mode."""
    raw = entry.node.raw
    path = quote(folder.full_path(entry.name))
    mode = raw.get("mode")
    has_capabilities = folder.has_capabilities(entry.name)
    # Ignition sets the owner of every file, and so takes from it what the kernel then takes away.
    anew = has_capabilities or (mode is None and bool(found.st_mode & 0o6000))
    if raw.get("append"):
        log.info(f"appending to file {path}")
        if not append.extend(folder, entry.name, body, supplies.journal):
            log.info(f"{path} was appended to by an earlier run of this config")
    if folder.set_attributes(entry.name, found, mode, *owner, force=anew):
        log.info(f"set owner and mode of file {path}")
    now = folder.lstat(entry.name)
    if mode is None and now is not None and found.st_mode & ~now.st_mode & 0o6000:
        log.warning(f"{path} has lost its setuid and setgid bits; give its mode to keep them")
    if has_capabilities:
        log.warning(f"{path} has lost its capabilities; leave it out of the config to keep them")


def refuse_foreign(entry: Entry, folder: Folder, found: os.stat_result, maker: str) -> None:
    """Refuses early what `write` would refuse, where that takes no fetching."""
    _demand_ours(maker, _plain_body(entry.node.raw), entry.name, folder, found)


def _demand_ours(
    maker: str, body: Body | None, name: str, folder: Folder, found: os.stat_result
) -> None:
    """What is there may go if an earlier run left it half made, or if it would be made again as it is."""
    if maker == UNFINISHED:
        return
    if maker == NOBODY or (isinstance(body, bytes) and not _holds(body, name, folder, found)):
        raise file_exists(folder, name)


def _is_whole(
    body: bytes, name: str, folder: Folder, found: os.stat_result, wanted: tuple[int, int, int]
) -> bool:
    """Whether nothing is left to do for a file that an earlier run made."""
    mode, uid, gid = wanted
    return (
        S_IMODE(found.st_mode) == mode
        and found.st_uid == max(uid, 0)
        and found.st_gid == (folder.group() if gid == KEEP else gid)
        and _holds(body, name, folder, found)
    )


def _holds(body: bytes, name: str, folder: Folder, found: os.stat_result) -> bool:
    if found.st_size != len(body):
        return False
    fileno = folder.open(name)
    try:
        at = 0
        while piece := os.pread(fileno, _PIECE, at):
            if not body.startswith(piece, at):
                return False
            at += len(piece)
    finally:
        os.close(fileno)
    return at == len(body)


def _only_the_same(fetch: Fill, name: str, folder: Folder) -> Fill:
    """Fetches, and refuses if that is not what the file holds."""

    def fill(fileno: int) -> None:
        fetch(fileno)
        present = folder.open(name)
        try:
            if not _are_alike(fileno, present):
                raise file_exists(folder, name)
        finally:
            os.close(present)

    return fill


def _are_alike(file: int, other: int) -> bool:
    at = 0
    while piece := os.pread(file, _PIECE, at):
        if piece != os.pread(other, len(piece), at):
            return False
        at += len(piece)
    return not os.pread(other, 1, at)


def _body_of(entry: Entry, supplies: Supplies) -> Body:
    """The file's bytes if they stand in the config as they are, else what fetches them."""
    plain = _plain_body(entry.node.raw)
    if plain is not None:
        return plain
    file = File(entry.node.raw)
    resources = [file.contents, *file.append]

    def fetch(fileno: int) -> None:
        from ignition.resource.fetch import fetch_to

        origin = supplies.context.origin(*entry.place)
        for resource in resources:
            if resource.source is not None:
                fetch_to(supplies.fetch_context, resource, fileno, origin)

    return fetch


def _plain_body(raw: dict[str, Any]) -> bytes | None:
    parts = _parts(raw)
    for part in parts:
        if not _is_plain(part):
            return None
    try:
        return b"".join([dataurl.decode(part["source"]) for part in parts if part.get("source")])
    except dataurl.DataUrlError as error:
        raise Failure("IGN4016", f"not a data URL: {error}") from error


def _is_plain(part: dict[str, Any]) -> bool:
    """Whether decoding its data URL is all there is to do."""
    source = part.get("source") or "data:"
    if source[:5] != "data:":
        return False
    if len(part) == 1:
        return True
    return not part.get("compression") and not (part.get("verification") or {}).get("hash")
