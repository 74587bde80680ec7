# SPDX-License-Identifier: Apache-2.0
"""The contents of files: inline or fetched, written atomically.

Contents and appended resources are fetched and verified in a temporary file, which is then renamed. So a file
is either complete or absent.
"""

from __future__ import annotations

import _thread
import os
from stat import S_IMODE, S_ISDIR, S_ISREG

from ignition.base.errors import Failure
from ignition.base.log import quote
from ignition.config import dataurl
from ignition.config.model import Resource
from ignition.system.folder import KEEP, write_all

from . import append
from .decisions import KEEP_NODE, MODE_OF_FILE, RESUME, file_exists
from .earlier_runs import FINISHED, FOREIGN, UNFINISHED, EarlierRuns
from .entries import FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ignition.base.log import Log
    from ignition.engine.context import PhaseContext
    from ignition.resource.context import FetchContext
    from ignition.system.folder import Body, Folder

    from ..common.journal import Journal
    from .entries import Entry
    from .owners import Owners

    Fill = Callable[[int], None]

CONNECTIONS = 32  # as many as the HTTP client keeps open (resource/schemes/http_client.py)
_CHUNK = 1 << 20


class FileContext:
    """What all files of a phase share."""

    __slots__ = ("_fetch_context", "_lock", "context", "earlier", "journal", "owners", "spooled")

    def __init__(self, context: PhaseContext, owners: Owners, journal: Journal) -> None:
        self.context = context
        self.owners = owners
        self.journal = journal
        self.earlier = EarlierRuns(journal, by_contents=context.settings.by_contents)
        self.spooled: dict[Entry, str] = {}  # paths outside of the target
        self._lock = _thread.allocate_lock()
        self._fetch_context: FetchContext | None = None

    @property
    def fetch_context(self) -> FetchContext:
        """Shared by all files, so that connections are reused; created on first use."""
        with self._lock:
            if self._fetch_context is None:
                self._fetch_context = self.context.fetch_context
            return self._fetch_context


def is_remote(entry: Entry) -> bool:
    """Whether any of its resources needs the network."""
    if entry.kind != FILE:
        return False
    for resource in entry.raw_resources:
        source = resource.get("source")
        if not source or source[:5] == "data:":
            continue
        from ignition.resource.fetch import OFFLINE_SCHEMES  # most configs need no import

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
    """Carries out the action of `decide` on a file. Returns True if it wrote the file; the caller logs that.

    `found` is the lstat result of what exists at its path, None for nothing.
    """
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
        elif entry in shared.spooled and maker == FINISHED:  # the preflight has compared them
            group = folder.group() if gid == KEEP else gid
            folder.set_attributes(name, found, mode, max(uid, 0), group)
            return False
        elif maker == FINISHED:
            body = _fetch_if_equal(body, name, folder)
    if shared.context.settings.by_contents and _is_same(
        body, name, folder, found, (mode, uid, gid)
    ):
        return False
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
    """Keeps an existing file: appends to it, and sets owner and mode."""
    file = entry.file
    path = quote(folder.full_path(entry.name))
    mode = file.mode
    has_capabilities = folder.has_capabilities(entry.name)
    # Ignition chowns every file, and the kernel then clears capabilities and the setuid and setgid bits.
    must_chown = has_capabilities or (mode is None and bool(found.st_mode & 0o6000))
    if entry.appends:
        log.info(f"appending to file {path}")
        by_contents = shared.context.settings.by_contents
        if not append.append_once(
            folder, entry.name, body, shared.journal, by_contents=by_contents
        ):
            log.info(f"{path} was appended to by an earlier run of this config")
    if folder.set_attributes(entry.name, found, mode, *owner, force=must_chown):
        log.info(f"set owner and mode of file {path}")
    now = folder.lstat(entry.name)
    if mode is None and now is not None and found.st_mode & ~now.st_mode & 0o6000:
        log.warning(f"{path} has lost its setuid and setgid bits; give its mode to keep them")
    if has_capabilities:
        log.warning(f"{path} has lost its capabilities; leave it out of the config to keep them")


def refuse_foreign(
    entry: Entry, folder: Folder, found: os.stat_result, maker: str, spooled: dict[Entry, str]
) -> None:
    """Raises what `write` would raise, as far as that is known without fetching."""
    if maker == FINISHED and entry in spooled:
        with open(spooled[entry], "rb") as file:
            _refuse_other_bytes(file.fileno(), entry.name, folder)
    _require_own(maker, _inline_body(entry.raw_resources), entry.name, folder, found)


