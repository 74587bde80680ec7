# SPDX-License-Identifier: Apache-2.0
"""The TPM of a guest: swtpm, whose state is kept beside the machine's disks.

One process per power-on, connected by a socket pair, as QEMU's monitor is.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ignition.acquisition.rendered import Rendered
from ignition.base.errors import Failure
from ignition.testbed import hostfiles
from ignition.testbed.options import escape

PROGRAM = "swtpm"
LOG = "tpm.log"
GRACE_SECONDS = 5
"""How long it may take to end."""


def is_wanted(rendered: Rendered | None) -> bool:
    """Whether a volume of this config is bound to a TPM, by `tpm2` or by a custom pin."""
    config = rendered.value if rendered else {}
    volumes = (config.get("storage") or {}).get("luks") or ()
    return any(_wants(volume.get("clevis") or {}) for volume in volumes)


def _wants(clevis: Mapping[str, Any]) -> bool:
    custom = clevis.get("custom") or {}
    texts = [str(custom.get(member) or "") for member in ("pin", "config")]
    return bool(clevis.get("tpm2")) or any("tpm2" in text for text in texts)


def require() -> None:
    """Failure IGN8322 if swtpm is not installed."""
    if shutil.which(PROGRAM) is None:
        raise Failure(
            "IGN8322",
            f"the machine needs a TPM, and there is no {PROGRAM} to play it",
            hint="apt-get install swtpm; dnf install swtpm; pacman -S swtpm",
        )


@dataclass(frozen=True)
class Tpm:
    """A TPM that is running. `fd` is the end of its connection that QEMU gets."""

    fd: int
    log: Path
    process: subprocess.Popen[bytes]

    def arguments(self) -> list[str]:
        """QEMU's arguments for this TPM."""
        return _arguments(f"fd={self.fd}")

    def check(self) -> None:
        """Failure IGN8322 if it has failed."""
        if self.process.poll():
            raise Failure(
                "IGN8322",
                f"{PROGRAM} ended with status {self.process.returncode}: "
                + self.log.read_text(errors="replace").strip(),
                hint="see its documentation, or test a config without tpm2",
            )


def _arguments(where: str) -> list[str]:
    return [
        *("-chardev", f"socket,id=tpm,{where}"),
        *("-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-tis,tpmdev=tpm0"),
    ]


def by_hand(state: Path) -> tuple[list[str], list[str]]:
    """The command that starts this TPM in the background, and QEMU's arguments for it.

    It ends with QEMU.
    """
    control = state / "control"
    command = [
        *(PROGRAM, "socket", "--tpm2", "--terminate", "--daemon"),
        *("--tpmstate", f"dir={state}", "--ctrl", f"type=unixio,path={control}"),
    ]
    return command, _arguments(f"path={escape(control)}")


@contextmanager
def powered(state: Path, folder: Path, prefix: Sequence[str]) -> Iterator[Tpm]:
    """Powers on the TPM whose state is in `state`, a folder that is made for a new one. It logs to `folder`.

    `prefix` are words before the command. Failure IGN8322 if swtpm is not installed.
    """
    require()
    ours, qemus = socket.socketpair()
    log = folder / LOG
    with qemus:
        with ours, hostfiles.host_errors(folder), log.open("wb") as output:
            state.mkdir(mode=0o700, exist_ok=True)
            process = subprocess.Popen(
                [
                    *(*prefix, PROGRAM, "socket", "--tpm2", "--terminate"),
                    *("--tpmstate", f"dir={state}"),
                    *("--ctrl", f"type=unixio,clientfd={ours.fileno()}"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[ours.fileno()],
                start_new_session=True,  # Ctrl-C is for this program
            )
        try:
            yield Tpm(qemus.fileno(), log, process)
        finally:
            qemus.close()
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """It ends by itself only if QEMU had got so far as to use it."""
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
