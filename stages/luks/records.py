# SPDX-License-Identifier: Apache-2.0
"""What the target needs to open the volumes on later boots: key files, and lines in /etc/crypttab.

Everything that could be missing is looked for while planning, before the files phase writes anything. A
volume with a generated key becomes ready only once its key is on the disk and the result file is written.
Until then a repeated run formats it again, since a power cut could have taken the only key.
"""

from __future__ import annotations

from stat import S_IMODE, S_ISDIR

from ignition.base.errors import Failure, Refused
from ignition.base.log import quote
from ignition.base.record import record
from ignition.config import dataurl
from ignition.engine.step import Step
from ignition.system import devices, luks2
from ignition.system.root import Root

from ..common.journal import KEY_FILE, WRITTEN, digest_of_config, phase_journal
from ..common.keys import (
    ACCOUNTS,
    COMPLETE,
    ENTRIES,
    LINKS,
    ON_DISK,
    PREPARED,
    PRESETS,
    UNITS,
    VOLUMES,
)
from . import clevis, cryptsetup, crypttab, decisions, keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.base.origin import Origin
    from ignition.base.settings import Settings
    from ignition.config.model import Config, Luks
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task
    from ignition.system.folder import Folder

    from ..common.journal import Journal

MODE = 0o600
_FOLDER_MODE = 0o700
_HEX = "0123456789abcdefABCDEF-"


@record
class _Secret:
    """A file to write, mode 0600, and the volume that it belongs to."""

    path: str
    data: bytes
    origin: Origin


def plan(config: Config, context: PhaseContext) -> Iterator[Step]:
    """One step: key files, then crypttab.

    Refused: a volume whose key (IGN3501) or header (IGN3505) is gone, a key file that exists (IGN3504), and a
    crypttab that is not a regular file (IGN3402).
    """
    root = Root(context.root)
    journal = phase_journal(root, context)
    lines: list[bytes] = []
    secrets: list[_Secret] = []
    for index, wanted in enumerate(config.storage.luks):
        origin = context.origin("storage", "luks", index)
        try:
            secrets += _secrets(wanted, origin, context)
            lines.append(_line(wanted, origin, context.settings))
        except Failure as failure:
            context.refuse(failure)
    _check_paths(config, root, context, journal)
    _check_crypttab(config, root, context)

    def do(task: Task) -> None:
        _note(secrets, root, journal, context.settings)
        for secret in secrets:
            _write_secret(secret, root, journal, task)
        _write_crypttab(lines, root, task)

    yield Step(
        f"record {_describe(config)} in {crypttab.FOLDER}/{crypttab.NAME}",
        _origin(config, context),
        do,
        needs=(PREPARED, ACCOUNTS, ENTRIES, LINKS, UNITS, PRESETS),
        provides=(VOLUMES,),
    )


def plan_ready(config: Config, context: PhaseContext) -> Iterator[Step]:
    """One step after the result file: volumes that waited for it become ready, and no key stays in /run."""

    def do(task: Task) -> None:
        digest = digest_of_config(context)
        for wanted in config.storage.luks:
            alias = devices.alias_or_device(context.settings, wanted.device or "")
            if _is_begun(wanted, alias, digest):
                cryptsetup.mark_volume(task, wanted.name, alias, decisions.READY)
            keys.drop(context.settings, wanted.name)
        context.state.luks_persist_key_files = {}
        context.state.luks_persist_volume_key_files = {}

    yield Step(
        f"hand over {_describe(config)}",
        _origin(config, context),
        do,
        needs=(ON_DISK, COMPLETE),
    )


def paths(config: Config, settings: Settings) -> Iterator[str]:
    """The paths that `plan` may create."""
    for wanted in config.storage.luks:
        yield from _secret_paths(wanted, settings)
    yield f"{crypttab.FOLDER}/{crypttab.NAME}"


def _secret_paths(wanted: Luks, settings: Settings) -> Iterator[str]:
    if _needs_key_file(wanted):
        yield _key_path(wanted, settings)
    if wanted.cex.enabled:
        yield from (f"{settings.zkey_dir}/{name}" for name in _zkey_names(wanted))


