# SPDX-License-Identifier: Apache-2.0
"""A real TPM 2.0 in software (swtpm), for programs that are told about it by TPM2TOOLS_TCTI.

with Tpm(folder) as tpm:
    bind(...)  # this process's environment names the TPM
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from ignition.system.tpm import VARIABLE


def missing() -> str:
    """Why no TPM can be started here; "" if one can."""
    return "" if shutil.which("swtpm") else "no swtpm: apt-get install swtpm libtss2-tcti-swtpm0"


class Tpm:
    """A TPM whose state is in `folder`: leaving the context powers it off, entering it again powers it on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._before: str | None = None

    def __enter__(self) -> Tpm:
        self._folder.mkdir(parents=True, exist_ok=True)
        data, control = _free_ports()
        self._process = subprocess.Popen(
            [
                *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self._folder}"),
                *("--server", f"type=tcp,port={data},bindaddr=127.0.0.1"),
                *("--ctrl", f"type=tcp,port={control},bindaddr=127.0.0.1"),
                *("--flags", "not-need-init,startup-clear"),
            ],
            stdin=subprocess.DEVNULL,
        )
        _wait_for(control)
        self._before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = f"swtpm:host=127.0.0.1,port={data}"
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = self._before
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def _free_ports() -> tuple[int, int]:
    """Two neighbouring free ports: clients expect the control channel right after the data channel."""
    for port in range(23210, 24210, 2):
        try:
            with (
                socket.create_server(("127.0.0.1", port)),
                socket.create_server(("127.0.0.1", port + 1)),
            ):
                return port, port + 1
        except OSError:
            continue
    raise OSError("no two free ports")


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise OSError("swtpm does not answer")
