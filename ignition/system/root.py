# SPDX-License-Identifier: Apache-2.0
"""The target root: the only way to read and write files of the target system.

Config paths are relative to that root, and so are absolute symlinks in it. openat2(2) with RESOLVE_IN_ROOT
would do this, but Python can only call it through ctypes, whose import takes 5 ms. So a folder is opened
component by component without following symlinks, which are resolved here. Everything inside a folder then
uses its descriptor, so there is no race between check and use.
"""

from __future__ import annotations

import errno
import os

from ignition.base.errors import failure_from_oserror
from ignition.base.files import DEFAULT_LIMIT, check_regular, read_regular
from ignition.system.folder import Folder, TemporaryNames, lstat_at, readlink_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    T = TypeVar("T")

MAX_HOPS = 40  # the kernel's limit of symlinks per path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Root:
    """The tree at `path`, as given by --root.

    Config paths are absolute and clean; returned paths are too, and relative to this root.
    """

    __slots__ = ("_temporary", "path")

    def __init__(self, path: str) -> None:
        self.path = path.rstrip("/")
        self._temporary = TemporaryNames()

    def full_path(self, path: str) -> str:
        """The path in the running system: with the root in front."""
        return self.path + path

    def resolve(self, path: str) -> str:
        """Resolves all symlinks but a final one, inside the root. Changes nothing.

        Missing components are kept as they are. Failure IGN3004 for a symlink loop.
        """
        parent, _, name = path.rpartition("/")
        return _join(self.resolve_folder(parent), name)

    def resolve_all(self, paths: Iterable[str]) -> Iterator[str]:
        """`resolve` for many paths; each folder is resolved once."""
        folders: dict[str, str] = {}
        for path in paths:
            parent, _, name = path.rpartition("/")
            folder = folders.get(parent)
            if folder is None:
                folder = folders[parent] = self.resolve_folder(parent)
            yield _join(folder, name)

    def resolve_folder(self, path: str) -> str:
        """Like `resolve`, but resolves a final symlink too."""
        try:
            walk = _Walk(self, path)
            try:
                return walk.path
            finally:
                walk.close()
        except OSError as error:
            raise failure_from_oserror(error, f"cannot resolve {self.full_path(path)}") from error

    def first_missing(self, path: str) -> str:
        """The topmost parent of a resolved path that does not exist.

        The path itself if all of its parents exist.
        """
        upper = path
        while True:
            parent = upper.rpartition("/")[0]
            if not parent or self.lstat(parent) is not None:
                return upper
            upper = parent

    def first_missing_of(self, paths: Iterable[str]) -> set[str]:
        """`first_missing` for many paths; each folder is looked up once."""
        tops: dict[str, str] = {}  # per folder; "" if it exists
        found: set[str] = set()
        for path in paths:
            parent = path.rpartition("/")[0]
            top = tops.get(parent)
            if top is None:
                top = tops[parent] = "" if self._is_there(parent) else self.first_missing(parent)
            found.add(top or path)
        return found

    def _is_there(self, path: str) -> bool:
        return not path or self.lstat(path) is not None

    def folder(self, path: str) -> Folder:
        """Opens a folder, creating missing ones as root with mode 0755. Use it in a `with` statement.

        Failure IGN3003 if a component is neither a folder nor a symlink; otherwise as `failure_from_oserror`.
        """
        try:
            walk = _Walk(self, path, make=True)
            return Folder(self.path, walk.path, walk.keep(), self._temporary)
        except OSError as error:
            raise failure_from_oserror(
                error, f"cannot create the folder {self.full_path(path) or '/'}"
            ) from error

    def subfolder(self, folder: Folder, name: str) -> Folder:
        """`folder()` for a direct child of an open folder, without walking down from the root again."""
        path = f"{folder.path}/{name}"
        try:
            try:
                fileno = os.open(name, _FOLDER, dir_fd=folder.fileno)
            except FileNotFoundError:
                folder.make_folder(name)
                fileno = os.open(name, _FOLDER, dir_fd=folder.fileno)
        except OSError:  # a symlink, which must be resolved from the root
            return self.folder(path)
        return Folder(self.path, path, fileno, self._temporary)

    def existing_folder(self, path: str) -> Folder | None:
        """Opens a folder, None if it does not exist. Use it in a `with` statement."""
        try:
            walk = _Walk(self, path)
            if walk.missing:
                walk.close()
                return None
            return Folder(self.path, walk.path, walk.keep(), self._temporary)
        except OSError as error:
            raise failure_from_oserror(
                error, f"cannot open the folder {self.full_path(path) or '/'}"
            ) from error

    def lstat(self, path: str) -> os.stat_result | None:
        """lstat of a config path whose parents are resolved inside the root; None if it does not exist."""
        parent, _, name = path.rpartition("/")
        try:
            walk = _Walk(self, parent)
            try:
                return None if walk.missing else lstat_at(name or ".", walk.fileno)
            finally:
                walk.close()
        except NotADirectoryError:
            return None
        except OSError as error:
            raise failure_from_oserror(error, f"cannot look at {self.full_path(path)}") from error

    def read(self, path: str, limit: int = DEFAULT_LIMIT) -> bytes | None:
        """At most `limit` bytes of a file, following symlinks inside the root; None if it does not exist."""
        return self._at_target(
            path, "read", lambda name, folder: read_regular(name, limit, folder=folder)
        )

    def check(self, path: str, limit: int = DEFAULT_LIMIT) -> None:
        """Refuses a path that another program could not read completely: anything but a regular file, or one
        larger than `limit`. A missing file is fine."""
        self._at_target(
            path, "look at", lambda name, folder: check_regular(name, limit, folder=folder)
        )

    def _at_target(self, path: str, doing: str, do: Callable[[str, int], T]) -> T | None:
        """Calls `do` with name and folder of a path's target, following symlinks inside the root."""
        shown = f"cannot {doing} {self.full_path(path)}"
        try:
            for _ in range(MAX_HOPS):
                parent, _, name = path.rpartition("/")
                walk = _Walk(self, parent)
                try:
                    if walk.missing:
                        return None
                    # `name` is empty for the root itself and after a trailing slash.
                    name = name or "."
                    target = readlink_at(name, walk.fileno)
                    if target is None:
                        return do(name, walk.fileno)
                    path = target if target.startswith("/") else f"{walk.path}/{target}"
                finally:
                    walk.close()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise failure_from_oserror(error, shown) from error
        raise failure_from_oserror(OSError(errno.ELOOP, ""), shown)