def _describe(config: Config) -> str:
    volumes = config.storage.luks
    return f"volume {volumes[0].name}" if len(volumes) == 1 else f"{len(volumes)} volumes"


def _origin(config: Config, context: PhaseContext) -> Origin:
    alone = len(config.storage.luks) == 1
    return context.origin("storage", "luks", 0) if alone else context.origin("storage", "luks")


def _needs_key_file(wanted: Luks) -> bool:
    return not decisions.has_clevis(wanted)


def _key_path(wanted: Luks, settings: Settings) -> str:
    return f"{settings.luks_key_dir}/{wanted.name}"


def _zkey_names(wanted: Luks) -> list[str]:
    """The files of a key that only the crypto cards of this machine can use."""
    return [f"ignition-luks-{wanted.name}.{kind}" for kind in ("info", "skey")]


def _is_begun(wanted: Luks, alias: str, digest: str) -> bool:
    header = _header(alias)
    return header is not None and decisions.mark(header, digest, wanted) == decisions.BEGUN


def _header(alias: str) -> luks2.Header | None:
    try:
        return luks2.read(alias)
    except OSError:
        return None


def _line(wanted: Luks, origin: Origin, settings: Settings) -> bytes:
    alias = devices.alias_or_device(settings, wanted.device or "")
    header = _header(alias)
    if header is None or not header.uuid or header.uuid.strip(_HEX):
        raise Refused(
            "IGN3505",
            f"the UUID of volume {wanted.name}, which crypttab needs, cannot be read from {wanted.device}",
            origin.at("device"),
            hint="the disks phase must have run in this boot, and the device must still be there",
        )
    key_file = _key_path(wanted, settings) if _needs_key_file(wanted) else crypttab.NO_KEY
    return crypttab.line(
        wanted.name, header.uuid, key_file, needs_network=clevis.needs_network(wanted)
    )


def _secrets(wanted: Luks, origin: Origin, context: PhaseContext) -> Iterator[_Secret]:
    """The files of a volume. Refused IGN3501 if one of them is neither held nor in the state."""
    settings, state = context.settings, context.state
    if _needs_key_file(wanted):
        key = keys.held(settings, wanted.name)
        if key is None:
            key = _from_state(state.luks_persist_key_files, wanted.name, wanted, origin)
        yield _Secret(_key_path(wanted, settings), key, origin)
    if wanted.cex.enabled:
        for name in _zkey_names(wanted):
            data = _from_state(state.luks_persist_volume_key_files, name, wanted, origin)
            yield _Secret(f"{settings.zkey_dir}/{name}", data, origin)


def _from_state(known: dict[str, str], name: str, wanted: Luks, origin: Origin) -> bytes:
    try:
        return dataurl.decode(known[name])
    except (KeyError, ValueError) as error:
        missing = isinstance(error, KeyError)
        raise Refused(
            "IGN3501",
            f"missing persisted keyfile for {name}: the disks phase left no key of volume {wanted.name}"
            if missing
            else f"the key of volume {wanted.name} in the state is malformed",
            origin,
            hint="keys are in memory only; start again from the first phase",
        ) from None


# Checks before the first write


def _check_paths(config: Config, root: Root, context: PhaseContext, journal: Journal) -> None:
    taken = set(root.resolve_all(_entry_paths(config)))
    for index, wanted in enumerate(config.storage.luks):
        for path in _secret_paths(wanted, context.settings):
            try:
                _check_path(path, taken, root, journal)
            except Failure as failure:
                failure.add_origin(context.origin("storage", "luks", index))
                context.refuse(failure)


def _check_path(path: str, taken: set[str], root: Root, journal: Journal) -> None:
    place = root.resolve(path)
    _check_folders(place, root)
    is_foreign = root.lstat(place) is not None and journal.find(KEY_FILE, path) is None
    if is_foreign or place in taken:
        raise _exists(root.full_path(place))


def _check_folders(place: str, root: Root) -> None:
    """Refuses anything but a folder among the parents of a resolved path."""
    parent = root.first_missing(place).rpartition("/")[0]
    found = root.lstat(parent) if parent else None
    if found is not None and not S_ISDIR(found.st_mode):
        raise Refused(
            "IGN3003",
            f"{root.full_path(parent)} is not a folder",
            hint="remove it from the image: the key files of volumes belong below it",
        )


