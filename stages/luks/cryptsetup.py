# SPDX-License-Identifier: Apache-2.0
"""The cryptsetup commands. `alias` is the path of the device below /run/ignition/dev_aliases."""

from __future__ import annotations

from ignition.base import gojson
from ignition.base.errors import CommandFailed
from ignition.system import luks2
from ignition.system.run import run

from ..common.journal import digest_of_config
from . import decisions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings
    from ignition.config import model
    from ignition.engine.step import Task

    from .keys import Key

# Exit statuses of cryptsetup.
_NO_PERMISSION = 2
_NO_MEMORY = 3
_BUSY = 5


def format_volume(
    task: Task, wanted: model.Luks, alias: str, key: Key, uuid: str, extra: tuple[str, ...] = ()
) -> None:
    """luksFormat. `uuid` "" lets cryptsetup choose one. `extra` are arguments after the device."""
    args = [
        task.context.settings.program("cryptsetup"),
        *("luksFormat", "--type", "luks2", "--batch-mode", "--key-file", key.path),
        *(("--label", wanted.label) if wanted.label else ()),
        *(("--uuid", uuid) if uuid else ()),
        *decisions.split_uuid(wanted.options)[0],
        alias,
        *extra,
    ]
    _run(task.log, args, f'creating "{wanted.name}"', key)


def open_volume(
    task: Task,
    wanted: model.Luks,
    alias: str,
    key: Key,
    origin: Origin,
    *,
    stores_flags: bool = True,
) -> None:
    """Opens the volume as its name. Refused IGN2305 if the key does not fit.

    `stores_flags`: the flags of the config replace those in the header, so that every later boot has them.
    """
    args = [
        task.context.settings.program("cryptsetup"),
        *("luksOpen", alias, wanted.name, "--key-file", key.path),
        *(("--persistent",) if stores_flags else ()),
        *(("--allow-discards",) if wanted.discard else ()),
        *wanted.open_options,
    ]
    _run(task.log, args, f'opening luks device "{wanted.name}"', key, origin)


def test_key(log: Log, settings: Settings, wanted: model.Luks, key: Key, origin: Origin) -> None:
    """Refused IGN2305 if the key does not open the volume. Changes nothing."""
    args = [
        settings.program("cryptsetup"),
        *("luksOpen", wanted.device or "", "--test-passphrase", "--key-file", key.path),
        *wanted.open_options,
    ]
    _run(log, args, f'trying the key of "{wanted.name}"', key, origin)


def close_volume(task: Task, name: str) -> None:
    """Closes a volume."""
    run(
        task.log,
        [task.context.settings.program("cryptsetup"), "luksClose", name],
        what=f'closing luks device "{name}"',
    )


def remove_key(task: Task, alias: str, key: Key) -> None:
    """Removes the key slot that the key opens."""
    args = [
        task.context.settings.program("cryptsetup"),
        *("luksRemoveKey", "--batch-mode", alias, key.path),
    ]
    _run(task.log, args, f'removing the generated key from "{alias}"', key)


def import_token(task: Task, alias: str, token: dict[str, Any]) -> None:
    """Writes a token into the header."""
    what = f'writing a token into the header of "{alias}"'
    args = [*_import_command(task), alias]
    run(task.log, args, what=what, stdin=gojson.dumps(token).encode())


def replace_token(task: Task, alias: str, number: str, token: dict[str, Any]) -> bool:
    """Writes a token over another one, in one update of the header. False if that failed: old
    releases of cryptsetup cannot.
    """
    what = f'replacing a token in the header of "{alias}"'
    args = [*_import_command(task), "--token-id", number, "--token-replace", alias]
    stdin = gojson.dumps(token).encode()
    return run(task.log, args, what=what, stdin=stdin, check=False).status == 0


def _import_command(task: Task) -> list[str]:
    return [task.context.settings.program("cryptsetup"), "token", "import", "--json-file", "-"]


def remove_token(task: Task, alias: str, number: str) -> None:
    """Removes a token from the header."""
    cryptsetup = task.context.settings.program("cryptsetup")
    what = f'removing an old token from the header of "{alias}"'
    run(task.log, [cryptsetup, "token", "remove", "--token-id", number, alias], what=what)


def set_uuid(task: Task, alias: str, uuid: str) -> None:
    """Changes the UUID of a volume."""
    cryptsetup = task.context.settings.program("cryptsetup")
    args = [cryptsetup, "luksUUID", "--batch-mode", "--uuid", uuid, alias]
    run(task.log, args, what=f'setting the UUID of "{alias}"')


def mark_volume(task: Task, name: str, alias: str, state: str) -> None:
    """Writes our token with this state (decisions.BEGUN, READY) into the header, instead of an earlier one.

    Does nothing if the config has no digest.
    """
    digest = digest_of_config(task.context)
    if not digest:
        return
    header = luks2.read(alias)
    there = header.tokens if header else {}
    token = decisions.new_token(name, digest, state)
    old = [
        number
        for number, each in there.items()
        if each.get("type") == decisions.TOKEN_TYPE and each != token
    ]
    if token not in there.values():
        if old and replace_token(task, alias, old[-1], token):
            old.pop()
        else:
            import_token(task, alias, token)
    # With two of our tokens in the header, the later state counts.
    for number in old:
        remove_token(task, alias, number)


def _run(log: Log, args: list[str], what: str, key: Key, origin: Origin | None = None) -> None:
    """Runs cryptsetup with a key. Turns its exit status into a code where the cause is clear."""
    try:
        run(log, args, what=what, keep=(key.fileno,))
    except CommandFailed as failure:
        volume = what.partition('"')[2].rstrip('"')
        if origin is not None and failure.status == _NO_PERMISSION:
            text = f"the key of volume {volume} does not open it"
            hint = "give the key that the volume was made with, or set wipeVolume to true to replace it"
            raise _refused("IGN2305", text, hint, origin, failure) from failure
        if failure.status == _NO_MEMORY:
            hint = "the key derivation needs up to 1 GiB; options such as --pbkdf-memory lower that"
            raise failure.with_code("IGN7005", failure.text, hint=hint) from failure
        if failure.status == _BUSY:
            raise failure.with_code("IGN2303", failure.text, hint="stop what uses it") from failure
        raise


def _refused(
    code: str, text: str, hint: str, origin: Origin, failure: CommandFailed
) -> CommandFailed:
    refused = failure.with_code(code, text)
    refused.hint = hint
    refused.origin = origin
    return refused
