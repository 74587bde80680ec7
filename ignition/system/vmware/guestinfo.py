# SPDX-License-Identifier: Apache-2.0
"""The `guestinfo.*` variables of a VMware virtual machine, read and written through the hypervisor."""

from __future__ import annotations

import os

from ignition.base.errors import Failure, NoProvider
from ignition.system.vmware import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ignition.base.log import Log
    from ignition.base.settings import Settings

    Transport = tuple[str, Callable[[bytes], bytes]]

PREFIX = "guestinfo."
SIGNATURE = b"VMwareVMware"


class Guestinfo:
    """Variables by key. Keys without the `guestinfo.` prefix get it.

    A transport that fails is reported and not used again. IGN5601 when none is left.
    """

    __slots__ = ("_log", "_transports")

    def __init__(self, log: Log, transports: list[Transport]) -> None:
        self._log = log
        self._transports = transports

    def get(self, key: str) -> bytes | None:
        """The value of a variable, None if it is not set."""
        done, value = self._call(f"info-get {_full(key)}".encode())
        return value if done else None

    def set(self, key: str, value: bytes) -> bool:
        """Sets a variable; it cannot be deleted again. False, with a warning, if the hypervisor refuses."""
        done, why = self._call(f"info-set {_full(key)} ".encode() + value)
        if not done:
            reason = why.decode(errors="replace")
            self._log.warning(f"the hypervisor refuses to write {_full(key)}: {reason}")
        return done

    def _call(self, request: bytes) -> tuple[bool, bytes]:
        what = request.split(b" ", 2)[1].decode()
        reasons = []
        while self._transports:
            name, call = self._transports[0]
            try:
                reply = call(request)
                if reply[:2].rstrip() not in (b"1", b"0"):
                    raise TransportError("invalid reply")
            except TransportError as error:
                self._log.warning(f"cannot access {what} by {name}: {error}")
                reasons.append(f"{name}: {error}")
                del self._transports[0]
                continue
            self._log.debug(f"accessed {what} by {name}")
            return reply.startswith(b"1"), reply[2:]
        raise Failure(
            "IGN5601",
            f"no working transport to VMware's hypervisor to access {what}",
            hint="; ".join(reasons),
        )


def _full(key: str) -> str:
    return key if key.startswith("guestinfo") else PREFIX + key


def connect(settings: Settings, log: Log) -> Guestinfo:
    """The guestinfo of this machine. NoProvider (IGN5600) if it is not a VMware guest."""
    if not _is_guest(settings, log):
        raise NoProvider(
            "IGN5600",
            "this machine is not a VMware virtual machine",
            hint="check ignition.platform.id= on the kernel command line",
        )
    return Guestinfo(log, transports(settings, log))


def transports(settings: Settings, log: Log) -> list[Transport]:
    """All transports, the most reliable first.

    Port I/O works with every product on x86-64 and needs no driver; neither lockdown nor a missing VMCI
    device prevents it. It is the only transport of Ignition. vsock works where a policy forbids executable
    memory, and on other architectures. The open-vm-tools programs work if the image contains them.
    """
    from ignition.system.vmware import backdoor, rpctool, vsock

    return [
        ("port I/O", backdoor.call),
        ("vsock", vsock.call),
        ("open-vm-tools", lambda request: rpctool.call(settings, log, request)),
    ]


def _is_guest(settings: Settings, log: Log) -> bool:
    """Checks the hypervisor's CPUID signature, or the firmware's vendor if that is unavailable."""
    from ignition.system.vmware.machine_code import Processor

    try:
        if Processor().hypervisor() == SIGNATURE:
            return True
    except TransportError as error:
        log.debug(f"cannot read the hypervisor's CPUID signature: {error}")
    try:
        with open(os.path.join(settings.dmi_dir, "sys_vendor"), encoding="utf-8") as file:
            return file.read().startswith("VMware")
    except (OSError, ValueError):
        return False
