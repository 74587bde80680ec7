# SPDX-License-Identifier: Apache-2.0
"""Folders of the target, by descriptor: what is made, replaced or removed in one never leaves it."""

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

    # What a file shall hold: the bytes, or what writes them to an open descriptor.
    Body = bytes | Callable[[int], None]

KEEP = -1  # owner or group that is left as it is, as in chown(2)

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
        """What is in it."""
        return set(os.listdir(self.fileno))

    def sweep(self) -> set[str]:
        """Removes temporary files of an earlier run, which a power cut left; what else is in it."""
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
        """The group that a new entry of it gets."""
        found = os.fstat(self.fileno)
        return found.st_gid if found.st_mode & S_ISGID else os.getegid()

    def read(self, name: str, limit: int = DEFAULT_LIMIT) -> bytes:
        """The bytes of a regular file, at most `limit`."""
        try:
            return read_regular(name, limit, folder=self.fileno)
        except OSError as error:
            raise failure_from_oserror(error, f"cannot read {self.full_path(name)}") from error

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """A descriptor of a regular file, which the caller closes."""
        try:
            return open_regular(name, flags, folder=self.fileno)
        except OSError as error:
            raise failure_from_oserror(error, f"cannot open {self.full_path(name)}") from error

    def readlink(self, name: str) -> str | None:
        """The text of a symlink; None for anything else."""
        return readlink_at(name, self.fileno)

    def write(
        self,
        name: str,
        body: Body,
        mode: int | None,
        uid: int = KEEP,
        gid: int = KEEP,
        *,
        at_most: int = 0o644,
        clear: bool = False,
        durable: bool = False,
    ) -> None:
        """Makes a file, or replaces what is there: whole or not at all.

        It has its mode and owner before it has its name; without a mode it has what the kernel makes of
        `at_most`. Nothing has changed when `body` raises. A folder is replaced only with `clear`. `durable`
        waits for the disk, which costs milliseconds.
        """
        temporary, fileno = self.create(at_most if mode is None else mode)
        try:
            try:
                if isinstance(body, bytes):
                    write_all(fileno, body)
                else:
                    body(fileno)
                self._own(fileno, mode, uid, gid)
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
        """A new file under a temporary name: that name and the descriptor, for writing and reading."""
        temporary = self._temporary.new()
        try:
            return temporary, os.open(temporary, _NEW, mode & 0o777, dir_fd=self.fileno)
        except OSError as error:
            raise failure_from_oserror(
                error, f"cannot write in {self.root_path}{self.path or '/'}"
            ) from error

    def discard(self, temporary: str) -> None:
        """Removes a temporary file as far as that is possible: a failure is under way already."""
        try:
            os.unlink(temporary, dir_fd=self.fileno)
        except OSError:
            pass

    def _own(self, fileno: int, mode: int | None, uid: int, gid: int) -> None:
        if uid != KEEP or gid != KEEP:
            os.fchown(fileno, uid, gid)
        # After the owner, since a change of owner clears setuid and setgid. Always, since setgid and default
        # ACLs of the folder above change what was asked for.
        if mode is not None:
            os.fchmod(fileno, mode)

    def make_folder(
        self,
        name: str,
        mode: int | None = None,
        uid: int = KEEP,
        gid: int = KEEP,
        *,
        at_most: int = 0o755,
    ) -> None:
        """Makes a folder that is not there. Without a mode it has what the kernel makes of `at_most`."""
        try:
            os.mkdir(name, (at_most if mode is None else mode) & 0o777, dir_fd=self.fileno)
            if uid == gid == KEEP and mode is None:
                return
            fileno = os.open(name, _FOLDER, dir_fd=self.fileno)
            try:
                self._own(fileno, mode, uid, gid)
            finally:
                os.close(fileno)
        except OSError as error:
            raise failure_from_oserror(
                error, f"cannot make the folder {self.full_path(name)}"
            ) from error

    def has_capabilities(self, name: str) -> bool:
        """Whether a program has rights of its own, as capabilities(7) tells."""
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
        anew: bool = False,
    ) -> bool:
        """Owner, then mode, of a regular file or folder that stays as `found`. `mode` None keeps it.

        False when they were so already, unless they shall be set `anew`: a file that gets its owner loses
        setuid, setgid and capabilities.
        """
        same_owner = uid in (KEEP, found.st_uid) and gid in (KEEP, found.st_gid)
        has = S_IMODE(found.st_mode)
        if same_owner and mode in (None, has) and not anew:
            return False
        try:
            # Not read from: non-blocking, so that a fifo put here meanwhile cannot hold us.
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
        """Makes a symlink, or replaces what is there unless that is a folder. It has its owner before it has
        its name; None is the owner of what the link leads to."""

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
        """Gives a file of `source` this name too; a symlink is linked itself. What is there goes once it is
        known that the link can be made."""

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
                error, f"cannot make the link {self.full_path(name)}"
            ) from error
        finally:
            self.discard(temporary)  # rename leaves it where both are the same file already

    def _owner_behind(self, name: str) -> tuple[int, int]:
        """Who owns what a symlink leads to for the running system; root if it leads nowhere."""
        try:
            found = os.stat(name, dir_fd=self.fileno)
        except OSError:
            return 0, 0
        return found.st_uid, found.st_gid

    def clear(self, name: str) -> None:
        """Removes a folder, which a rename would not replace."""
        found = self.lstat(name)
        if found is not None and S_ISDIR(found.st_mode):
            self.remove(name)

    def remove(self, name: str) -> None:
        """Removes the node, a folder with all that is in it. Nothing happens if there is none.

        Refused (IGN3009) before anything is lost when something is mounted there or below.
        """
        found = self.lstat(name)
        if found is None:
            return
        if S_ISDIR(found.st_mode):
            self.demand_removable(name)
        try:
            if S_ISDIR(found.st_mode):
                remove_tree(name, self.fileno)
            else:
                os.unlink(name, dir_fd=self.fileno)
        except OSError as error:
            raise failure_from_oserror(error, f"cannot remove {self.full_path(name)}") from error

    def demand_removable(self, name: str) -> None:
        """Refuses (IGN3009) a folder that cannot go: the root, and one with a mount there or below."""
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
    """All of it, however often the kernel must be asked."""
    written = os.write(fileno, data) if data else 0
    while written < len(data):
        written += os.write(fileno, memoryview(data)[written:])


def lstat_at(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def readlink_at(name: str, folder: int) -> str | None:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise
