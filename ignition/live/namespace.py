# SPDX-License-Identifier: Apache-2.0
"""Root in a user namespace: its own user outside, and for other accounts the user's ids of /etc/subuid."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from ignition.base.errors import Failure
from ignition.live.user_namespace_needs import missing

AS_ROOT = ("unshare", "--user", "--map-auto", "--map-root-user")
_FIRST = ["0", "0", "4294967295"]


def exists() -> bool:
    """Whether uid 0 is not the host's. The first user namespace maps all ids to themselves."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            return file.read().split() != _FIRST
    except OSError:
        return True


def refusal(enter: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """What `unshare` prints if it cannot make these namespaces; None if it can."""
    try:
        done = subprocess.run(
            [*enter, "true"], stdin=subprocess.DEVNULL, capture_output=True, env=environment
        )
    except OSError as error:
        return f"{enter[0]}: {error.strerror}"
    return None if done.returncode == 0 else done.stderr.decode(errors="replace").strip()


def unavailable(code: str, what: str, message: str, *ways: str) -> Failure:
    """The failure that lists all that is missing on this machine.

    what     what takes root or a user namespace
    message  what `unshare` printed
    ways     what to do instead of installing what is missing
    """
    reasons, commands = missing(message)
    return Failure(
        code,
        f"{what} takes root, or a user namespace, which is not available:\n"
        + "\n".join(f"- {reason}" for reason in reasons),
        hint="; ".join([*commands, *ways]),
    )


def become_root(argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """Replaces this process by a program that is root in a new namespace. Failure IGN6508."""
    problem = refusal(AS_ROOT, environment)
    if problem is not None:
        failure = unavailable("IGN6508", "applying a config", problem, "or run this as root")
        failure.text = failure.text.replace(":\n- ", ": ").replace("\n- ", "; ")
        raise failure
    try:
        os.execvpe(AS_ROOT[0], [*AS_ROOT, "--", *argv], dict(environment))
    except OSError as error:
        raise Failure("IGN6508", f"{AS_ROOT[0]}: {error.strerror}") from error
