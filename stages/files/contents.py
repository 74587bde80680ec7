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
from ignition.config.model import Resource
from ignition.system.folder import KEEP

from . import append
from .decisions import KEEP_NODE, MODE_OF_FILE, RESUME, file_exists
from .earlier_runs import FINISHED, FOREIGN, UNFINISHED, EarlierRuns
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

_CHUNK = 1 << 20


class FileContext:
    """What all files of a run share."""

    __slots__ = ("_context", "_lock", "context", "earlier", "journal", "owners")

    def __init__(self, context: PhaseContext, owners: Owners, journal: Journal) -> None:
        self.context = context
        self.owners = owners
        self.journal = journal
        self.earlier = EarlierRuns(journal)
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
    for resource in entry.raw_resources:
        source = resource.get("source")
        if not source or source[:5] == "data:":
            continue
        from ignition.resource.fetch import OFFLINE_SCHEMES  # most configs carry all their bytes

        if source.partition(":")[0] not in OFFLINE_SCHEMES:
            return True
    return False


def write(
    entry: Entry,
    folder: Folder,
    action: str,
    found: os.stat_result | None,
    shared: FileContext,
    log: Log,
) -> bool:
    """Does to a file what `decide` said; `found` is what lies at its place. True if its bytes were written,
    which is left to the caller to log: there may be very many."""
    name, file = entry.name, entry.file
    uid, gid = shared.owners.of(file)
    body = _body(entry, shared)
    if action == KEEP_NODE and found is not None:
        _keep(entry, folder, found, body, (uid, gid), shared, log)
        return False
    mode = MODE_OF_FILE if file.mode is None else file.mode
    if action == RESUME and found is not None:
        maker = shared.earlier.maker(entry.path)
        _require_own(maker, body, name, folder, found)
        if isinstance(body, bytes):
            if _is_complete(body, name, folder, found, (mode, uid, gid)):
                return False
        elif maker == FINISHED:
            body = _fetch_if_equal(body, name, folder)
    is_folder = found is not None and S_ISDIR(found.st_mode)
    folder.write(name, body, mode, uid, gid, clear=is_folder)
    return True


def _keep(
    entry: Entry,
    folder: Folder,
    found: os.stat_result,
    body: Body,
    owner: tuple[int, int],
    shared: FileContext,
    log: Log,
) -> None:
    """Appends to a file that stays, and gives it owner and mode."""
    file = entry.file
    path = quote(folder.full_path(entry.name))
    mode = file.mode
    has_capabilities = folder.has_capabilities(entry.name)
    # Ignition sets the owner of every file, and so takes from it what the kernel then takes away.
    anew = has_capabilities or (mode is None and bool(found.st_mode & 0o6000))
    if entry.appends:
        log.info(f"appending to file {path}")
        if not append.append_once(folder, entry.name, body, shared.journal):
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
    _require_own(maker, _inline_body(entry.raw_resources), entry.name, folder, found)


def _require_own(
    maker: str, body: Body | None, name: str, folder: Folder, found: os.stat_result
) -> None:
    """What is there may go if an earlier run left it half made, or if it would be made again as it is."""
    if maker == UNFINISHED:
        return
    if maker == FOREIGN or (isinstance(body, bytes) and not _has_bytes(body, name, folder, found)):
        raise file_exists(folder, name)


def _is_complete(
    body: bytes, name: str, folder: Folder, found: os.stat_result, wanted: tuple[int, int, int]
) -> bool:
    """Whether nothing is left to do for a file that an earlier run made."""
    mode, uid, gid = wanted
    return (
        S_IMODE(found.st_mode) == mode
        and found.st_uid == max(uid, 0)
        and found.st_gid == (folder.group() if gid == KEEP else gid)
        and _has_bytes(body, name, folder, found)
    )


def _has_bytes(body: bytes, name: str, folder: Folder, found: os.stat_result) -> bool:
    if found.st_size != len(body):
        return False
    fileno = folder.open(name)
    try:
        at = 0
        while chunk := os.pread(fileno, _CHUNK, at):
            if not body.startswith(chunk, at):
                return False
            at += len(chunk)
    finally:
        os.close(fileno)
    return at == len(body)


def _fetch_if_equal(fetch: Fill, name: str, folder: Folder) -> Fill:
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
    while chunk := os.pread(file, _CHUNK, at):
        if chunk != os.pread(other, len(chunk), at):
            return False
        at += len(chunk)
    return not os.pread(other, 1, at)


def _body(entry: Entry, shared: FileContext) -> Body:
    """The file's bytes if they stand in the config as they are, else what fetches them."""
    plain = _inline_body(entry.raw_resources)
    if plain is not None:
        return plain

    def fetch(fileno: int) -> None:
        from ignition.resource.fetch import fetch_to

        origin = shared.context.origin(*entry.config_path)
        for resource in map(Resource, entry.raw_resources):
            if resource.source is not None:
                fetch_to(shared.fetch_context, resource, fileno, origin)

    return fetch


def _inline_body(resources: list[dict[str, Any]]) -> bytes | None:
    if not all(map(_is_inline, resources)):
        return None
    try:
        return b"".join(
            [dataurl.decode(part["source"]) for part in resources if part.get("source")]
        )
    except dataurl.DataUrlError as error:
        raise Failure("IGN4016", f"not a data URL: {error}") from error


def _is_inline(resource: dict[str, Any]) -> bool:
    """Whether decoding its data URL is all there is to do."""
    source = resource.get("source")
    if source and source[:5] != "data:":
        return False
    if len(resource) == 1:
        return True
    view = Resource(resource)
    return not view.compression and not view.verification.hash