def _exists(path: str) -> Refused:
    return Refused(
        "IGN3504",
        f"{path} exists already, and a key of a volume belongs there",
        hint="remove it from the image and from storage.files, or give the volume another name",
    )


def _entry_paths(config: Config) -> Iterator[str]:
    storage = config.storage
    for nodes in (storage.directories, storage.files, storage.links):
        for node in nodes:
            yield node.path


def _check_crypttab(config: Config, root: Root, context: PhaseContext) -> None:
    """Refuses what would not be a regular file when the lines are written."""
    storage = config.storage
    place = root.resolve(f"{crypttab.FOLDER}/{crypttab.NAME}")
    if place in set(root.resolve_all(file.path for file in storage.files)):
        return  # written, and checked, by the stage for files
    for kind, nodes in (("directories", storage.directories), ("links", storage.links)):
        for index, path in enumerate(root.resolve_all(node.path for node in nodes)):
            if path == place and not (kind == "links" and storage.links[index].hard):
                context.refuse(
                    Refused(
                        "IGN3402",
                        f"{root.full_path(place)} must be a regular file, since volumes are listed there",
                        context.origin("storage", kind, index),
                        hint="leave it out of the config, or list it under storage.files",
                    )
                )
    folder = root.existing_folder(crypttab.FOLDER)
    if folder is not None:
        with folder:
            try:
                _read_crypttab(folder)
            except Failure as failure:
                failure.add_origin(_origin(config, context))
                context.refuse(failure)


def _read_crypttab(folder: Folder) -> bytes:
    """The table, b"" if there is none. Failure IGN3402 for anything but a regular file."""
    return b"" if folder.lstat(crypttab.NAME) is None else folder.read(crypttab.NAME)


# Writing


def _note(secrets: list[_Secret], root: Root, journal: Journal, settings: Settings) -> None:
    """Records which key files are ours before they exist, and where temporary files may be left."""
    notes = [
        {"kind": KEY_FILE, "key": secret.path}
        for secret in secrets
        if journal.find(KEY_FILE, secret.path) is None
        and root.lstat(root.resolve(secret.path)) is None
    ]
    if notes:
        folders = sorted({secret.path.rpartition("/")[0] for secret in secrets})
        journal.note_all([*notes, {"kind": WRITTEN, "key": "", "folders": folders}])


def _write_secret(secret: _Secret, root: Root, journal: Journal, task: Task) -> None:
    parent, _, name = secret.path.rpartition("/")
    with _secret_folder(parent, root, task.context.settings) as folder:
        names = folder.sweep()
        if name in names and journal.find(KEY_FILE, secret.path) is None:
            failure = _exists(folder.full_path(name))
            failure.add_origin(secret.origin)
            raise failure
        folder.write(name, secret.data, MODE, 0, 0)
        task.log.info(f"wrote key file {quote(folder.full_path(name))}")


def _secret_folder(path: str, root: Root, settings: Settings) -> Folder:
    """The open folder. A new folder for key files is only for root; an existing one keeps its mode."""
    place = root.resolve_folder(path)
    if path == settings.luks_key_dir and root.lstat(place) is None:
        parent, _, name = place.rpartition("/")
        with root.folder(parent) as above:
            above.make_folder(name, _FOLDER_MODE)
    return root.folder(place)


def _write_crypttab(lines: list[bytes], root: Root, task: Task) -> None:
    with root.folder(crypttab.FOLDER) as folder:
        folder.sweep()
        found = folder.lstat(crypttab.NAME)
        present = _read_crypttab(folder)
        path = folder.full_path(crypttab.NAME)
        for name in crypttab.foreign_names(present, lines):
            task.log.warning(f"{path} lists volume {name} already; systemd uses the first line")
        text = crypttab.merge(present, lines)
        if found is None:
            folder.write(crypttab.NAME, text, MODE, 0, 0)
        elif text != present or S_IMODE(found.st_mode) != MODE:
            folder.write(crypttab.NAME, text, MODE, found.st_uid, found.st_gid)
        for each in lines:
            task.log.info(f"line in {quote(path)}: {each.decode('utf-8', 'replace')}")
