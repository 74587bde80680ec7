# SPDX-License-Identifier: Apache-2.0
"""One power-on of a guest in QEMU, from its disks to its power-off or its time limit."""

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
from ignition.testbed.cache import say
from ignition.testbed.programs import need

HOST = "10.0.2.2"
"""Where the guest finds servers that listen on 127.0.0.1 of the machine that runs it."""
METADATA = "169.254.169.254"
REPORT_PORT = "ignition.report"
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[c78=>])|[\r\x00]")
LOGS = ("console.log", "report.tar", "qemu.log", "qemu.sh")
"""What a power-on leaves in its folder: console, the reporter's archive, QEMU's errors, its command."""
RELAY = Path(__file__).parent / "relay.py"
SILENCE = 180
"""Seconds within which a guest says its first line. An emulated one was seen to hang before it, for good."""
ATTEMPTS = 3


@dataclass(frozen=True)
class DirectKernel:
    """Starts a kernel without firmware or boot loader, as fast as it goes."""

    kernel: Path
    initramfs: Path
    cmdline: str


@dataclass(frozen=True)
class FromCd:
    """Powers on through BIOS and the boot loader of a CD."""

    cd: Path


@dataclass
class Guest:
    """A machine that is powered on by `run`.

    `folder` gets the LOGS and what fw_cfg shows. `disks` are raw images, written to; the first is /dev/vda
    with serial number disk0. `cds` are images in drives of their own, the first is /dev/sr0.
    `kernel` is one that this QEMU can start, for finding out whether KVM works.
    `metadata` is the port of a server on 127.0.0.1, for the guest at 169.254.169.254, ports 80 and 443.
    `write_protected`: the first disk refuses to be written.
    `vendor` is whom the firmware names as the maker of the machine.
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
        """Powers on and waits for the power-off, at most `limit` seconds. IGN8010 if QEMU itself fails.

        A guest that does not come as far as its first line has changed nothing: it is powered on again.
        """
        need("qemu-system-x86_64")
        argv = self.command_line()
        (self.folder / "qemu.sh").write_text(shlex.join(argv) + "\n")
        for attempt in range(1, ATTEMPTS + 1):
            power_on = self._power_on(argv, limit, patient=attempt == ATTEMPTS)
            if power_on is not None:
                return power_on
            say(f"a guest said nothing for {SILENCE} s and is powered on again ({self.folder})")
        raise AssertionError("the last attempt waits for its limit")

    def _power_on(self, argv: Sequence[str], limit: float, *, patient: bool) -> PowerOn | None:
        """None for a guest that has said nothing after SILENCE, unless we are `patient`."""
        begin = time.monotonic()
        with (self.folder / "qemu.log").open("wb") as errors:
            qemu = subprocess.Popen(
                # takes QEMU along if we die
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
        """The whole QEMU command, the same for each power-on with the same disks."""
        return [
            *("qemu-system-x86_64", *accelerator(self.kernel), "-M", "q35"),
            *("-m", str(self.memory_mib), "-smp", str(self.cpus)),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-serial", "stdio", "-device", "virtio-rng-pci"),
            *(["-smbios", f"type=1,manufacturer={_word(self.vendor)}"] if self.vendor else []),
            *self._boot(),
            *(word for index, disk in enumerate(self.disks) for word in self._disk(index, disk)),
            *self._cds(),
            *(word for name, body in self.fw_cfg.items() for word in self._fw_cfg(name, body)),
            *self._network(),
            *("-device", "virtio-serial-pci"),
            *("-chardev", f"file,id=report,path={_word(self.folder / 'report.tar')}"),
            *("-device", f"virtserialport,chardev=report,name={REPORT_PORT}"),
        ]

    def _disk(self, index: int, image: Path) -> list[str]:
        # The guest's flushes are not passed on: its disk outlives the guest, never this machine.
        drive = f"file={_word(image)},format=raw,if=none,id=disk{index},cache=unsafe,discard=unmap"
        if self.write_protected and index == 0:
            drive += ",readonly=on"
        return ["-drive", drive, "-device", f"virtio-blk-pci,drive=disk{index},serial=disk{index}"]

    def _cds(self) -> list[str]:
        words = ["-device", "virtio-scsi-pci,id=scsi"] if self.cds else []
        for index, image in enumerate(self.cds):
            drive = f"file={_word(image)},format=raw,media=cdrom,readonly=on,if=none,id=cd{index}"
            words += ["-drive", drive, "-device", f"scsi-cd,bus=scsi.0,drive=cd{index}"]
        return words

    def _boot(self) -> list[str]:
        if isinstance(self.boot, DirectKernel):
            return [
                *("-kernel", str(self.boot.kernel), "-initrd", str(self.boot.initramfs)),
                *("-append", self.boot.cmdline),
            ]
        drive = f"file={_word(self.boot.cd)},format=raw,media=cdrom,readonly=on,if=none,id=boot"
        return ["-drive", drive, "-device", "ide-cd,drive=boot,bootindex=0"]

    def _fw_cfg(self, name: str, body: bytes) -> list[str]:
        file = self.folder / ("fw_cfg." + name.replace("/", "."))
        file.write_bytes(body)
        return ["-fw_cfg", f"name={name},file={_word(file)}"]

    def _network(self) -> list[str]:
        if not self.network:
            return []
        user = "user,id=net"
        if self.metadata is not None:
            relay = shlex.join([sys.executable, "-S", str(RELAY), str(self.metadata)])
            user += ",net=169.254.0.0/16,dhcpstart=169.254.10.10,host=169.254.10.2,dns=169.254.10.3"
            for port in (80, 443):
                user += f",guestfwd=tcp:{METADATA}:{port}-cmd:{_word(relay)}"
        return ["-netdev", user, "-device", "virtio-net-pci,netdev=net"]


@dataclass(frozen=True)
class PowerOn:
    """How one power-on went."""

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
        """What the guest's reporter sent, empty if it never ran."""
        return self.folder / "report.tar"


class _Console:
    """Copies the serial line into a file as it comes, and each whole line to a listener."""

    def __init__(
        self, qemu: subprocess.Popen[bytes], log: Path, on_line: Callable[[str], None] | None
    ) -> None:
        self._qemu, self._log, self._on_line = qemu, log, on_line
        self.heard = threading.Event()
        """Set at the first line, and at the end."""
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


def _word(text: str | Path) -> str:
    """A value inside one of QEMU's comma-separated arguments."""
    return str(text).replace(",", ",,")
