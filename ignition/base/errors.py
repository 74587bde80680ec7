# SPDX-License-Identifier: Apache-2.0
"""Failures that a user can cause or fix. Each has a code, an origin and a hint."""

from __future__ import annotations

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.finding import Finding
    from ignition.base.origin import Origin


class Failure(Exception):
    """Something that stops the run.

    `text` is a sentence without a full stop, `origin` the part of the config that is responsible, `hint` what
    to do about it, `cause` the underlying exception. `exit_status` is the status that the program exits.
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
    """The state of the machine conflicts with the config. Nothing was changed."""


class InvalidConfig(Failure):
    """A config that must not be applied. `findings` holds all its errors and warnings."""

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
    """The config is zero bytes long. A provider treats that as "no config", not as an error."""


class NoProvider(Failure):
    """This source has no config for the machine; the caller tries the next one."""


class NeedNetwork(Failure):
    """A resource, named by `origin`, needs the network, and this phase runs without it."""


class Rejected(Failure):
    """The server answered with an error. `status` is the HTTP status, 0 for other protocols."""

    status = 0


class NotFound(Rejected):
    """The server reports that the resource does not exist (HTTP 404 or its equivalent)."""

    status = 404


class CommandFailed(Failure):
    """A program failed. `status` is its exit status, or the negative number of the signal that killed it."""

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

    def with_code(self, code: str, text: str, *, hint: str = "") -> CommandFailed:
        """The same failure with another code and text. `hint` is for one that has none."""
        return CommandFailed(
            code,
            text,
            self.origin,
            hint=self.hint or hint,
            status=self.status,
            stdout=self.stdout,
            stderr=self.stderr,
        )


class FailureGroup(Failure):
    """Several failures of one operation, in the order in which they occurred."""

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
    """The members of a group, or a list of just this failure."""
    return failure.failures if isinstance(failure, FailureGroup) else [failure]


def combine(failures: list[Failure]) -> Failure:
    """The only failure of the list, or a group of all of them."""
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
    code = getattr(error, "code", None)  # files.UnusableFile has its own code
    if code:
        hint = "remove it from the image"
        return Failure(code, f"{doing}: {error.strerror}", hint=hint, cause=error)
    unknown = ("IGN3000", (error.strerror or str(error)).lower(), "")
    code, meaning, hint = _ERRNO.get(error.errno or 0, unknown)
    return Failure(code, f"{doing}: {meaning}", hint=hint, cause=error)


def oserror_failure(error: OSError, origin: Origin | None = None) -> Failure:
    """The failure for a system call outside the target; the message starts with the file name, if there is
    one."""
    prefix = f"{error.filename}: " if error.filename else ""
    code = getattr(error, "code", "IGN7003")  # files.UnusableFile has its own code
    code, text, hint = resource_limit(error) or (code, error.strerror or str(error), "")
    return Failure(code, f"{prefix}{text}", origin, hint=hint, cause=error)


def thread_failure(error: BaseException) -> Failure:
    """The failure for a thread that the kernel refused to create."""
    code, text, hint = _ERRNO[errno.EAGAIN]
    return Failure(code, text, hint=hint, cause=error)


def crash_failure(crash: BaseException, origin: Origin | None = None) -> Failure:
    """The failure for any exception: itself, a failed system call, a resource limit, or a bug in the
    engine."""
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
        f"defect in the engine: {type(crash).__name__} in {_traceback(crash)}",
        origin,
        hint="please report this line, with the config if it holds no secrets",
    )


def _limit_behind(crash: BaseException) -> int:
    """The errno of the resource limit behind an exception other than OSError, else 0."""
    if isinstance(crash, MemoryError):
        return errno.ENOMEM
    message = str(crash).lower()
    if isinstance(crash, ImportError):  # the loader could not map or open a shared library
        if "allocate memory" in message or "failed to map segment" in message:
            return errno.ENOMEM
        return errno.EMFILE if "too many open files" in message else 0
    if isinstance(crash, RuntimeError) and "can't start new thread" in message:
        return errno.EAGAIN
    return 0


def _traceback(crash: BaseException) -> str:
    """The four innermost frames of the traceback. Importing `traceback` would cost 10 ms."""
    frames: list[str] = []
    step = crash.__traceback__
    while step is not None:
        frames.append(f"{step.tb_frame.f_code.co_name}:{step.tb_lineno}")
        step = step.tb_next
    return ", ".join(frames[-4:])
