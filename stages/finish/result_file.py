# SPDX-License-Identifier: Apache-2.0
"""The result file: the record of this run, and the mark that provisioning is complete."""

from __future__ import annotations

import time
from stat import S_ISDIR

import ignition
from ignition.base import gojson
from ignition.base.errors import CommandFailed, Failure
from ignition.base.printable import printable_json
from ignition.system import selinux
from ignition.system.run import run

from ..common.journal import CARRIED_OVER, MAX_SIZE, phase_journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task
    from ignition.system.filesystem_sync import FilesystemSync
    from ignition.system.root import Root

MODE = 0o600
AGAIN = (
    "Ignition has already run on this system. Unexpected behavior may occur. Ignition is not designed to run"
    " more than once per system."
)


def write(root: Root, sync: FilesystemSync, task: Task) -> None:
    """Writes the file durably, then removes the journal, which it replaces."""
    context = task.context
    path = root.resolve(context.settings.result_file)
    journal = phase_journal(root, context)
    report: dict[str, Any] = {
        "provisioningBootID": _boot_id(context),
        "provisioningDate": _timestamp(),
        "userConfigProvided": any(
            entry.get("kind") == "user" for entry in context.state.fetched_configs
        ),
    }
    previous = _previous(root, path, task)
    if previous is not None:
        report["previousReport"] = previous
    report["engine"] = {
        "version": ignition.__version__,
        "configDigest": journal.digest,
        "sources": context.state.sources,
        "phases": context.state.phases,
        "journal": [note for note in journal.notes() if note["kind"] in CARRIED_OVER],
    }
    parent, _, name = path.rpartition("/")
    with root.folder(parent) as folder:
        found = folder.lstat(name)
        is_folder = found is not None and S_ISDIR(found.st_mode)
        text = printable_json(gojson.dumps_indent(report)) + "\n"
        folder.write(name, text.encode(), MODE, clear=is_folder, durable=True)
        try:
            selinux.relabel(context, [root.full_path(path)])
            if selinux.is_enabled(context.settings, root):
                sync.sync()
        except BaseException:
            folder.discard(name)  # without a label or a sync it must not mark the run as complete
            raise
    journal.remove()
    sync.close()


def _boot_id(context: PhaseContext) -> str:
    try:
        with open(context.settings.boot_id_path, encoding="ascii") as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure("IGN3502", f"reading boot ID: {error}", cause=error) from error


def _timestamp() -> str:
    """Local time in RFC 3339, with seconds and offset."""
    text = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    return f"{text[:-5]}Z" if text.endswith("+0000") else f"{text[:-2]}:{text[-2:]}"


def _previous(root: Root, path: str, task: Task) -> Any:
    """The result of an earlier run. None on a live system, whose image may contain a result file."""
    text = root.read(path, MAX_SIZE)
    if text is None or _is_live(task):
        return None
    task.log.warning(AGAIN)
    try:
        previous = _sorted(gojson.loads_untrusted(text))
        # Notes of even older runs are useless and would accumulate.
        if isinstance(previous, dict) and isinstance(previous.get("engine"), dict):
            previous["engine"].pop("journal", None)
        gojson.dumps_indent(previous, MAX_SIZE // 2)
        return previous
    except ValueError as error:
        raise Failure(
            "IGN3503",
            f"couldn't unmarshal previous report output: {root.full_path(path)} is {error}",
            hint="remove it, if this system was never provisioned",
        ) from error


def _is_live(task: Task) -> bool:
    program = task.context.settings.program("is-live-image")
    try:
        return run(task.log, [program], check=False).status == 0
    except CommandFailed as failure:
        task.log.notice(f"failed to run is-live-image hook: {failure.text}")
        return False


def _sorted(value: Any) -> Any:
    """Sorts keys in byte order, as Ignition writes unknown members, and replaces lone surrogates.

    Works in place, without recursion.
    """
    top = [value]
    todo: list[Any] = [top]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            members = {_whole(key): item for key, item in part.items()}
            part.clear()
            for key in sorted(members, key=str.encode):
                part[key] = members[key]
            places: Iterable[Any] = part
        else:
            places = range(len(part))
        for place in places:
            item = part[place]
            if isinstance(item, (dict, list)):
                todo.append(item)
            elif isinstance(item, str):
                part[place] = _whole(item)
            elif isinstance(item, float) and item - item != 0:
                raise ValueError("a number is beyond 64-bit floats")
    return top[0]


def _whole(text: str) -> str:
    """The text with U+FFFD for lone surrogates, as Go decodes them."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in text)
