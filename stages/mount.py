# SPDX-License-Identifier: Apache-2.0
"""Mounts the config's filesystems below the target root for the files phase, and unmounts them.

Mounts only last for provisioning; fstab entries or mount units are up to the config. Rules:
docs/behaviour/files.md.
"""

from __future__ import annotations

import os
import stat

from ignition.base import interrupt
from ignition.base.errors import CommandFailed, Failure, Refused, combine
from ignition.base.files import read_regular, write_atomically
from ignition.base.record import record
from ignition.engine.step import Step, Task
from ignition.system import devices, mounts
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config import model
    from ignition.engine.context import PhaseContext

_NOT_MOUNTED = (None, "", "none", "swap")
_VIRTIOFS = "virtiofs"
_UNMOUNT_TRIES = 3


@record
class _Wanted:
    """A filesystem to mount: `path` is the mount point in the target, `target` includes the root."""

    filesystem: model.Filesystem
    origin: Origin
    path: str
    target: str


def plan(config: model.Config, context: PhaseContext) -> Iterator[Step]:
    """One step per mount, in sequence: by depth, then in config order."""
    wanted = _wanted(config, context)
    named = [
        (entry.filesystem.device, entry.origin.at("device"))
        for entry in wanted
        if entry.filesystem.format != _VIRTIOFS
    ]
    if named:
        devices.wait_for_devices(context.log, context.settings, named, context.progress)
    covered: list[str] = []
    before: tuple[str, ...] = ()
    for entry in wanted:
        if not any(_is_below(entry.path, path) for path in covered):
            # A path below another mount will be hidden by it, so its current state does not matter.
            try:
                _missing_folders(entry)
            except Failure as failure:
                context.refuse(failure)
        covered.append(entry.path)
        key = f"mount:{entry.path}"
        yield _step(context, entry, before, key)
        before = (key,)


def _wanted(config: model.Config, context: PhaseContext) -> list[_Wanted]:
    root = _root(context)
    found = [
        _Wanted(
            entry,
            context.origin("storage", "filesystems", index),
            os.path.normpath(entry.path),
            os.path.normpath(f"{root}{entry.path}"),
        )
        for index, entry in enumerate(config.storage.filesystems)
        if entry.path and entry.format not in _NOT_MOUNTED
    ]
    return sorted(found, key=lambda entry: _depth(entry.path))


def _root(context: PhaseContext) -> str:
    """The target root as an absolute path, "" for the running system's."""
    return os.path.abspath(context.root or "/").rstrip("/")


def _depth(path: str) -> int:
    return len(path.strip("/").split("/")) if path != "/" else 0


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(above.rstrip("/") + "/")


def _step(context: PhaseContext, entry: _Wanted, before: tuple[str, ...], key: str) -> Step:
    return Step(
        f"mount {entry.filesystem.device} on {entry.path}",
        entry.origin,
        lambda task: _mount(task, entry),
        needs=before,
        provides=(key,),
        done=lambda: _is_mounted(context, entry),
    )


def _is_mounted(context: PhaseContext, entry: _Wanted) -> bool:
    """Whether the filesystem is the topmost mount on its mount point, whoever mounted it.

    The kernel refuses to mount it there twice, except for another btrfs subvolume.
    """
    mount = mounts.mount_at(entry.target)
    kind, device = entry.filesystem.format, entry.filesystem.device
    if mount is None or mount.fstype != kind:
        return False
    if kind == _VIRTIOFS:
        return mount.source == device
    source = devices.alias_or_device(context.settings, device)
    if not mounts.is_source(mount, devices.block(source)):
        return False
    return kind != "btrfs" or _OwnMounts(context).has(mount)


def _mount(task: Task, entry: _Wanted) -> None:
    log, context = task.log, task.context
    missing = _missing_folders(entry)
    for folder in missing:
        os.mkdir(folder, 0o755)
        context.state.notated_directories.append(folder[len(_root(context)) :])
    if missing:
        _relabel(context, missing[0])
    filesystem = entry.filesystem
    kind = filesystem.format or ""
    source = filesystem.device
    if kind != _VIRTIOFS:
        # Resolved, because btrfs remembers the name it was mounted by.
        source = os.path.realpath(devices.alias_or_device(context.settings, source))
    options = ",".join(filesystem.mount_options)
    args = ["-o", options] if options else []
    run(
        log,
        [context.settings.program("mount"), *args, "-t", kind, source, entry.target],
        what=f'mounting "{source}" at "{entry.target}" with type "{kind}" and options "{options}"',
    )
    made = mounts.mount_at(entry.target)
    if made is None:
        raise Failure("IGN2502", f"mount succeeded, but nothing is mounted on {entry.target}")
    _OwnMounts(context).add(made)
    if not set(os.listdir(entry.target)) - {"lost+found"}:
        _relabel(context, entry.target)


def _missing_folders(entry: _Wanted) -> list[str]:
    """Folders to create for a mount point, outermost first.

    Refused IGN2501 if a component is anything else. Symlinks are refused too, because they could lead out of
    the root.
    """
    missing: list[str] = []
    at = ""
    for name in entry.target.strip("/").split("/"):
        at += f"/{name}"
        try:
            kind = 0 if missing else os.lstat(at).st_mode
        except FileNotFoundError:
            kind = 0
        if not kind:
            missing.append(at)
        elif not stat.S_ISDIR(kind):
            raise Refused(
                "IGN2501",
                f'mount path "{entry.target}" contains non-directory component "{at}"',
                entry.origin.at("path"),
                hint="mount it on a path without symbolic links and files",
            )
    return missing


def _relabel(context: PhaseContext, path: str) -> None:
    if context.settings.selinux_relabel:
        from ignition.system import selinux

        selinux.relabel(context, [path])


def plan_umount(config: model.Config, context: PhaseContext) -> Iterator[Step]:
    """One step for all, deepest first, so that a busy mount does not keep the others mounted."""
    wanted = list(reversed(_wanted(config, context)))
    if wanted:
        yield Step(
            f"unmount {', '.join(entry.path for entry in wanted)}",
            wanted[0].origin,
            lambda task: _unmount_all(task, wanted),
        )


def _unmount_all(task: Task, wanted: list[_Wanted]) -> None:
    failures: list[Failure] = []
    for entry in wanted:
        try:
            _unmount(task, entry)
        except Failure as failure:
            failure.origin = entry.origin
            failures.append(failure)
    if failures:
        raise combine(failures)


def _unmount(task: Task, entry: _Wanted) -> None:
    ours = _OwnMounts(task.context)
    mount = mounts.mount_at(entry.target)
    if mount is None:
        raise Failure(
            "IGN2503",
            f"cannot unmount {entry.target}: nothing is mounted there",
            hint="the mount phase must have run in this boot",
        )
    if not ours.has(mount):
        task.log.info(
            f'leaving "{mount.source}" at "{entry.target}": it was mounted by somebody else'
        )
        return
    with task.log.operation(f'umounting "{entry.target}"') as log:
        _try_to_unmount(log, task, entry.target)
    ours.remove(mount)


def _try_to_unmount(log: Log, task: Task, target: str) -> None:
    for left in reversed(range(_UNMOUNT_TRIES)):
        try:
            run(log, [task.context.settings.program("umount"), target])
            return
        except CommandFailed as failure:
            if not left:
                raise Failure(
                    "IGN2504",
                    f"cannot unmount {target}: {failure.hint}",
                    hint=f"`fuser -vm {target}` shows what keeps it busy",
                    cause=failure,
                ) from failure
            task.progress(f"{target} is busy")
            interrupt.sleep(1)


class _OwnMounts:
    """The mounts made by this boot's mount phase.

    They are recorded in a separate file, because the state is only saved when a phase succeeds. Other mounts,
    above all the root itself, are never unmounted.
    """

    __slots__ = ("_path",)

    def __init__(self, context: PhaseContext) -> None:
        self._path = os.path.join(context.settings.run_dir, "mounts")

    def has(self, mount: mounts.Mount | None) -> bool:
        return mount is not None and _record_of(mount) in self._lines()

    def add(self, mount: mounts.Mount) -> None:
        self._write([*self._lines(), _record_of(mount)])

    def remove(self, mount: mounts.Mount) -> None:
        self._write([line for line in self._lines() if line != _record_of(mount)])

    def _lines(self) -> list[bytes]:
        try:
            return read_regular(self._path).split(b"\0")[:-1]
        except FileNotFoundError:
            return []

    def _write(self, lines: list[bytes]) -> None:
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
        write_atomically(self._path, b"".join(line + b"\0" for line in lines), 0o600)


def _record_of(mount: mounts.Mount) -> bytes:
    return os.fsencode(f"{mount.mount_id} {mount.target}")
