# SPDX-License-Identifier: Apache-2.0
"""Keys of volumes. They are in memory only: in sealed memory files, and in RUN_DIR for the files phase."""

from __future__ import annotations

import fcntl
import os

from ignition.base import digest
from ignition.base.errors import Failure, Refused
from ignition.base.files import read_regular, write_atomically
from ignition.base.record import record
from ignition.resource.sizes import format_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings
    from ignition.config import model
    from ignition.engine.context import PhaseContext

# cryptsetup reads no larger key file, unless --keyfile-size says so.
LIMIT = 8 << 20
_SIZE_OPTIONS = ("--keyfile-s", "-l")
# Random bytes of a generated key, which consists of their hexadecimal digits: Clevis fails on raw bytes.
_RANDOM = 4096


@record
class Key:
    """A key in a sealed memory file. Programs get it as `path`, with `run(..., keep=(key.fileno,))`."""

    fileno: int
    generated: bool

    @property
    def path(self) -> str:
        """The path by which a program that inherits the descriptor opens the key."""
        return f"/proc/self/fd/{self.fileno}"

    def read(self) -> bytes:
        """The key itself."""
        return os.pread(self.fileno, os.fstat(self.fileno).st_size, 0)

    def close(self) -> None:
        """Frees the memory."""
        os.close(self.fileno)


def new_key(data: bytes, *, generated: bool) -> Key:
    """A key in a memory file that nobody can change."""
    fileno = os.memfd_create("key", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    while view:
        view = view[os.write(fileno, view) :]
    seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    fcntl.fcntl(fileno, fcntl.F_ADD_SEALS, seals)
    return Key(fileno, generated)


def generate() -> Key:
    """A new random key."""
    return new_key(os.urandom(_RANDOM).hex().encode(), generated=True)


def collect(config: model.Config, context: PhaseContext) -> dict[str, Key]:
    """Fetches, verifies or generates the key of each volume: name -> key. Reports refusals (IGN2304), and
    whatever keeps a key from being fetched."""
    keys: dict[str, Key] = {}
    for index, wanted in enumerate(config.storage.luks):
        try:
            keys[wanted.name] = _get(wanted, context, context.origin("storage", "luks", index))
        except Failure as failure:
            context.refuse(failure)
    return keys


def _get(wanted: model.Luks, context: PhaseContext, origin: Origin) -> Key:
    if wanted.cex.enabled:
        return _read_cex_key(wanted, origin)
    if not wanted.key_file.source:
        return generate()
    from ignition.resource.fetch import fetch_resource

    origin = origin.at("keyFile")
    try:
        data = fetch_resource(context.fetch_context, wanted.key_file, origin)
    except Failure as failure:
        if failure.code != "IGN4008":
            raise
        # More than fits into memory, which no key does.
        raise _too_large(wanted, "more than 64 MiB", origin) from failure
    if not data:
        raise Refused(
            "IGN2304",
            f"the key file of volume {wanted.name} is empty",
            origin,
            hint="give one with a key in it, or leave keyFile out to have a key generated",
        )
    if len(data) > LIMIT and not _limits_size(wanted):
        raise _too_large(wanted, format_size(len(data)), origin)
    return new_key(data, generated=False)


def _too_large(wanted: model.Luks, size: str, origin: Origin) -> Refused:
    return Refused(
        "IGN2304",
        f"the key file of volume {wanted.name} has {size}, and cryptsetup takes 8 MiB at most",
        origin,
        hint="is it the right file? A key of 64 random bytes is as strong as the cipher",
    )


def _limits_size(wanted: model.Luks) -> bool:
    return any(
        option.startswith(_SIZE_OPTIONS) for option in (*wanted.options, *wanted.open_options)
    )


def _read_cex_key(wanted: model.Luks, origin: Origin) -> Key:
    """The text that stands for the key in the card. It is no secret."""
    from . import cex

    try:
        return new_key(read_regular(cex.KEY_FILE, LIMIT), generated=False)
    except OSError as error:
        raise Refused(
            "IGN2304",
            f"the key file of volume {wanted.name} cannot be read: {cex.KEY_FILE}: {error.strerror}",
            origin.at("cex"),
            hint="rebuild the initramfs on a machine with a CEX card",
        ) from error


def hold(settings: Settings, name: str, key: Key) -> None:
    """Keeps a key in RUN_DIR/keys, for the files phase and for a repeated disks phase of this boot."""
    path = _held_path(settings, name)
    os.makedirs(settings.run_dir, exist_ok=True)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.mkdir(folder, 0o700)
    write_atomically(path, key.read(), 0o600)


def held(settings: Settings, name: str) -> bytes | None:
    """The key that is held for a volume, None if there is none."""
    try:
        return read_regular(_held_path(settings, name), LIMIT << 3)
    except FileNotFoundError:
        return None


def drop(settings: Settings, name: str) -> None:
    """Removes the held key of a volume if there is one."""
    try:
        os.unlink(_held_path(settings, name))
    except FileNotFoundError:
        return


def _held_path(settings: Settings, name: str) -> str:
    """Names of volumes may be longer than names of files, and contain anything but a slash."""
    hasher = digest.new("sha256")
    hasher.update(name.encode())
    return os.path.join(settings.run_dir, "keys", hasher.hexdigest())