class _Walk:
    """A walk from the root to a folder. Only the current folder is open, however deep it is.

    `path` is the resolved path. `missing` is set if a component does not exist or is not a folder yet; an
    earlier step may still create it.
    """

    __slots__ = ("_names", "_root", "fileno", "missing", "path")

    def __init__(self, root: Root, path: str, *, make: bool = False) -> None:
        self._root = root
        self._names: list[str] = []
        self.fileno = self._top()
        self.missing = False
        try:
            absent = self._descend(path.split("/"), make)
        except BaseException:
            self.close()
            raise
        self.path = "".join(f"/{name}" for name in self._names + absent)

    def keep(self) -> int:
        """Returns the descriptor; the caller closes it."""
        return self.fileno

    def close(self) -> None:
        os.close(self.fileno)

    def _top(self) -> int:
        return os.open(self._root.path or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _return_to(self, depth: int) -> None:
        """Returns to an ancestor, again from the root, because `..` could be another folder by now."""
        names = self._names[:depth]
        self._move_to(self._top())
        self._names = []
        for name in names:
            self._enter(name)

    def _move_to(self, fileno: int) -> None:
        before, self.fileno = self.fileno, fileno
        os.close(before)

    def _descend(self, parts: list[str], make: bool) -> list[str]:
        """Walks down, resolving symlinks inside the root. Returns the trailing missing components."""
        todo = parts[::-1]
        absent: list[str] = []
        hops = 0
        while todo:
            name = todo.pop()
            if name in ("", "."):
                continue
            if name == "..":
                if absent:
                    absent.pop()
                    continue
                steps = 1
                while todo and todo[-1] == "..":  # one walk from the root for all of them
                    todo.pop()
                    steps += 1
                self._return_to(max(0, len(self._names) - steps))
                continue
            if absent:
                absent.append(name)
                continue
            try:
                self._enter(name)
            except FileNotFoundError:
                if make:
                    self._make(name)
                else:
                    absent.append(name)
                    self.missing = True
            except NotADirectoryError:
                target = readlink_at(name, self.fileno)
                if target is not None:
                    hops += 1
                    if hops > MAX_HOPS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
                    if target.startswith("/"):
                        self._return_to(0)
                    todo += target.split("/")[::-1]
                elif make:
                    raise
                else:
                    absent.append(name)
                    self.missing = True
        return absent

    def _enter(self, name: str) -> None:
        self._move_to(os.open(name, _FOLDER, dir_fd=self.fileno))
        self._names.append(name)

    def _make(self, name: str) -> None:
        try:
            os.mkdir(name, 0o755, dir_fd=self.fileno)
        except FileExistsError:
            pass  # created by a concurrent step
        self._enter(name)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}"
