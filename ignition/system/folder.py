# SPDX-License-Identifier: Apache-2.0
"""Open folders of the target. Everything is relative to a directory descriptor, so it cannot escape."""

from __future__ import annotations

import errno
import os
from itertools import count
from stat import S_IMODE, S_ISDIR, S_ISGID

from ignition.base.errors import Refused, failure_from_oserror
from ignition.base.files import DEFAULT_LIMIT, open_regular, read_regular
from ignition.system import mounts
from ignition.system.tree import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # The contents of a file, or a function that writes them to a descriptor.
    Body = bytes | Callable[[int], None]

KEEP = -1  # leaves owner or group unchanged, as in chown(2)

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TEMPORARY = ".ignition-tmp-"
_HEX = "0123456789abcdef"


class TemporaryNames:
    """Names of temporary files, unique across runs and within this one."""

    __slots__ = ("_numbers", "_run")

    def __init__(self) -> None:
        self._run = os.urandom(4).hex()
        self._numbers = count(1)  # safe to share between threads

    def new(self) -> str:
        """An unused name."""
        return f"{_TEMPORARY}{self._run}-{next(self._numbers)}"

    def is_leftover(self, name: str) -> bool:
        """Whether an earlier, interrupted run made up this name."""
        run, dash, number = name.removeprefix(_TEMPORARY).partition("-")
        ours = name.startswith(_TEMPORARY) and len(run) == len(self._run) and bool(dash)
        return ours and run != self._run and not run.strip(_HEX) and number.isdigit()


