# SPDX-License-Identifier: Apache-2.0
"""The engines that are measured: ours from the tree that an initramfs gets, and Ignition."""

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
"""The distribution's own: what an initramfs gets, whatever else is on PATH."""
BARE = (INTERPRETER, "-I", "-S", "-c", "pass")
"""The least that starting Python costs."""
HOME = "usr/lib/ignition-firstboot"
REPORT = Path("/run/ignition/report.json")
PHASES = ("fetch-offline", "kargs", "disks", "mount", "files", "umount")


@dataclass(frozen=True)
class Engine:
    """`marks_idle`: phases that left an idle mark are not started, as the units of its initramfs have it.
    `path`: where the programs that it starts are found before all others."""

    name: str
    argv: Sequence[str]
    marks_idle: bool
    path: str

    def provision(self, config: Path, folder: Path) -> None:
        """Runs the phases of a first boot for an empty root below `folder`. RuntimeError if one fails."""
        forget()
        root = folder / "root"
        (root / "etc/selinux").mkdir(parents=True)
        # Ignition relabels whatever it finds, and wants to know by which policy
        (root / "etc/selinux/config").write_text("SELINUXTYPE=none\n")
        for phase in PHASES:
            idle = folder / f"idle-{'mount' if phase == 'umount' else phase}"
            if not (self.marks_idle and idle.exists()):
                self._run(phase, root, config)

    def command(self, phase: str, root: Path, config: Path) -> list[str]:
        """What runs one phase, whatever the environment; its other files are beside the root."""
        folder = root.parent
        words = ["-platform=file", f"-stage={phase}", f"-root={root}", "-log-to-stdout"]
        words += [f"-config-cache={folder}/cache", f"-state-file={folder}/state"]
        words += [f"-neednet={folder}/neednet"]
        environment = [f"PATH={self.path}:{os.environ['PATH']}", f"IGNITION_CONFIG_FILE={config}"]
        return ["/usr/bin/env", "-i", *environment, *self.argv, *words]

    def _run(self, phase: str, root: Path, config: Path) -> None:
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
    """As after a boot: our engine adds each phase to what the last ones left in /run."""
    REPORT.unlink(missing_ok=True)


def ours(folder: Path, home: Path = CHECKOUT, schemes: str = "data") -> Engine:
    """The engine as the dracut module lays it out: reachable modules only, as bytecode.

    `home` holds the engine, and the libraries that its `schemes` take.
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
    # as its launcher there does, from another folder
    launch = (
        f"import os, sys; sys.path[0] = {str(tree)!r}; from ignition.__main__ import main;"
        "status = main(['ignition', *sys.argv[1:]]); sys.stdout.flush(); os._exit(status)"
    )
    argv = (str(tree / "bin/python3"), "-ISB", "-c", launch)
    return Engine("ours", argv, marks_idle=True, path=_stand_ins(folder))


def fetching(folder: Path) -> Engine:
    """The engine of an initramfs that fetches by http and https, with the libraries that we bring along."""
    folder.mkdir()
    place = folder / "installed"
    run(["make", "-C", CHECKOUT, "--quiet", "install", f"DESTDIR={place}", "DEPS=vendored"])
    return ours(folder, place / HOME, "data http https")


def installed(folder: Path) -> Path:
    """Our program where `make install` puts it, compiled as a distribution's package has it."""
    run(["make", "-C", CHECKOUT, "--quiet", "install", f"DESTDIR={folder}", "DEPS=system"])
    run([INTERPRETER, "-m", "compileall", "-q", folder / HOME])
    return folder / "usr/bin/ignition"


def original(folder: Path) -> Engine | None:
    """The peer, if this machine has it."""
    program = peer.engine()
    if not program:
        return None
    return Engine("original", (program,), marks_idle=False, path=_stand_ins(folder))


def _stand_ins(folder: Path) -> str:
    """A folder for PATH where `true` stands for setfiles, so that relabelling costs nothing."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    if not (programs / "setfiles").exists():
        (programs / "setfiles").symlink_to("/bin/true")
    return str(programs)