def _require_own(
    maker: str, body: Body | None, name: str, folder: Folder, found: os.stat_result
) -> None:
    """Refuses to replace a file unless an earlier run left it incomplete or it already has these bytes."""
    if maker == UNFINISHED:
        return
    if maker == FOREIGN or (isinstance(body, bytes) and not _has_bytes(body, name, folder, found)):
        raise file_exists(folder, name)


def _is_complete(
    body: bytes, name: str, folder: Folder, found: os.stat_result, wanted: tuple[int, int, int]
) -> bool:
    """Whether an earlier run wrote the file with these bytes, mode and owner."""
    mode, uid, gid = wanted
    return (
        S_IMODE(found.st_mode) == mode
        and found.st_uid == max(uid, 0)
        and found.st_gid == (folder.group() if gid == KEEP else gid)
        and _has_bytes(body, name, folder, found)
    )


def _is_same(
    body: Body,
    name: str,
    folder: Folder,
    found: os.stat_result | None,
    wanted: tuple[int, int, int],
) -> bool:
    """Whether replacing a file would only give it another inode."""
    return (
        found is not None
        and S_ISREG(found.st_mode)
        and isinstance(body, bytes)
        and not folder.has_capabilities(name)
        and _is_complete(body, name, folder, found, wanted)
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
    """A function that fetches and then refuses if the file has other contents."""

    def fill(fileno: int) -> None:
        fetch(fileno)
        _refuse_other_bytes(fileno, name, folder)

    return fill


def _refuse_other_bytes(fileno: int, name: str, folder: Folder) -> None:
    present = folder.open(name)
    try:
        size = os.fstat(fileno).st_size
        if os.fstat(present).st_size != size or not append.have_equal_bytes(
            present, 0, fileno, size
        ):
            raise file_exists(folder, name)
    finally:
        os.close(present)


def spool(group: Iterable[Entry], shared: FileContext) -> None:
    """Fetches, to the spool, what is not plainly in the config: remote, compressed or with a checksum.

    FailureGroup with all that cannot be fetched.
    """
    from ..common.parallel import run_parallel

    folder = shared.context.settings.spool
    fetched = [entry for entry in group if entry.raw_resources and not _is_plain(entry)]
    shared.spooled = {
        entry: os.path.join(folder, str(number)) for number, entry in enumerate(fetched)
    }

    def job(entry: Entry) -> Callable[[], None]:
        def do() -> None:
            with open(shared.spooled[entry], "wb") as file:
                _fetch(entry, shared, file.fileno())

        return do

    run_parallel([job(entry) for entry in fetched], CONNECTIONS)


def _is_plain(entry: Entry) -> bool:
    return all(map(_is_inline, entry.raw_resources))


def _body(entry: Entry, shared: FileContext) -> Body:
    """The bytes of a file if they are inline, else a function that fetches them to a descriptor."""
    plain = _inline_body(entry.raw_resources)
    if plain is not None:
        return plain

    def fetch(fileno: int) -> None:
        if entry in shared.spooled:
            _copy(shared.spooled[entry], fileno)
        else:
            _fetch(entry, shared, fileno)

    return fetch


def _fetch(entry: Entry, shared: FileContext, fileno: int) -> None:
    from ignition.resource.fetch import fetch_to

    origin = shared.context.origin(*entry.config_path)
    for resource in map(Resource, entry.raw_resources):
        if resource.source is not None:
            fetch_to(shared.fetch_context, resource, fileno, origin)


def _copy(path: str, fileno: int) -> None:
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            write_all(fileno, chunk)


def _inline_body(resources: list[dict[str, Any]]) -> bytes | None:
    if not all(map(_is_inline, resources)):
        return None
    try:
        return b"".join(
            [dataurl.decode(part["source"]) for part in resources if part.get("source")]
        )
    except dataurl.DataUrlError as error:
        raise Failure("IGN4016", f"not a data URL: {error}", hint=dataurl.HINT) from error


def _is_inline(resource: dict[str, Any]) -> bool:
    """Whether its bytes are those of its data URL: not compressed, and with no hash to verify."""
    source = resource.get("source")
    if source and source[:5] != "data:":
        return False
    if len(resource) == 1:
        return True
    view = Resource(resource)
    return not view.compression and not view.verification.hash
