# SPDX-License-Identifier: Apache-2.0
"""Options of useradd, usermod, groupadd and groupmod (table in docs/behaviour/files.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config.model import PasswdGroup, PasswdUser

# No password fits it, while keys still let the user in; `!` would lock the account for some.
NO_PASSWORD = "*"  # noqa: S105


def groupadd(group: PasswdGroup) -> list[str]:
    """Options for a new group."""
    return groupmod(group) + (["--system"] if group.system else [])


def groupmod(group: PasswdGroup) -> list[str]:
    """Options for a group that exists; none if the config asks for nothing."""
    words = []
    if group.gid is not None:
        words += ["--gid", str(group.gid)]
    return words


def useradd(user: PasswdUser) -> list[str]:
    """Options for a new user."""
    words = ["--home-dir", user.home_dir] if user.home_dir else []
    words.append("--no-create-home" if user.no_create_home else "--create-home")
    for wanted, option in (
        (user.no_user_group, "--no-user-group"),
        (user.system, "--system"),
        (user.no_log_init, "--no-log-init"),
    ):
        if wanted:
            words.append(option)
    return [*words, "--password", NO_PASSWORD, *_common(user)]


def usermod(user: PasswdUser) -> list[str]:
    """Options for a user who exists; none if the config asks for nothing.

    `groups` replaces the supplementary groups, as in the original. Empty texts do not clear anything.
    """
    words = ["--home", user.home_dir, "--move-home"] if user.home_dir else []
    if user.password_hash == "":
        words += ["--password", NO_PASSWORD]
    return words + _common(user)


def _common(user: PasswdUser) -> list[str]:
    words = []
    if user.uid is not None:
        words += ["--uid", str(user.uid)]
    if user.gecos:
        words += ["--comment", user.gecos]
    if user.primary_group:
        words += ["--gid", user.primary_group]
    if user.groups:
        words += ["--groups", ",".join(user.groups)]
    if user.shell:
        words += ["--shell", user.shell]
    return words
