# SPDX-License-Identifier: Apache-2.0
"""systemd units of the target: drop-ins, contents, masks, then presets (docs/behaviour/files.md).

Units are written after the files of the config. They always replace what exists: units have no `overwrite`.
"""

from __future__ import annotations

import os
from stat import S_IMODE, S_ISREG

from ignition.base.errors import CommandFailed, Failure
from ignition.base.log import quote
from ignition.engine.step import Step
from ignition.system.root import Root
from ignition.system.run import run

from ..common.keys import ENTRIES, LINKS, PREPARED, PRESETS, UNITS
from ..common.paths import clean
from . import presets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config.model import Config, Unit
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task
    from ignition.system.folder import Folder

FOLDER = "/etc/systemd/system"
_VENDOR_FOLDERS = (
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
MASK = "/dev/null"
MODE = 0o644


def plan(config: Config, context: PhaseContext) -> Iterator[Step]:
    """One step for the unit folder, one for the presets."""
    units = config.systemd.units
    root = Root(context.root)
    if any(_writes(unit) or unit.mask is False for unit in units):
        yield Step(
            f"write {_describe(units)}",
            _origin(units, context),
            lambda task: _write_all(units, root, task),
            needs=(PREPARED, ENTRIES, LINKS),
            provides=(UNITS,),
        )
    with_preset = [unit for unit in units if unit.enabled is not None]
    if with_preset:
        wanted = presets.from_units(with_preset)
        root.check(f"{presets.FOLDER}/{presets.NAME}")
        for name in wanted.disabled:  # systemctl will read these
            for folder in (FOLDER, *_VENDOR_FOLDERS):
                root.check(clean(f"{folder}/{name}"))
        yield Step(
            f"set presets of {_describe(with_preset)}",
            _origin(units, context),
            lambda task: _set_presets(wanted, root, task),
            needs=(PREPARED, ENTRIES, LINKS, UNITS),
            provides=(PRESETS,),
        )


def _writes(unit: Unit) -> bool:
    """Whether the unit adds any file or link."""
    has_dropins = any(dropin.contents is not None for dropin in unit.dropins)
    return bool(unit.contents or unit.mask or has_dropins)


def _describe(units: list[Unit]) -> str:
    return f"unit {units[0].name}" if len(units) == 1 else f"{len(units)} units"


def _origin(units: list[Unit], context: PhaseContext) -> Origin:
    if len(units) == 1:
        return context.origin("systemd", "units", 0)
    return context.origin("systemd", "units")


def _write_all(units: list[Unit], root: Root, task: Task) -> None:
    # Removing a mask does not need the folder.
    creates = any(_writes(unit) for unit in units)
    folder = root.folder(FOLDER) if creates else root.existing_folder(FOLDER)
    if folder is None:
        return
    with folder:
        names = folder.sweep()
        for index, unit in enumerate(units):
            try:
                _write_unit(folder, names, unit, root, task.log)
            except Failure as failure:
                failure.add_origin(task.context.origin("systemd", "units", index))
                raise


def _write_unit(folder: Folder, names: set[str], unit: Unit, root: Root, log: Log) -> None:
    if "/" not in unit.name:
        _write_to(unit, unit.name, folder, names, root, log)
        return
    parent, _, name = clean(f"{FOLDER}/{unit.name}").rpartition("/")
    with root.folder(parent) as other:
        _write_to(unit, name, other, other.names(), root, log)


def _write_to(unit: Unit, name: str, folder: Folder, names: set[str], root: Root, log: Log) -> None:
    _write_dropins(unit, f"{name}.d", folder, root, log)
    if unit.mask:
        _mask(name, folder, names, log)
        return
    if unit.contents:
        _write_text(name, unit.contents, folder, names, f'writing unit "{name}" at', log)
    elif unit.mask is False and name in names:
        _unmask(name, folder, log)


def _write_dropins(unit: Unit, inner: str, folder: Folder, root: Root, log: Log) -> None:
    dropin_folder = f"{folder.path}/{inner}"
    groups: dict[str, list[tuple[str, str]]] = {}  # usually one folder; a name may have a slash
    for dropin in unit.dropins:
        if dropin.contents is not None:
            parent, _, name = clean(f"{dropin_folder}/{dropin.name}").rpartition("/")
            groups.setdefault(parent, []).append((name, dropin.contents))
    for parent, texts in groups.items():
        with (
            root.subfolder(folder, inner) if parent == dropin_folder else root.folder(parent) as own
        ):
            names = own.sweep()
            for name, text in texts:
                _write_text(name, text, own, names, f'writing systemd drop-in "{name}" at', log)
                names.add(name)


def _write_text(
    name: str, text: str, folder: Folder, names: set[str], message: str, log: Log
) -> None:
    """Writes a file unless it already has this text, mode and owner."""
    data = text.encode("utf-8", "surrogatepass")
    found = folder.lstat(name) if name in names else None
    if found is not None and S_ISREG(found.st_mode) and found.st_size == len(data):
        attributes = (S_IMODE(found.st_mode), found.st_uid, found.st_gid)
        if attributes == (MODE, 0, folder.group()) and folder.read(name, len(data)) == data:
            return
    log.info(f"{message} {quote(folder.full_path(name))}")
    folder.write(name, data, MODE)


def _mask(name: str, folder: Folder, names: set[str], log: Log) -> None:
    log.info(f"masking unit {quote(name)}")
    if name in names:
        if folder.readlink(name) == MASK:
            return
        folder.remove(name)
    folder.symlink(name, MASK)


def _unmask(name: str, folder: Folder, log: Log) -> None:
    """Removes a link to /dev/null. Like Ignition, keeps every other link."""
    text = folder.readlink(name)
    if text == MASK:
        log.info(f"unmasking unit {quote(name)}")
        folder.remove(name)
    elif text is not None and clean(os.path.join(folder.path, text)) == MASK:
        log.warning(
            f"{name} stays masked: the link at {folder.full_path(name)} is {text}, not {MASK}"
        )


def _set_presets(wanted: presets.Presets, root: Root, task: Task) -> None:
    for name in wanted.ineffective:
        task.log.warning(f"{name} is left as it is: `enabled: false` has no effect on an instance")
    enabled_now = [name for name in wanted.disabled if _is_enabled(name, root, task)]
    _write_presets(wanted, enabled_now, root, task.log)
    for name in enabled_now:
        _disable(name, root, task)


def _write_presets(wanted: presets.Presets, enabled_now: list[str], root: Root, log: Log) -> None:
    """Appends the lines unless an earlier run of this config did, which may also have disabled units."""
    place = root.resolve_folder(f"{presets.FOLDER}/{presets.NAME}")
    present = (root.read(place) or b"").decode("utf-8", "surrogateescape")
    lines = set(present.split("\n"))
    decided = [
        name for name in wanted.disabled if name in enabled_now or f"disable {name}" in lines
    ]
    if present.endswith(presets.render(wanted, decided)):
        return
    text = presets.render(wanted, enabled_now)
    if not text:
        return
    for line in text.splitlines():
        log.info(f"setting preset: {line}")
    parent, _, name = place.rpartition("/")
    with root.folder(parent) as folder:
        found = folder.lstat(name)
        gap = "\n" if present and not present.endswith("\n") else ""
        data = (present + gap + text).encode("utf-8", "surrogateescape")
        # Durable before a unit is disabled: a repeated run would not see it as enabled, and write no line.
        durable = bool(enabled_now)
        if found is None:
            folder.write(name, data, None, default_mode=MODE, durable=durable)
        else:
            mode = S_IMODE(found.st_mode)
            folder.write(name, data, mode, found.st_uid, found.st_gid, durable=durable)


def _is_enabled(name: str, root: Root, task: Task) -> bool:
    """Whether systemctl reports the unit as enabled. Like Ignition, takes an error for no."""
    try:
        result = run(task.log, _systemctl(root, task, "is-enabled", name), check=False)
    except CommandFailed as failure:
        task.log.warning(f"cannot tell whether {name} is enabled: {failure.text}")
        return False
    return result.status == 0


def _disable(name: str, root: Root, task: Task) -> None:
    what = f'removing enablement symlink(s) for "{name}"'
    try:
        run(task.log, _systemctl(root, task, "disable", name), what=what)
    except CommandFailed as failure:
        raise failure.with_code(
            "IGN3301", f"cannot remove symlink(s) for {name}: {failure.text}"
        ) from failure


def _systemctl(root: Root, task: Task, verb: str, name: str) -> list[str]:
    program = task.context.settings.program("systemctl")
    return [program, "--root", os.path.abspath(root.path or "/"), verb, "--", name]
