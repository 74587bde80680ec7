# SPDX-License-Identifier: Apache-2.0
"""Runs a guest in QEMU until it powers off or reaches its time limit."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed.accel import accelerator
from ignition.testbed.cache import print_progress
from ignition.testbed.programs import need

HOST = "10.0.2.2"
"""The address in the guest of servers that listen on the host's 127.0.0.1."""
METADATA = "169.254.169.254"
REPORT_PORT = "ignition.report"
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[c78=>])|[\r\x00]")
LOGS = ("console.log", "report.tar", "qemu.log", "qemu.sh")
"""The files that a power-on leaves: console, the reporter's archive, QEMU's errors and its command."""
RELAY = Path(__file__).parent / "relay.py"
SILENCE = 180
"""Seconds to wait for the first line of the console. Emulated guests were seen to hang before it for ever."""
ATTEMPTS = 3


@dataclass(frozen=True)
class DirectKernel:
    """Starts a kernel directly, without firmware and boot loader: the fastest way."""

    kernel: Path
    initramfs: Path
    cmdline: str


@dataclass(frozen=True)
class FromCd:
    """Boots through the BIOS and the boot loader of a CD."""

    cd: Path


@dataclass
class Guest:
    """A machine that `run` powers on.

    folder           gets the LOGS and the fw_cfg files
    boot             how it starts
    kernel           any kernel that this QEMU can start, to test KVM
    disks            raw images, opened for writing; the first is /dev/vda with serial number disk0
    cds              images of CDs; the first is /dev/sr0
    metadata         port on 127.0.0.1 that the guest reaches as 169.254.169.254, ports 80 and 443
    write_protected  whether the first disk is read-only
    vendor           manufacturer in the SMBIOS tables
    on_line          called with each line of the console
    """

    folder: Path
    boot: DirectKernel | FromCd
    kernel: Path
    disks: Sequence[Path]
    cds: Sequence[Path] = ()
    fw_cfg: Mapping[str, bytes] = field(default_factory=dict)
    network: bool = True
    metadata: int | None = None
    memory_mib: int = 1536
    cpus: int = 2
    write_protected: bool = False
    vendor: str = ""
    on_line: Callable[[str], None] | None = None

    def run(self, limit: float) -> PowerOn:
        """Powers on and waits at most `limit` seconds for power-off. Failure (IGN8010) if QEMU itself fails.

        A guest that hangs before its first line has changed nothing, so it is powered on again.
        """
        need("qemu-system-x86_64")
        argv = self.command_line()
        (self.folder / "qemu.sh").write_text(shlex.join(argv) + "\n")
        for attempt in range(1, ATTEMPTS + 1):
            power_on = self._power_on(argv, limit, patient=attempt == ATTEMPTS)
            if power_on is not None:
                return power_on
            print_progress(
                f"no output of a guest for {SILENCE} s: powering it on again ({self.folder})"
            )
        raise AssertionError("the last attempt waits for its limit")

    def _power_on(self, argv: Sequence[str], limit: float, *, patient: bool) -> PowerOn | None:
        """None if the console is empty after SILENCE; a `patient` call waits until `limit`."""
        begin = time.monotonic()
        with (self.folder / "qemu.log").open("wb") as errors:
            qemu = subprocess.Popen(
                # kills QEMU when this process dies
                ["setpriv", "--pdeathsig", "KILL", *argv],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        console = _Console(qemu, self.folder / "console.log", self.on_line)
        try:
            if not patient and not console.heard.wait(min(SILENCE, limit)):
                return None
            qemu.wait(max(0, begin + limit - time.monotonic()))
            timed_out = False
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            qemu.kill()
            qemu.wait()
            console.join()
        if not timed_out and qemu.returncode != 0:
            why = (self.folder / "qemu.log").read_text(errors="replace").strip()
            raise Failure("IGN8010", f"QEMU ended with status {qemu.returncode}: {why}")
        return PowerOn(self.folder, time.monotonic() - begin, timed_out)

    def command_line(self) -> list[str]:
        """The QEMU command; it is the same for each power-on with the same disks."""
        return [
            *("qemu-system-x86_64", *accelerator(self.kernel), "-M", "q35"),
            *("-m", str(self.memory_mib), "-smp", str(self.cpus)),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-serial", "stdio", "-device", "virtio-rng-pci"),
            *(["-smbios", f"type=1,manufacturer={_escape(self.vendor)}"] if self.vendor else []),
            *self._boot(),
            *(arg for index, disk in enumerate(self.disks) for arg in self._disk(index, disk)),
            *self._cds(),
            *(arg for name, body in self.fw_cfg.items() for arg in self._fw_cfg(name, body)),
            *self._network(),
            *("-device", "virtio-serial-pci"),
            *("-chardev", f"file,id=report,path={_escape(self.folder / 'report.tar')}"),
            *("-device", f"virtserialport,chardev=report,name={REPORT_PORT}"),
        ]

    def _disk(self, index: int, image: Path) -> list[str]:
        # cache=unsafe: the images need not survive a crash of the host.
        drive = (
            f"file={_escape(image)},format=raw,if=none,id=disk{index},cache=unsafe,discard=unmap"
        )
        if self.write_protected and index == 0:
            drive += ",readonly=on"
        return ["-drive", drive, "-device", f"virtio-blk-pci,drive=disk{index},serial=disk{index}"]

    def _cds(self) -> list[str]:
        args = ["-device", "virtio-scsi-pci,id=scsi"] if self.cds else []
        for index, image in enumerate(self.cds):
            drive = f"file={_escape(image)},format=raw,media=cdrom,readonly=on,if=none,id=cd{index}"
            args += ["-drive", drive, "-device", f"scsi-cd,bus=scsi.0,drive=cd{index}"]
        return args

    def _boot(self) -> list[str]:
        if isinstance(self.boot, DirectKernel):
            return [
                *("-kernel", str(self.boot.kernel), "-initrd", str(self.boot.initramfs)),
                *("-append", self.boot.cmdline),
            ]
        drive = f"file={_escape(self.boot.cd)},format=raw,media=cdrom,readonly=on,if=none,id=boot"
        return ["-drive", drive, "-device", "ide-cd,drive=boot,bootindex=0"]

    def _fw_cfg(self, name: str, body: bytes) -> list[str]:
        file = self.folder / ("fw_cfg." + name.replace("/", "."))
        file.write_bytes(body)
        return ["-fw_cfg", f"name={name},file={_escape(file)}"]

    def _network(self) -> list[str]:
        if not self.network:
            return []
        user = "user,id=net"
        if self.metadata is not None:
            relay = shlex.join([sys.executable, "-S", str(RELAY), str(self.metadata)])
            user += ",net=169.254.0.0/16,dhcpstart=169.254.10.10,host=169.254.10.2,dns=169.254.10.3"
            for port in (80, 443):
                user += f",guestfwd=tcp:{METADATA}:{port}-cmd:{_escape(relay)}"
        return ["-netdev", user, "-device", "virtio-net-pci,netdev=net"]


@dataclass(frozen=True)
class PowerOn:
    """The outcome of one power-on."""

    folder: Path
    seconds: float
    timed_out: bool

    @property
    def console(self) -> str:
        return (self.folder / "console.log").read_text(errors="replace")

    @property
    def command(self) -> str:
        return (self.folder / "qemu.sh").read_text()

    @property
    def archive(self) -> Path:
        """The archive that the guest's reporter sent; empty if it did not run."""
        return self.folder / "report.tar"


class _Console:
    """Copies the serial console to a file, and passes each line to a callback."""

    def __init__(
        self, qemu: subprocess.Popen[bytes], log: Path, on_line: Callable[[str], None] | None
    ) -> None:
        self._qemu, self._log, self._on_line = qemu, log, on_line
        self.heard = threading.Event()
        """Set by the first line, and at end of file."""
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _copy(self) -> None:
        assert self._qemu.stdout is not None
        with self._log.open("w") as log:
            for raw in self._qemu.stdout:
                self.heard.set()
                line = ESCAPES.sub("", raw.decode(errors="replace")).rstrip("\n")
                print(line, file=log, flush=True)
                if self._on_line is not None:
                    self._on_line(line)
        self.heard.set()


def _escape(text: str | Path) -> str:
    """Escapes a value for QEMU's comma-separated options."""
    return str(text).replace(",", ",,")
