# SPDX-License-Identifier: Apache-2.0
"""The child process of the apply tier: root and process 1 in namespaces of its own.

It protects the host, copies the root, runs the phases fetch and files of the engine, does what systemd does
with units on a first boot, and collects the facts. Everything that it mounts disappears with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from ignition.base.errors import Failure, oserror_failure
from ignition.config.model import Config
from ignition.live import namespace, tools
from ignition.testbed.apply import collector, job, mounts
from ignition.testbed.programs import run

PHASES = ("fetch", "files")
RUN = Path("/run/ignition")
CACHE = Path("/run/ignition.json")
UNSET_ID = ("", "uninitialized")
"""What /etc/machine-id holds before a first boot."""


def main(folder: Path) -> int:
    """0 if there are facts, also of a config that the engine refused; 1 if there is a problem."""
    _end_with_parent()
    try:
        asked = job.read_job(folder)
        scratch = folder / job.SCRATCH
        _isolate(folder, scratch)
        root = _root(Path(asked.root), scratch)
        provisioned = _run_engine(root, folder, scratch)
        (root / "dev").mkdir(exist_ok=True)
        mounts.mount("/dev", root / "dev", flags=mounts.MS_BIND | mounts.MS_REC)
        if provisioned:
            _apply_presets(root)
        unknown = _volume_paths() if provisioned else ()
        collector.write(asked, root, RUN, folder, provisioned=provisioned, unknown=unknown)
    except Failure as failure:
        job.write_problem(folder, failure)
        return 1
    except OSError as error:
        job.write_problem(folder, oserror_failure(error))
        return 1
    return 0


def _end_with_parent() -> None:
    """Standard input is a pipe from the parent. Its end ends this process, and with it the namespace."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()


def _isolate(folder: Path, scratch: Path) -> None:
    mounts.protect_host(folder)
    scratch.mkdir()
    mounts.mount("tmpfs", scratch, "tmpfs", data="mode=755")
    mounts.hide_host(scratch)


def _root(source: Path, scratch: Path) -> Path:
    if source.is_dir():
        if source.stat().st_uid == _unknown_id() and namespace.exists():
            raise Failure(
                "IGN8601",
                "the files of this root belong to ids that this user's namespace does not have",
                hint="give the root as a tar archive, or run the command as root",
            )
        return mounts.writable_root(source, scratch)
    root = scratch / "root"
    root.mkdir()
    run(
        [
            *("tar", "--extract", f"--file={source}", f"--directory={root}", "--numeric-owner"),
            *(
                "--exclude=./dev/*",
                "--exclude=dev/*",
            ),  # a user namespace has no rights to make them
        ]
    )
    return root


def _unknown_id() -> int:
    """The id that the kernel shows for owners that a user namespace does not map."""
    return int(Path("/proc/sys/fs/overflowuid").read_text())


def _run_engine(root: Path, folder: Path, scratch: Path) -> bool:
    """Runs the phases as at a boot, in one process. False if one failed: the engine has left the cause."""
    empty = scratch / "empty"
    empty.mkdir()
    cmdline = scratch / "cmdline"
    cmdline.touch()
    settings = {
        "IGNITION_CONFIG_FILE": str(folder / job.CONFIG),
        "IGNITION_KERNEL_CMDLINE_PATH": str(cmdline),
        "IGNITION_SYSTEM_RUNTIME_CONFIG_DIR": str(empty),
        "IGNITION_SYSTEM_LOCAL_CONFIG_DIR": str(empty),
        "IGNITION_SYSTEM_CONFIG_DIR": str(empty),
        "IGNITION_SELINUX_RELABEL": "false",  # labels take a kernel that enforces this root's policy
        "PATH": f"{tools.install(root, scratch / 'tools')}:{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
    }
    with (folder / job.LOG).open("wb") as log:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ignition.testbed.apply.engine", "--platform", "file"),
                *("--root", str(root), "--log-to-stdout", *PHASES),
            ],
            cwd=empty,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    log_file = folder / job.LOG
    log_file.write_bytes(log_file.read_bytes().replace(os.fsencode(root), job.SYSROOT.encode()))
    if done.returncode != 0 and not (RUN / "failure").exists():
        raise Failure(
            "IGN8605",
            f"the engine ended with status {done.returncode} and named no cause: {_last_line(folder)}",
            hint=f"its whole output is in {job.LOG}",
        )
    return done.returncode == 0


def _volume_paths() -> tuple[str, ...]:
    """The files that the engine writes for LUKS volumes, which are not made here."""
    config = Config(json.loads(CACHE.read_text()))
    names = [volume.name for volume in config.storage.luks]
    return ("/etc/crypttab", *(f"/etc/luks/{name}" for name in names)) if names else ()


def _last_line(folder: Path) -> str:
    lines = (folder / job.LOG).read_text(errors="replace").splitlines()
    return lines[-1] if lines else "no output"


def _apply_presets(root: Path) -> None:
    """Enables units as systemd does when it boots a machine without an id for the first time."""
    machine_id = root / "etc/machine-id"
    known = machine_id.read_text(errors="replace").strip() if machine_id.is_file() else ""
    if known in UNSET_ID and tools.find(root, "systemctl"):
        run(
            ["chroot", root, "systemctl", "--root=/", "preset-all", "--preset-mode=enable-only"],
        )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
