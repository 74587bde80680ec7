# SPDX-License-Identifier: Apache-2.0
"""A guest: the QEMU command of a machine, and its power-on."""

from __future__ import annotations

import ipaddress
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed import hostfiles, power, tpm
from ignition.testbed.accel import ANY_CPU, accelerator
from ignition.testbed.cache import print_progress
from ignition.testbed.drive_arguments import drive_arguments
from ignition.testbed.drives import Drive
from ignition.testbed.options import escape
from ignition.testbed.power import CARD, PowerOn, Watch
from ignition.testbed.programs import need

HOST = "10.0.2.2"
"""The address in the guest of servers that listen on the host's 127.0.0.1."""
REPORT_PORT = "ignition.report"
LOGS = ("console.log", "report.tar", "qemu.log", "qemu.sh", tpm.LOG)
"""The files that a power-on leaves: console, the reporter's archive, QEMU's errors and its command, and the
errors of the TPM."""
RELAY = Path(__file__).parent / "relay.py"
ATTEMPTS = 3
LINK_LOCAL = ipaddress.ip_network("169.254.0.0/16")
Services = Mapping[tuple[str, int], int]
"""(address, port) in the guest -> port on this machine's 127.0.0.1."""


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


@dataclass(frozen=True)
class FromDisk:
    """Boots through the firmware and the boot loader of the drive with `boot` set.

    uefi   OVMF's code, and this machine's own variable store; None: the BIOS
    """

    uefi: tuple[Path, Path] | None = None


@dataclass
class Guest:
    """A machine that `run` powers on.

    folder       gets the LOGS and the fw_cfg files
    boot         how it starts
    kernel       a kernel to test KVM with; None: a boot sector does
    cpu          the processor to emulate without KVM
    drives       all drives, in the order in which they get their names
    services     what the guest reaches at addresses of its own; then it has a network around those
    vendor       manufacturer in the SMBIOS tables
    tpm_state    the folder of the machine's TPM; None: it has none
    interactive  the serial console is this terminal. Ctrl-A X ends the guest, Ctrl-A H lists more keys.
    """

    folder: Path
    boot: DirectKernel | FromCd | FromDisk
    drives: Sequence[Drive]
    kernel: Path | None = None
    cpu: str = ANY_CPU
    fw_cfg: Mapping[str, bytes] = field(default_factory=dict)
    network: bool = True
    services: Services = field(default_factory=dict)
    memory_mib: int = 1536
    cpus: int = 2
    vendor: str = ""
    tpm_state: Path | None = None
    interactive: bool = False

    def run(self, watch: Watch) -> PowerOn:
        """Powers on and waits for power-off. Failure (IGN801x) if QEMU itself fails.

        A guest that hangs before its first line has changed nothing, so it is powered on again.
        """
        need("qemu-system-x86_64")
        with hostfiles.host_errors(self.folder):
            argv = self.command_line()
            (self.folder / "qemu.sh").write_text(self.script(argv))
        for attempt in range(1, ATTEMPTS + 1):
            patient = attempt == ATTEMPTS or isinstance(self.boot, FromDisk)
            power_on = power.run(
                argv, self.folder, watch, patient=patient, tpm_state=self.tpm_state
            )
            if power_on is not None:
                return power_on
            print_progress(
                f"no output of a guest for {power.SILENCE} s: powering it on again ({self.folder})"
            )
        raise AssertionError("the last attempt waits for its limit")

    def command_line(self) -> list[str]:
        """The QEMU command without monitor and TPM; the same for each power-on with the same drives."""
        return [
            *("qemu-system-x86_64", *accelerator(self.kernel, self.cpu), "-M", "q35"),
            *("-m", str(self.memory_mib), "-smp", str(self.cpus)),
            *("-nodefaults", "-no-user-config", "-display", "none"),
            *self._serial(),
            *("-device", "virtio-rng-pci"),
            *(["-smbios", f"type=1,manufacturer={escape(self.vendor)}"] if self.vendor else []),
            *self._boot(),
            *drive_arguments(self.drives),
            *(arg for name, body in self.fw_cfg.items() for arg in self._fw_cfg(name, body)),
            *self._network(),
            *("-device", "virtio-serial-pci"),
            *("-chardev", f"file,id=report,path={escape(self.folder / 'report.tar')}"),
            *("-device", f"virtserialport,chardev=report,name={REPORT_PORT}"),
        ]

    def script(self, argv: Sequence[str]) -> str:
        """The same by hand: a shell script that powers on the machine, with its TPM."""
        if self.tpm_state is None:
            return shlex.join(argv) + "\n"
        start_tpm, arguments = tpm.by_hand(self.tpm_state)
        return f"{shlex.join(start_tpm)} &&\n{shlex.join([*argv, *arguments])}\n"

    def _serial(self) -> list[str]:
        if not self.interactive:
            return ["-serial", "stdio"]
        log = escape(self.folder / "console.log")
        return [
            *("-chardev", f"stdio,id=console,mux=on,signal=off,logfile={log}"),
            *("-serial", "chardev:console", "-mon", "chardev=console"),
        ]

    def _boot(self) -> list[str]:
        if isinstance(self.boot, DirectKernel):
            # The command line would be the same again, so a restart ends the run.
            return [
                *("-no-reboot", "-kernel", str(self.boot.kernel)),
                *("-initrd", str(self.boot.initramfs), "-append", self.boot.cmdline),
            ]
        if isinstance(self.boot, FromCd):
            drive = f"file={escape(self.boot.cd)},format=raw,media=cdrom,readonly=on"
            return [
                *("-no-reboot", "-drive", f"{drive},if=none,id=boot"),
                *("-device", "ide-cd,drive=boot,bootindex=0"),
            ]
        if self.boot.uefi is None:
            return []
        code, variables = self.boot.uefi
        return [
            *("-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={escape(code)}"),
            *("-drive", f"if=pflash,unit=1,format=raw,file={escape(variables)}"),
        ]

    def _fw_cfg(self, name: str, body: bytes) -> list[str]:
        file = self.folder / ("fw_cfg." + name.replace("/", "."))
        file.write_bytes(body)
        return ["-fw_cfg", f"name={name},file={escape(file)}"]

    def _network(self) -> list[str]:
        if not self.network:
            return []
        user = ",".join(["user,id=net", *_around(self.services), *_forwards(self.services)])
        return ["-netdev", user, "-device", f"virtio-net-pci,netdev=net,id={CARD}"]


def _around(services: Services) -> list[str]:
    """The network that contains these services: QEMU forwards no other addresses."""
    addresses = [ipaddress.ip_address(address) for address, _ in services]
    if not addresses:
        return []
    if all(address in LINK_LOCAL for address in addresses):
        return [
            *(f"net={LINK_LOCAL}", "dhcpstart=169.254.10.10"),
            *("host=169.254.10.2", "dns=169.254.10.3"),
        ]
    network = ipaddress.ip_network(f"{addresses[0]}/24", strict=False)
    if not all(address in network for address in addresses):
        raise Failure("IGN8010", f"no network has all of {', '.join(map(str, addresses))}")
    return [f"net={network}"]


def _forwards(services: Services) -> list[str]:
    """One process per connection, so that guests side by side share no port and no address."""
    return [
        f"guestfwd=tcp:{address}:{port}-cmd:"
        + escape(shlex.join([sys.executable, "-I", "-S", str(RELAY), str(local)]))
        for (address, port), local in services.items()
    ]
