# SPDX-License-Identifier: Apache-2.0
"""The engines to compare: ours, from the tree of an initramfs, and Ignition."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ignition.testbed.cache import CHECKOUT
from ignition.testbed.programs import run
from tests.support import peer

INTERPRETER = Path("/usr/bin/python3")
"""The distribution's interpreter, which an initramfs contains, whatever is first in PATH."""
BARE = (INTERPRETER, "-I", "-S", "-c", "pass")
"""The cheapest start of Python."""
HOME = "usr/lib/ignition-firstboot"
REPORT = Path("/run/ignition/report.json")
PHASES = ("fetch-offline", "kargs", "disks", "mount", "files", "umount")


@dataclass(frozen=True)
class Engine:
    """One engine.

    argv        its command, without flags
    marks_idle  whether it marks phases without work, which the units in its initramfs then skip
    path        a folder that is searched before PATH
    """

    name: str
    argv: Sequence[str]
    marks_idle: bool
    path: str

    def provision(self, config: Path, folder: Path) -> None:
        """Runs the phases of a first boot on an empty root below `folder`. RuntimeError if one fails."""
        forget()
        root = folder / "root"
        (root / "etc/selinux").mkdir(parents=True)
        # Ignition always relabels, and reads the policy's name
        (root / "etc/selinux/config").write_text("SELINUXTYPE=none\n")
        for phase in PHASES:
            idle = folder / f"idle-{'mount' if phase == 'umount' else phase}"
            if not (self.marks_idle and idle.exists()):
                self.run(phase, root, config)

    def command(self, phase: str, root: Path, config: Path) -> list[str]:
        """The command of one phase with a clean environment. Its state is kept beside the root."""
        folder = root.parent
        args = ["-platform=file", f"-stage={phase}", f"-root={root}", "-log-to-stdout"]
        args += [f"-config-cache={folder}/cache", f"-state-file={folder}/state"]
        args += [f"-neednet={folder}/neednet"]
        environment = [f"PATH={self.path}:{os.environ['PATH']}", f"IGNITION_CONFIG_FILE={config}"]
        return ["/usr/bin/env", "-i", *environment, *self.argv, *args]

    def run(self, phase: str, root: Path, config: Path) -> None:
        """Runs one phase. RuntimeError if it fails."""
        done = subprocess.run(
            self.command(phase, root, config),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode != 0:
            said = done.stdout.decode(errors="replace")[-3000:]
            raise RuntimeError(f"{self.name}: {phase} failed\n{said}")


def forget() -> None:
    """Removes the report, to which our engine appends each phase until a reboot."""
    REPORT.unlink(missing_ok=True)


def ours(folder: Path, home: Path = CHECKOUT, schemes: str = "data") -> Engine:
    """The engine as the dracut module installs it: bytecode of reachable modules only.

    `home` contains the engine and the libraries of the URL `schemes`.
    """
    tree = folder / "engine"
    closure = CHECKOUT / "dracut-module/30ignition/closure.py"
    run(
        [
            *(INTERPRETER, "-IB", closure, "--home", home, "--destination", tree),
            *("--platforms", "file", "--schemes", schemes),
        ]
    )
    (tree / "bin").mkdir()
    shutil.copy(INTERPRETER, tree / "bin/python3")
    # like the launcher of the initramfs, but from another folder
    launch = (
        f"import os, sys; sys.path[0] = {str(tree)!r}; from ignition.__main__ import main;"
        "status = main(['ignition', *sys.argv[1:]]); sys.stdout.flush(); os._exit(status)"
    )
    argv = (str(tree / "bin/python3"), "-ISB", "-c", launch)
    return Engine("ours", argv, marks_idle=True, path=_stand_ins(folder))


def fetching(folder: Path) -> Engine:
    """The engine of an initramfs with http and https, and the vendored libraries."""
    folder.mkdir()
    destination = folder / "installed"
    run(["make", "-C", CHECKOUT, "--quiet", "install", f"DESTDIR={destination}", "DEPS=vendored"])
    return ours(folder, destination / HOME, "data http https")


def installed(folder: Path) -> Path:
    """Our program as a distribution's package installs it, with bytecode."""
    run(["make", "-C", CHECKOUT, "--quiet", "install", f"DESTDIR={folder}", "DEPS=system"])
    run([INTERPRETER, "-m", "compileall", "-q", folder / HOME])
    return folder / "usr/bin/ignition"


def peer_engine(folder: Path) -> Engine | None:
    """Ignition, if it is available."""
    program = peer.engine()
    if not program:
        return None
    return Engine("Ignition", (program,), marks_idle=False, path=_stand_ins(folder))


def _stand_ins(folder: Path) -> str:
    """A folder for PATH in which setfiles is a link to true: relabelling must not count."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    if not (programs / "setfiles").exists():
        (programs / "setfiles").symlink_to("/bin/true")
    return str(programs)
