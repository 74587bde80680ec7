# SPDX-License-Identifier: Apache-2.0
"""Failures that a user can cause or mend: each has a code, an address and a way out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.finding import Finding
    from ignition.base.origin import Origin


class Failure(Exception):
    """Something that stops the run, said once.

    `text` is a sentence without a full stop, `origin` which part of which config it concerns, `hint` what
    to do about it, `cause` the failure behind it. `exit_status` is the program's (engine-run 1.2).
    """

    exit_status = 1

    def __init__(
        self,
        code: str,
        text: str,
        origin: Origin | None = None,
        *,
        hint: str = "",
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.origin = origin
        self.hint = hint
        if cause is not None:
            self.__cause__ = cause

    def __str__(self) -> str:
        return self.text


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


class Several(Failure):
    """More than one failure of the same moment, in the order in which they came."""

    def __init__(self, failures: list[Failure]) -> None:
        first = failures[0]
        super().__init__(
            first.code, "\n".join(one.text for one in failures), first.origin, hint=first.hint
        )
        self.failures = failures


def each(failure: Failure) -> list[Failure]:
    """The failure as a list of single ones."""
    return failure.failures if isinstance(failure, Several) else [failure]