class Folder:
    """An open folder inside the target root.

    `path` is its config path with all symlinks resolved, `root_path` the root in the running system. Names
    are single components and never followed. Methods raise what `failure_from_oserror` returns.
    """

    __slots__ = ("_temporary", "fileno", "path", "root_path")

    def __init__(self, root_path: str, path: str, fileno: int, temporary: TemporaryNames) -> None:
        self.root_path = root_path
        self.path = path
        self.fileno = fileno
        self._temporary = temporary

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fileno)

    def full_path(self, name: str) -> str:
        """The path of an entry in the running system."""
        return f"{self.root_path}{self.path}/{name}"

    def names(self) -> set[str]:
        """The names of all entries."""
        return set(os.listdir(self.fileno))

    def sweep(self) -> set[str]:
        """Removes temporary files that an interrupted run left behind. Returns the remaining names."""
        found = self.names()
        leftovers = {name for name in found if self._temporary.is_leftover(name)}
        for name in leftovers:
            self.discard(name)
        return found - leftovers

    def lstat(self, name: str) -> os.stat_result | None:
        try:
            return lstat_at(name, self.fileno)
        except OSError as error:
            raise failure_from_oserror(error, f"cannot look at {self.full_path(name)}") from error

    def group(self) -> int:
        """The group that a new entry inherits."""
        found = os.fstat(self.fileno)
        return found.st_gid if found.st_mode & S_ISGID else os.getegid()

    def read(self, name: str, limit: int = DEFAULT_LIMIT) -> bytes:
        """The contents of a regular file, at most `limit` bytes."""
        try:
            return read_regular(name, limit, folder=self.fileno)
        except OSError as error:
            raise failure_from_oserror(error, f"cannot read {self.full_path(name)}") from error

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Opens a regular file and returns the descriptor, which the caller closes."""
        try:
            return open_regular(name, flags, folder=self.fileno)
        except OSError as error:
            raise failure_from_oserror(error, f"cannot open {self.full_path(name)}") from error

    def readlink(self, name: str) -> str | None:
        """The target of a symlink, None for anything else."""
        return readlink_at(name, self.fileno)

    def write(
        self,
        name: str,
        body: Body,
        mode: int | None,
        uid: int = KEEP,
        gid: int = KEEP,
        *,
        default_mode: int = 0o644,
        clear: bool = False,
        durable: bool = False,
    ) -> None:
        """Creates or replaces a file atomically.

        The file gets mode and owner before it gets its name. Without a mode, `default_mode` applies, reduced
        by umask and default ACLs. If `body` raises, nothing has changed. A folder is only replaced with
        `clear`. `durable` calls fsync, which takes milliseconds.
        """
        temporary, fileno = self.create(default_mode if mode is None else mode)
        try:
            try:
                if isinstance(body, bytes):
                    write_all(fileno, body)
                else:
                    body(fileno)
                self._set_owner_and_mode(fileno, mode, uid, gid)
                if durable:
                    os.fsync(fileno)
            finally:
                os.close(fileno)
            if clear:
                self.remove(name)
            os.rename(temporary, name, src_dir_fd=self.fileno, dst_dir_fd=self.fileno)
            if durable:
                os.fsync(self.fileno)
        except OSError as error:
            self.discard(temporary)
            raise failure_from_oserror(error, f"cannot write {self.full_path(name)}") from error
        except BaseException:
            self.discard(temporary)
            raise

    def create(self, mode: int) -> tuple[str, int]:
        """Creates a temporary file. Returns its name and a descriptor for reading and writing."""
        temporary = self._temporary.new()
        try:
            return temporary, os.open(temporary, _NEW, mode & 0o777, dir_fd=self.fileno)
        except OSError as error:
            raise failure_from_oserror(
                error, f"cannot write in {self.root_path}{self.path or '/'}"
            ) from error

    def discard(self, temporary: str) -> None:
        """Removes a temporary file and ignores errors, because another failure is already being raised."""
        try:
            os.unlink(temporary, dir_fd=self.fileno)
        except OSError:
            pass

    def _set_owner_and_mode(self, fileno: int, mode: int | None, uid: int, gid: int) -> None:
        if uid != KEEP or gid != KEEP:
            os.fchown(fileno, uid, gid)
        # After chown, which clears setuid and setgid. Never skipped, because setgid and default ACLs of the
        # parent change the mode given to open and mkdir.
        if mode is not None:
            os.fchmod(fileno, mode)

    def make_folder(
        self,
        name: str,
        mode: int | None = None,
        uid: int = KEEP,
        gid: int = KEEP,
        *,
        default_mode: int = 0o755,
    ) -> None:
        """Creates a folder. Without a mode, `default_mode` applies, reduced by umask and default ACLs."""
        try:
            os.mkdir(name, (default_mode if mode is None else mode) & 0o777, dir_fd=self.fileno)
            if uid == gid == KEEP and mode is None:
                return
            fileno = os.open(name, _FOLDER, dir_fd=self.fileno)
            try:
                self._set_owner_and_mode(fileno, mode, uid, gid)
            finally:
                os.close(fileno)
        except OSError as error:
            raise failure_from_oserror(
                error, f"cannot create the folder {self.full_path(name)}"
            ) from error

    def has_capabilities(self, name: str) -> bool:
        """Whether an executable has file capabilities (capabilities(7))."""
        try:
            path = f"/proc/self/fd/{self.fileno}/{name}"
            return bool(os.getxattr(path, "security.capability", follow_symlinks=False))
        except OSError:
            return False

    def set_attributes(
        self,
        name: str,
        found: os.stat_result,
        mode: int | None,
        uid: int,
        gid: int,
        *,
        force: bool = False,
    ) -> bool:
        """Sets owner, then mode, of an existing regular file or folder. A `mode` of None keeps the mode.

        Returns False if nothing had to change. `force` sets them regardless, because chown clears setuid,
        setgid and capabilities.
        """
        same_owner = uid in (KEEP, found.st_uid) and gid in (KEEP, found.st_gid)
        has = S_IMODE(found.st_mode)
        if same_owner and mode in (None, has) and not force:
            return False
        try:
            # Non-blocking, in case somebody has put a FIFO here since.
            fileno = os.open(name, _READ, dir_fd=self.fileno)
            try:
                os.fchown(fileno, uid, gid)
                if mode is not None:
                    os.fchmod(fileno, mode)
            finally:
                os.close(fileno)
        except OSError as error:
            raise failure_from_oserror(
                error, f"cannot set owner and mode of {self.full_path(name)}"
            ) from error
        return True

    def symlink(
        self, name: str, target: str, uid: int | None = KEEP, gid: int | None = KEEP
    ) -> None:
        """Creates a symlink, or replaces anything but a folder. It gets its owner before its name; None means
        the owner of the link's target."""

        def make(temporary: str) -> None:
            os.symlink(target, temporary, dir_fd=self.fileno)
            if uid == gid == KEEP:
                return
            behind_uid, behind_gid = self._owner_behind(temporary)
            os.chown(
                temporary,
                behind_uid if uid is None else uid,
                behind_gid if gid is None else gid,
                dir_fd=self.fileno,
                follow_symlinks=False,
            )

        self._link_by_rename(name, make)

    def hard_link(self, name: str, source: Folder, source_name: str) -> None:
        """Links a file of `source` to this name, without following symlinks. An existing entry is removed
        once the link is known to work."""

        def make(temporary: str) -> None:
            os.link(
                source_name,
                temporary,
                src_dir_fd=source.fileno,
                dst_dir_fd=self.fileno,
                follow_symlinks=False,
            )
            self.clear(name)

        self._link_by_rename(name, make)

    def _link_by_rename(self, name: str, make: Callable[[str], None]) -> None:
        temporary = self._temporary.new()
        try:
            make(temporary)
            os.rename(temporary, name, src_dir_fd=self.fileno, dst_dir_fd=self.fileno)
        except OSError as error:
            raise failure_from_oserror(
                error, f"cannot create the link {self.full_path(name)}"
            ) from error
        finally:
            self.discard(temporary)  # rename(2) does nothing if both names are the same file

    def _owner_behind(self, name: str) -> tuple[int, int]:
        """Owner and group of a symlink's target in the running system; root if it is dangling."""
        try:
            found = os.stat(name, dir_fd=self.fileno)
        except OSError:
            return 0, 0
        return found.st_uid, found.st_gid

    def clear(self, name: str) -> None:
        """Removes a folder, which rename(2) would not replace."""
        found = self.lstat(name)
        if found is not None and S_ISDIR(found.st_mode):
            self.remove(name)

    def remove(self, name: str) -> None:
        """Removes an entry, recursively if it is a folder. Does nothing if it does not exist.

        Refused (IGN3009), before anything is removed, if it contains a mount point.
        """
        found = self.lstat(name)
        if found is None:
            return
        if S_ISDIR(found.st_mode):
            self.check_removable(name)
        try:
            if S_ISDIR(found.st_mode):
                remove_tree(name, self.fileno)
            else:
                os.unlink(name, dir_fd=self.fileno)
        except OSError as error:
            raise failure_from_oserror(error, f"cannot remove {self.full_path(name)}") from error

    def check_removable(self, name: str) -> None:
        """Refuses (IGN3009) to remove the root, or a folder that is or contains a mount point."""
        if name == ".":
            raise Refused(
                "IGN3009", "the root folder cannot be replaced", hint="leave out overwrite"
            )
        above = os.readlink(f"/proc/self/fd/{self.fileno}")
        point = mounts.mount_point_below(f"{above.rstrip('/')}/{name}")
        if point:
            raise Refused(
                "IGN3009",
                f"cannot remove {self.full_path(name)}: {point} is a mount point",
                hint="leave out overwrite, or mount the file system somewhere else",
            )


def write_all(fileno: int, data: bytes) -> None:
    """Writes all bytes, continuing after short writes."""
    written = os.write(fileno, data) if data else 0
    while written < len(data):
        written += os.write(fileno, memoryview(data)[written:])


def lstat_at(name: str, folder: int) -> os.stat_result | None:
    """lstat relative to an open folder; None if there is no such entry."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def readlink_at(name: str, folder: int) -> str | None:
    """readlink relative to an open folder; None if there is no such entry or it is not a symlink."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise
