# SPDX-License-Identifier: Apache-2.0
"""SELinux labels for what was created on the target, set by the target's own policy.

One run of setfiles handles many paths. A target without a policy is left alone; Ignition fails there.
"""

from __future__ import annotations

import os

from ignition.base.errors import CommandFailed, Refused
from ignition.base.log import quote
from ignition.system.root import Root
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from ignition.base.log import Log
    from ignition.base.settings import Settings

    class Target(Protocol):
        """The settings and the log of a phase."""

        settings: Settings
        log: Log


CONFIG = "/etc/selinux/config"
_FILE_CONTEXTS = "file_contexts"
_CONTEXTS_LIMIT = 256 << 20  # compiled contexts of a large policy are about 10 MiB


def policy_name(root: Root) -> str:
    """The name of the target's policy, such as `targeted`; "" if it has none."""
    text = (root.read(CONFIG) or b"").decode("utf-8", "replace")
    for line in text.split("\n"):
        key, _, value = line.strip().partition("=")
        if key == "SELINUXTYPE":
            name = value.partition("#")[0].strip().strip("\"'")
            if "/" in name or "\0" in name or name in (".", ".."):
                raise Refused(
                    "IGN3404",
                    f"{root.full_path(CONFIG)} names the policy {quote(name)}, which is not a valid name",
                    hint="SELINUXTYPE is the name of a folder below /etc/selinux",
                )
            return name
    return ""


def check_policy(root: Root) -> None:
    """Refuses a policy whose files setfiles could not read completely."""
    folder = root.existing_folder(_contexts(policy_name(root)))
    if folder is not None:
        with folder:
            for name in folder.names():
                if name.startswith(_FILE_CONTEXTS):
                    root.check(f"{folder.path}/{name}", _CONTEXTS_LIMIT)


def _contexts(name: str) -> str:
    return f"/etc/selinux/{name}/contexts/files"


def is_enabled(settings: Settings, root: Root) -> bool:
    """Whether this run sets labels."""
    return settings.selinux_relabel and bool(policy_name(root))


def relabel(target: Target, paths: Iterable[str]) -> None:
    """Relabels paths of the running system recursively.

    Missing paths are skipped. Failure IGN3401 if setfiles fails.
    """
    settings, log = target.settings, target.log
    if not settings.selinux_relabel:
        log.debug("relabeling is switched off, skipping")
        return
    root = Root(settings.root)
    name = policy_name(root)
    if not name:
        log.debug(f"{root.full_path(CONFIG)} names no policy, skipping relabeling")
        return
    # lexists: a dangling symlink has a label too.
    present = [path for path in sorted(set(paths)) if os.path.lexists(path)]
    if not present:
        return
    top = os.path.abspath(root.path or "/")
    # Resolved here, because the kernel would follow a symlink out of the root.
    folder = root.resolve_folder(_contexts(name))
    contexts = f"{top.rstrip('/')}{root.resolve_folder(f'{folder}/{_FILE_CONTEXTS}')}"
    args = [settings.program("setfiles"), "-vF0", "-r", top, contexts, "-f", "-"]
    stdin = b"".join(os.fsencode(path) + b"\0" for path in present)
    try:
        run(log, args, what=f"relabeling {len(present)} paths", stdin=stdin)
    except CommandFailed as failure:
        raise failure.with_code(
            "IGN3401",
            f"failed to handle relabeling: {failure.text}",
            hint="is setfiles in the initramfs, and the policy on the target?",
        ) from failure
