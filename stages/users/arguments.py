# SPDX-License-Identifier: Apache-2.0
"""Options of useradd, usermod, groupadd and groupmod (table in docs/behaviour/files.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config.model import PasswdGroup, PasswdUser

# Matches no password, while SSH keys still work. sshd may treat an account with `!` as locked.
NO_PASSWORD = "*"  # noqa: S105


def groupadd(group: PasswdGroup) -> list[str]:
    """Options for a new group."""
    return groupmod(group) + (["--system"] if group.system else [])


def groupmod(group: PasswdGroup) -> list[str]:
    """Options for an existing group; empty if nothing is to change."""
    args = []
    if group.gid is not None:
        args += ["--gid", str(group.gid)]
    return args


def useradd(user: PasswdUser) -> list[str]:
    """Options for a new user."""
    args = ["--home-dir", user.home_dir] if user.home_dir else []
    args.append("--no-create-home" if user.no_create_home else "--create-home")
    for wanted, option in (
        (user.no_user_group, "--no-user-group"),
        (user.system, "--system"),
        (user.no_log_init, "--no-log-init"),
    ):
        if wanted:
            args.append(option)
    return [*args, "--password", NO_PASSWORD, *_common(user)]


def usermod(user: PasswdUser) -> list[str]:
    """Options for an existing user; empty if nothing is to change.

    Like Ignition, `groups` replaces the supplementary groups, and an empty string clears nothing.
    """
    args = ["--home", user.home_dir, "--move-home"] if user.home_dir else []
    if user.password_hash == "":
        args += ["--password", NO_PASSWORD]
    return args + _common(user)


def _common(user: PasswdUser) -> list[str]:
    args = []
    if user.uid is not None:
        args += ["--uid", str(user.uid)]
    if user.gecos:
        args += ["--comment", user.gecos]
    if user.primary_group:
        args += ["--gid", user.primary_group]
    if user.groups:
        args += ["--groups", ",".join(user.groups)]
    if user.shell:
        args += ["--shell", user.shell]
    return args
