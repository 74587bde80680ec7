# SPDX-License-Identifier: Apache-2.0
"""Volumes whose key is protected by an IBM Crypto Express card (s390x).

Tested only with stand-ins for zkey and zkey-cryptsetup: no card and no s390x machine has run this code.
"""

from __future__ import annotations

import binascii
import os

from ignition.base.errors import CommandFailed, Failure, Refused
from ignition.base.files import read_regular
from ignition.system import programs
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings
    from ignition.config import model
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task

# The key file of such volumes. It is a text of the initramfs and no secret: the card has the secret.
KEY_FILE = "/etc/luks/cex.key"
_DEVICES = "/sys/bus/ap/devices"
_HEX = frozenset("0123456789abcdef")
_PROGRAMS = ("zkey", "zkey-cryptsetup")


def is_wanted(luks: model.Luks) -> bool:
    """Whether the config wants the card for this volume."""
    return bool(luks.cex.enabled)


def require_card(context: PhaseContext, luks: model.Luks, origin: Origin) -> None:
    """Refused IGN2311 if this machine has no card, or the initramfs lacks what is needed.

    `origin` is that of the volume.
    """
    settings = context.settings
    missing = [name for name in map(settings.program, _PROGRAMS) if not programs.is_installed(name)]
    if not os.path.isfile(KEY_FILE):
        missing.append(KEY_FILE)
    if missing:
        problem = f"the initramfs lacks {', '.join(missing)}"
    elif find_queues():
        return
    else:
        problem = f"no crypto card in CCA mode is in {_DEVICES}"
    raise _refused(luks, origin, problem)


def _refused(luks: model.Luks, origin: Origin, problem: str) -> Refused:
    return Refused(
        "IGN2311",
        f"LUKS volume {luks.name} cannot use a crypto card: {problem}",
        origin.at("cex"),
        hint=f"this is a machine of type {os.uname().machine}; it takes s390x with a Crypto Express "
        "card in CCA coprocessor mode, zkey, and the kernel modules zcrypt_cex4 and pkey_cca",
    )


def find_queues(devices: str = "") -> list[str]:
    """The queues (APQNs, like `03.004c`) of the cards in CCA mode, sorted."""
    folder = devices or _DEVICES
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return []
    # Below /sys they are links to folders; what zkey takes is the name.
    return [name for name in entries if _is_queue(name) and _is_cca(os.path.join(folder, name))]


def _is_queue(name: str) -> bool:
    """Whether this is the name of a queue: two hex digits, a dot, four hex digits."""
    return len(name) == 7 and name[2] == "." and _HEX.issuperset(name[:2] + name[3:])


def _is_cca(path: str) -> bool:
    try:
        with open(os.path.join(path, "uevent"), encoding="ascii", errors="replace") as file:
            return any(line.rstrip("\n").partition("=")[2] == "cca" for line in file)
    except OSError:
        return False


def before_format(task: Task, luks: model.Luks) -> tuple[str, ...]:
    """Generates the secure key. Returns the arguments of luksFormat after the device. Failure IGN2311."""
    settings = task.context.settings
    os.makedirs(settings.zkey_dir, mode=0o700, exist_ok=True)
    for path in _key_files(settings, luks):  # zkey refuses a name that an interrupted run has left
        if os.path.lexists(path):
            os.unlink(path)
    args = ["generate", "--name", _key_name(luks), "--key-type", "CCA-AESCIPHER", "--xts"]
    args += ["--description", f"Secure Key for {luks.name} Volume"]
    args += ["--apqns", ",".join(find_queues())]
    _run(task, luks, ["zkey", *args], f'generating the secure key of "{luks.name}"')
    secure_key = _key_files(settings, luks)[1]
    return (
        *("--volume-key-file", secure_key),
        *("--cipher", "paes-xts-plain64"),
        *("--key-size", str(os.stat(secure_key).st_size * 8)),
    )


def after_format(task: Task, luks: model.Luks, alias: str) -> None:
    """Ties the header to the secure key, and hands the key's files to the files phase. Failure IGN2311."""
    context = task.context
    args = ["zkey-cryptsetup", "setvp", alias, "--key-file", KEY_FILE]
    _run(task, luks, args, f'verifying the secure key of "{luks.name}"')
    for path in _key_files(context.settings, luks):
        encoded = binascii.b2a_base64(read_regular(path), newline=False).decode()
        url = f"data:application/octet-stream;base64,{encoded}"
        context.state.luks_persist_volume_key_files[os.path.basename(path)] = url


def _key_name(luks: model.Luks) -> str:
    return f"ignition-luks-{luks.name}"


def _key_files(settings: Settings, luks: model.Luks) -> tuple[str, str]:
    """The two files by which zkey stores a key: its description, and the key, encrypted by the card."""
    base = os.path.join(settings.zkey_dir, _key_name(luks))
    return f"{base}.info", f"{base}.skey"


def _run(task: Task, luks: model.Luks, args: list[str], what: str) -> None:
    program, *rest = args
    try:
        run(task.log, [task.context.settings.program(program), *rest], what=what)
    except CommandFailed as failure:
        raise Failure(
            "IGN2311",
            f"LUKS volume {luks.name}: {program} failed: {failure.hint or failure.text}",
            hint="is the card online, and does its domain have a master key?",
            cause=failure,
        ) from failure
