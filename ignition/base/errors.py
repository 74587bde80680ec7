# SPDX-License-Identifier: Apache-2.0
"""Failures that a user can cause or mend: each has a code, an address and a way out."""

from __future__ import annotations

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.finding import Finding
    from ignition.base.origin import Origin


class Failure(Exception):
    """Something that stops the run, said once.

    `text` is a sentence without a full stop, `origin` which part of which config it concerns, `hint` what
    to do about it, `cause` the failure behind it. `exit_status` is the program's (docs/behaviour/run.md).
    """

    def __init__(
        self,
        code: str,
        text: str,
        origin: Origin | None = None,
        *,
        hint: str = "",
        cause: BaseException | None = None,
        exit_status: int = 1,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.origin = origin
        self.hint = hint
        self.exit_status = exit_status
        if cause is not None:
            self.__cause__ = cause

    def __str__(self) -> str:
        return self.text

    def add_origin(self, origin: Origin) -> None:
        """Sets the origin unless a more precise place has set one; the caller raises the failure again."""
        self.origin = self.origin or origin


class Refused(Failure):
    """What is on the machine forbids what the config asks for; nothing was changed."""


class InvalidConfig(Failure):
    """A config that must not be applied. `findings` holds all of its errors and warnings."""

    def __init__(
        self,
        code: str,
        text: str,
        origin: Origin | None = None,
        *,
        hint: str = "",
        findings: list[Finding] | None = None,
    ) -> None:
        super().__init__(code, text, origin, hint=hint)
        self.findings: list[Finding] = findings or []


class EmptyConfig(Failure):
    """Zero bytes: no config, which for a provider is not an error."""


class NoProvider(Failure):
    """A source that has nothing to say; the next one is asked."""


class NeedNetwork(Failure):
    """Something must be fetched from the network and this phase has none. `origin` says what."""


class Rejected(Failure):
    """The server answers, but not with the resource. `status` is the one of HTTP, 0 for another protocol."""

    status = 0


class NotFound(Rejected):
    """The server says that the resource does not exist (HTTP 404 and its kin)."""

    status = 404


class CommandFailed(Failure):
    """A program ended badly. `status` is its exit status, negative for a signal."""

    def __init__(
        self,
        code: str,
        text: str,
        origin: Origin | None = None,
        *,
        hint: str = "",
        status: int = 0,
        stdout: str = "",
        stderr: str = "",
    ) -> None:
        super().__init__(code, text, origin, hint=hint)
        self.status = status
        self.stdout = stdout
        self.stderr = stderr


class FailureGroup(Failure):
    """More than one failure of the same moment, in the order in which they came."""

    def __init__(self, failures: list[Failure]) -> None:
        first = failures[0]
        super().__init__(
            first.code,
            "\n".join(failure.text for failure in failures),
            first.origin,
            hint=first.hint,
            exit_status=first.exit_status,
        )
        self.failures = failures

    def add_origin(self, origin: Origin) -> None:
        super().add_origin(origin)
        for failure in self.failures:
            failure.add_origin(origin)


def flatten(failure: Failure) -> list[Failure]:
    """The failure as a list of single ones."""
    return failure.failures if isinstance(failure, FailureGroup) else [failure]


def combine(failures: list[Failure]) -> Failure:
    """One failure, or all of them as one."""
    return failures[0] if len(failures) == 1 else FailureGroup(failures)


# errno -> (code, meaning, hint). 7xxx: limits of the process, whatever the system call was; 3xxx: errors of
# system calls on the target's files.
_ERRNO = {
    errno.ENOMEM: ("IGN7005", "out of memory", "give the machine more memory"),
    errno.EMFILE: ("IGN7006", "too many open files", "raise LimitNOFILE= of the unit"),
    errno.ENFILE: ("IGN7006", "too many open files in the system", "raise fs.file-max"),
    errno.EFBIG: ("IGN7007", "a file grew past a limit", "raise LimitFSIZE= of the unit"),
    errno.EAGAIN: ("IGN7004", "no more processes or threads", "raise TasksMax= and LimitNPROC="),
    errno.ENOSPC: ("IGN3001", "no space left on the file system", "make it larger, or write less"),
    errno.EDQUOT: ("IGN3001", "the disk quota is used up", "raise it, or write less"),
    errno.EROFS: ("IGN3002", "the file system is read-only", "mount it writable before this phase"),
    errno.ENOTDIR: ("IGN3003", "a part of the path is not a directory", ""),
    errno.ELOOP: ("IGN3004", "too many symlinks in the path", "do the links form a loop?"),
    errno.EACCES: ("IGN3005", "permission denied", ""),
    errno.EPERM: ("IGN3005", "operation not permitted", "is it immutable, or not run as root?"),
    errno.EBUSY: ("IGN3006", "it is in use, by a mount for example", ""),
    errno.ENAMETOOLONG: ("IGN3007", "the name is too long for the file system", ""),
    errno.EXDEV: ("IGN3008", "both must be on the same file system", ""),
}


def resource_limit(error: OSError) -> tuple[str, str, str] | None:
    """Code, meaning and hint if the error is a limit of the process, else None."""
    known = _ERRNO.get(error.errno or 0)
    return known if known and known[0].startswith("IGN7") else None


def failure_from_oserror(error: OSError, doing: str) -> Failure:
    """The failure for a system call on the target's files; `doing` is like `cannot write /sysroot/etc/x`."""
    code = getattr(error, "code", None)  # of `base.files.Unfit`
    if code:
        hint = "remove it from the image"
        return Failure(code, f"{doing}: {error.strerror}", hint=hint, cause=error)
    unknown = ("IGN3000", (error.strerror or str(error)).lower(), "")
    code, meaning, hint = _ERRNO.get(error.errno or 0, unknown)
    return Failure(code, f"{doing}: {meaning}", hint=hint, cause=error)


def oserror_failure(error: OSError, origin: Origin | None = None) -> Failure:
    """The failure for any other system call."""
    place = f"{error.filename}: " if error.filename else ""
    code = getattr(error, "code", "IGN7003")  # of `base.files.Unfit`
    code, text, hint = resource_limit(error) or (code, error.strerror or str(error), "")
    return Failure(code, f"{place}{text}", origin, hint=hint, cause=error)


def thread_failure(error: BaseException) -> Failure:
    """The failure for a thread that the kernel does not give."""
    code, text, hint = _ERRNO[errno.EAGAIN]
    return Failure(code, text, hint=hint, cause=error)


def crash_failure(crash: BaseException, origin: Origin | None = None) -> Failure:
    """The border where whatever was raised becomes a report: a limit of the process, or a defect of ours."""
    if isinstance(crash, Failure):
        return crash
    if isinstance(crash, OSError):
        return oserror_failure(crash, origin)
    number = _limit_behind(crash)
    if number:
        code, text, hint = _ERRNO[number]
        return Failure(code, text, origin, hint=hint)
    return Failure(
        "IGN6900",
        f"defect in the engine: {type(crash).__name__} in {_trail(crash)}",
        origin,
        hint="please report this line, with the config if it holds no secrets",
    )


def _limit_behind(crash: BaseException) -> int:
    """The errno of a limit that another exception than OSError stands for, else 0."""
    if isinstance(crash, MemoryError):
        return errno.ENOMEM
    words = str(crash).lower()
    if isinstance(crash, ImportError):  # a library that the loader could not map, or open
        if "allocate memory" in words or "failed to map segment" in words:
            return errno.ENOMEM
        return errno.EMFILE if "too many open files" in words else 0
    if isinstance(crash, RuntimeError) and "can't start new thread" in words:
        return errno.EAGAIN
    return 0


def _trail(crash: BaseException) -> str:
    """The functions that it came through, the last four. The module traceback costs 10 ms."""
    places: list[str] = []
    step = crash.__traceback__
    while step is not None:
        places.append(f"{step.tb_frame.f_code.co_name}:{step.tb_lineno}")
        step = step.tb_next
    return ", ".join(places[-4:])
