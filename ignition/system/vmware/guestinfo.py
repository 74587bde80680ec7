# SPDX-License-Identifier: Apache-2.0
"""The variables `guestinfo.*` of a virtual machine of VMware: read and written through the hypervisor."""

from __future__ import annotations

import os

from ignition.base.errors import Failure, NoProvider
from ignition.system.vmware import Unusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ignition.base.log import Log
    from ignition.base.settings import Settings

    Way = tuple[str, Callable[[bytes], bytes]]

PREFIX = "guestinfo."
SIGNATURE = b"VMwareVMware"


class Guestinfo:
    """Values by key; the prefix is added to keys that lack it.

    Ways that do not work are told and not tried again. When the last one fails, that is IGN5601.
    """

    __slots__ = ("_log", "_ways")

    def __init__(self, log: Log, ways: list[Way]) -> None:
        self._log = log
        self._ways = ways

    def get(self, key: str) -> bytes | None:
        """The value; None where there is none."""
        done, value = self._call(f"info-get {_full(key)}".encode())
        return value if done else None

    def set(self, key: str, value: bytes) -> bool:
        """Writes a value; the hypervisor cannot be made to forget one. False, with a warning, where it
        refuses."""
        done, why = self._call(f"info-set {_full(key)} ".encode() + value)
        if not done:
            reason = why.decode(errors="replace")
            self._log.warning(f"the hypervisor refuses to write {_full(key)}: {reason}")
        return done

    def _call(self, request: bytes) -> tuple[bool, bytes]:
        what = request.split(b" ", 2)[1].decode()
        reasons = []
        while self._ways:
            name, call = self._ways[0]
            try:
                reply = call(request)
                if reply[:2].rstrip() not in (b"1", b"0"):
                    raise Unusable("the reply is none")
            except Unusable as error:
                self._log.warning(f"{what} cannot be had by {name}: {error}")
                reasons.append(f"{name}: {error}")
                del self._ways[0]
                continue
            self._log.debug(f"asked for {what} by {name}")
            return reply.startswith(b"1"), reply[2:]
        raise Failure(
            "IGN5601",
            f"no way to VMware's hypervisor, so {what} cannot be had",
            hint="; ".join(reasons),
        )


def _full(key: str) -> str:
    return key if key.startswith("guestinfo") else PREFIX + key


def connect(settings: Settings, log: Log) -> Guestinfo:
    """The guestinfo of this machine. NoProvider (IGN5600) where it is no guest of VMware."""
    if not _is_guest(settings, log):
        raise NoProvider(
            "IGN5600",
            "this machine is no virtual machine of VMware",
            hint="check ignition.platform.id= on the kernel command line",
        )
    return Guestinfo(log, ways(settings, log))


def ways(settings: Settings, log: Log) -> list[Way]:
    """All ways, the most certain first.

    Ports: every product on x86-64 has them, they take no driver, and neither lockdown nor an absent VMCI
    device closes them; it is the original's only way. vsock: where a policy allows no executable memory,
    or the processor is another. The programs of open-vm-tools: where an image brings them.
    """
    from ignition.system.vmware import backdoor, rpctool, vsock

    return [
        ("port I/O", backdoor.call),
        ("vsock", vsock.call),
        ("open-vm-tools", lambda request: rpctool.call(settings, log, request)),
    ]


def _is_guest(settings: Settings, log: Log) -> bool:
    """By the hypervisor's name for itself; where that is masked or cannot be asked for, by the firmware's."""
    from ignition.system.vmware.machine_code import Processor

    try:
        if Processor().hypervisor() == SIGNATURE:
            return True
    except Unusable as error:
        log.debug(f"the hypervisor cannot be asked for its name: {error}")
    try:
        with open(os.path.join(settings.dmi_dir, "sys_vendor"), encoding="utf-8") as file:
            return file.read().startswith("VMware")
    except (OSError, ValueError):
        return False
