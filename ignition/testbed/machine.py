# SPDX-License-Identifier: Apache-2.0
"""A machine: its folder, its disks, and the logs of each boot."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ignition.base.errors import Failure
from ignition.testbed import cpio, hostfiles, overlay, root_disk
from ignition.testbed.drives import Bus, Drive
from ignition.testbed.faults import Fault
from ignition.testbed.images import Image
from ignition.testbed.needed_drives import FIRST_NAMES, DriveSpec
from ignition.testbed.platforms import Delivery
from ignition.testbed.power import PowerOn, Watch
from ignition.testbed.qemu import LOGS, DirectKernel, FromCd, FromDisk, Guest

REQUEST = "opt/ignition.test/request"
"""The fw_cfg item from which the built-in reporter learns what to report."""
FIRST_BOOT = "ignition.firstboot"
"""The kernel argument of a first boot."""


class Packed(Protocol):
    """What the reporter is asked for."""

    def pack(self) -> bytes: ...


@dataclass
class Machine:
    """One guest. Its disks are kept between boots; the logs of boot N are in `folder/bootN`.

    drives   the boot disk and the data disks, in the order in which they get their names
    cuts     how many boots ended in a power cut
    system   the place of the boot disk among the drives
    cd       boots through the boot loader on this CD, instead of the image's own way
    tpm      whether it has a TPM, whose state is in `folder/tpm`
    """

    folder: Path
    image: Image
    drives: tuple[Drive, ...]
    boots: int = 0
    cuts: int = 0
    system: int = 0
    cd: Path | None = None
    tpm: bool = False

    def boot(
        self,
        delivery: Delivery,
        request: Packed | None = None,
        *,
        cmdline: Sequence[str] = (),
        fault: Fault | None = None,
        limit: float = 600,
        on_line: Callable[[str], None] | None = None,
        memory_mib: int = 1536,
        cpus: int = 2,
        cancel: threading.Event | None = None,
        interactive: bool = False,
    ) -> PowerOn:
        """Powers on, and waits at most `limit` seconds for power-off. With the fault `power-cut` the machine
        is powered on twice, and `PowerOn.before` is the first of both. Failure IGN8010 to IGN8013.

        `interactive` makes this terminal the serial console; then `on_line` is not called.
        """
        actions = fault.actions if fault is not None else ()
        arguments = [*cmdline, *(fault.cmdline if fault is not None else ())]

        def power_on(watch: Watch) -> PowerOn:
            with hostfiles.host_errors(self.folder):
                start = self._start(delivery, arguments)
            guest = Guest(
                self.folder,
                start,
                (*self.drives, *delivery.drives),
                kernel=self.image.kernel_for_probe,
                cpu=self.image.cpu,
                fw_cfg={**delivery.fw_cfg, **self._asked(request)},
                network=delivery.network,
                services=delivery.services,
                memory_mib=memory_mib,
                cpus=cpus,
                vendor=delivery.vendor,
                tpm_state=self.folder / "tpm" if self.tpm else None,
                interactive=interactive,
            )
            done = guest.run(watch)
            self.cuts += done.cut
            return replace(done, folder=self._keep_logs())

        watch = Watch(limit, actions, on_line, cancel, interactive)
        first = power_on(watch)
        if not first.cut:
            return first
        second = power_on(replace(watch, actions=(), limit=max(1.0, limit - first.seconds)))
        return replace(second, before=first)

    def remove_disks(self) -> None:
        """Removes the disks and the TPM. Logs and reports stay."""
        for drive in self.drives:
            drive.image.unlink(missing_ok=True)
        shutil.rmtree(self.folder / "tpm", ignore_errors=True)

    def _asked(self, request: Packed | None) -> dict[str, bytes]:
        if request is None or self.image.reporter != "built-in":
            return {}
        return {REQUEST: request.pack()}

    def _start(self, delivery: Delivery, more: Sequence[str]) -> DirectKernel | FromCd | FromDisk:
        if self.cd is not None:
            return FromCd(self.cd)
        direct = self.image.direct
        if direct is None:
            return FromDisk(self._uefi())
        first = [FIRST_BOOT] if self._is_first_boot() else []
        return DirectKernel(
            direct.kernel,
            self._initramfs(direct, delivery),
            " ".join([direct.cmdline, *first, *delivery.cmdline, *more]),
        )

    def _is_first_boot(self) -> bool:
        """Whether a boot loader would pass the argument of a first boot."""
        if self.image.reporter == "built-in":
            return root_disk.has_flag(self.drives[self.system])
        return self.boots == self.cuts

    def _initramfs(self, direct: DirectKernel, delivery: Delivery) -> Path:
        if not delivery.initramfs_files:
            return direct.initramfs
        longer = self.folder / "initramfs.img"
        data = cpio.append_files(direct.initramfs.read_bytes(), delivery.initramfs_files)
        longer.write_bytes(data)
        return longer

    def _uefi(self) -> tuple[Path, Path] | None:
        if self.image.uefi is None:
            return None
        code, empty = self.image.uefi
        variables = self.folder / "uefi-variables"
        if not variables.exists():
            shutil.copyfile(empty, variables)
        return code, variables

    def _keep_logs(self) -> Path:
        """Moves the logs of the last boot away, so that the next boot has the same command line."""
        self.boots += 1
        logs = self.folder / f"boot{self.boots}"
        with hostfiles.host_errors(self.folder):
            logs.mkdir()
            for name in LOGS:
                file = self.folder / name
                if file.exists():
                    file.rename(logs / name)
        return logs


def create(
    folder: Path,
    image: Image,
    disks: Sequence[DriveSpec] = (),
    *,
    boot_bus: Bus = "virtio",
    fault: Fault | None = None,
    tpm: bool = False,
) -> Machine:
    """A new machine in `folder`, which is created: an overlay of the image, and empty data disks.

    Failure IGN8012 or IGN8013 if the folder cannot be written, IGN8331 if the fault needs what the machine
    does not have.
    """
    specs = _without_last(disks) if fault is not None and fault.kind == "disk-missing" else disks
    iops = fault.iops if fault is not None else 0
    with hostfiles.host_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        system = _system_disk(folder, image, boot_bus, fault)
        data = [
            _data_disk(folder / f"disk{number}.img", number, spec)
            for number, spec in enumerate(specs, 1)
        ]
    # Where the config names the first drive of every bus, the boot disk comes after them.
    behind = any(spec.device == FIRST_NAMES[boot_bus] for spec in specs)
    drives = [
        replace(drive, iops=iops) for drive in ([*data, system] if behind else [system, *data])
    ]
    return Machine(folder, image, tuple(drives), system=len(data) if behind else 0, tpm=tpm)


def _system_disk(folder: Path, image: Image, bus: Bus, fault: Fault | None) -> Drive:
    if fault is not None and fault.kind == "disk-full":
        return Drive(root_disk.full_copy(image, folder / "system.img"), bus=bus, serial="system")
    disk = overlay.create(image, folder)
    return Drive(disk, "qcow2", bus, serial="system", boot=image.direct is None)


def _data_disk(path: Path, number: int, spec: DriveSpec) -> Drive:
    with path.open("wb") as file:
        file.truncate(spec.size)
    return Drive(
        path,
        bus=spec.bus,
        serial=spec.serial or f"disk{number}",
        model=spec.model,
        wwn=spec.wwn,
    )


def _without_last(disks: Sequence[DriveSpec]) -> Sequence[DriveSpec]:
    named = [spec for spec in disks if spec.device]
    if not named:
        raise Failure(
            "IGN8331",
            "disk-missing: the config names no data disk that could be missing",
            hint="use another fault, or a config with a disk such as /dev/vdb",
        )
    return [spec for spec in disks if spec is not named[-1]]
