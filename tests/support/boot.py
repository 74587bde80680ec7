# SPDX-License-Identifier: Apache-2.0
"""`Boot` boots a guest with a config and returns what its reporter found. Boot tests and the demo use it."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ignition.testbed.cache import build_folder, print_progress
from ignition.testbed.drives import Drive
from ignition.testbed.facts import GuestFile, Phase, Script
from ignition.testbed.images import Image, Images, image_of
from ignition.testbed.machine import Machine
from ignition.testbed.metadata.service import LINK_LOCAL
from ignition.testbed.platforms import Delivery
from ignition.testbed.pool import processors_per_guest
from ignition.testbed.power import PowerOn
from ignition.testbed.programs import run
from ignition.testbed.report import Report, read
from ignition.testbed.request import Request

STALL = re.compile(r"\brcu: .*(starved|detected stalls|self-detected stall)|soft lockup")
PATIENCE = 150
"""Seconds after the first sign of a stall. Most guests recover, and have ended by then."""
ATTEMPTS = 2
CONFIG = "opt/com.coreos/config"
"""The fw_cfg entry in which Ignition looks for its config on QEMU."""
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
"""Processes of pytest, each with a guest of its own."""
Config = Mapping[str, Any] | str | bytes | None


class BootFailed(AssertionError):
    """A boot that did not reach the expected target. The text has the cause and the end of both logs."""


@dataclass(frozen=True)
class BootResult:
    """One boot of one machine. Its disks are kept: pass the result as `again=` to boot them once more."""

    machine: Machine
    power_on: PowerOn
    facts: Report

    @property
    def disks(self) -> tuple[Path, ...]:
        """Raw images, /dev/vda first. The machine is off, so they can be read."""
        return tuple(drive.image for drive in self.machine.drives if not drive.cdrom)

    @property
    def seconds(self) -> float:
        return self.power_on.seconds

    @property
    def console(self) -> str:
        return self.power_on.console

    @property
    def journal(self) -> list[dict[str, Any]]:
        return self.facts.journal or []

    @property
    def report(self) -> dict[str, Any] | None:
        return self.facts.result

    @property
    def phases(self) -> dict[str, Phase]:
        return self.facts.phases()

    @property
    def reached(self) -> str:
        """`multi-user`, `emergency`, or `nothing` when the guest never reported."""
        if not self.facts.state:
            return "nothing"
        return "emergency" if self.facts.state == "emergency" else "multi-user"

    @property
    def mounts(self) -> list[dict[str, Any]]:
        return self.facts.mounts or []

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return self.facts.blocks or []

    @property
    def blkid(self) -> list[dict[str, str]]:
        return self.facts.blkid or []

    @property
    def script(self) -> Script:
        assert self.facts.script is not None, "this boot had no script, or did not reach it"
        return self.facts.script

    def log(self, name: str = "ignition") -> str:
        return self.facts.log(name)

    def file(self, path: str) -> GuestFile:
        """A path that the test asked for. AssertionError if the machine does not have it."""
        files = self.facts.files or {}
        assert path in files, f"no {path} in the guest, only {', '.join(files)}\n{self.describe()}"
        return files[path]

    def exists(self, path: str) -> bool:
        return path in (self.facts.files or {})

    def describe(self) -> str:
        """The state, the console and the engine's journal, for the message of a failed boot."""
        console = "\n".join(self.console.splitlines()[-60:])
        engine = "\n".join(self.log().splitlines()[-60:])
        return "\n".join(
            [
                f"reached {self.reached} after {self.seconds:.0f} s",
                f"phases: {self.phases}",
                f"failed units: {', '.join(self.facts.failed_units or ()) or 'none'}",
                *([f"cause: {self.facts.failure}"] if self.facts.failure else []),
                f"--- console, last lines ({self.power_on.folder}/console.log)",
                console,
                "--- the engine's journal, last lines",
                engine,
            ]
        )


@dataclass
class Boot:
    """Boots guests from cached images. Each gets its own copy of the disk, below `folder`."""

    images: Images
    folder: Path
    on_line: Callable[[str], None] | None = None
    _machines: int = 0

    def __call__(
        self,
        config: Config = None,
        *,
        cmdline: str = "",
        disks: Sequence[int | Path] = (),
        cds: Sequence[Path] = (),
        paths: Sequence[str] = (),
        script: str = "",
        again: BootResult | None = None,
        grub: bool = False,
        metadata: int | None = None,
        initramfs: Mapping[str, bytes] | None = None,
        network: bool = True,
        write_protected: bool = False,
        vendor: str = "",
        tpm: bool = False,
        expect: str = "multi-user",
        limit: float = 600,
        memory_mib: int = 1536,
        request: Request | None = None,
        image: Image | None = None,
    ) -> BootResult:
        """See docs/testing.md for the arguments. BootFailed if the boot does not reach `expect`, ValueError
        for arguments that would have no effect."""
        if again is not None:
            refuse("a machine that boots again", image=image, disks=disks, cds=cds)
        machine = again.machine if again is not None else self._new_machine(image, disks, cds)
        limit *= crowding()
        machine.cd = self.images.cd if grub else None
        if grub or machine.image.direct is None:
            refuse("a machine with a boot loader", cmdline=cmdline, initramfs=initramfs)
        machine.tpm |= tpm
        system = replace(machine.drives[0], read_only=write_protected)
        machine.drives = (system, *machine.drives[1:])
        services = {(LINK_LOCAL, port): metadata for port in (80, 443) if metadata is not None}
        power_on = self._power_on(
            machine,
            Delivery(
                fw_cfg=_fw_cfg(config),
                services=services,
                initramfs_files=initramfs or {},
                vendor=vendor,
                network=network or metadata is not None,
            ),
            request or Request(trees=tuple(paths), script=script),
            [cmdline] if cmdline else [],
            limit,
            memory_mib,
        )
        result = BootResult(
            machine, power_on, read(power_on.archive, power_on.folder / "console.log")
        )
        if power_on.timed_out:
            raise BootFailed(f"still running after {limit:.0f} s\n{result.describe()}")
        if result.reached != expect:
            raise BootFailed(f"did not reach {expect}\n{result.describe()}")
        return result

    def _power_on(
        self,
        machine: Machine,
        delivery: Delivery,
        request: Request,
        cmdline: list[str],
        limit: float,
        memory_mib: int,
    ) -> PowerOn:
        """Boots the machine; once more from the same disks if the guest's kernel stalls for good."""
        with SavedDisks(machine) as saved:
            for attempt in range(1, ATTEMPTS + 1):
                watch = StallWatch(self.on_line)
                power_on = machine.boot(
                    delivery,
                    request,
                    cmdline=cmdline,
                    limit=limit,
                    on_line=watch.line,
                    memory_mib=memory_mib,
                    cpus=processors_per_guest(WORKERS),
                    cancel=watch.stalled,
                )
                watch.end()
                if not power_on.cancelled or attempt == ATTEMPTS:
                    break
                print_progress(f"a guest stalled: powering it on again ({power_on.folder})")
                saved.restore()
        return power_on

    def _new_machine(
        self, image: Image | None, disks: Sequence[int | Path], cds: Sequence[Path]
    ) -> Machine:
        image = image or self._image()
        self._machines += 1
        folder = self.folder / f"machine{self._machines}"
        folder.mkdir(parents=True)
        copies = [folder / f"disk{index}.img" for index in range(len(disks) + 1)]
        for copy, source in zip(copies, [image.disk, *disks], strict=True):
            if isinstance(source, Path):
                _copy(source, copy)
            else:
                with copy.open("wb") as empty:
                    empty.truncate(source << 20)
        drives = [Drive(copy, serial=f"disk{index}") for index, copy in enumerate(copies)]
        drives[0] = replace(drives[0], boot=image.direct is None)
        drives += [Drive(cd, bus="scsi", cdrom=True) for cd in cds]
        return Machine(folder, image, tuple(drives))

    def _image(self) -> Image:
        return image_of(self.images.kernel, self.images.initramfs, self.images.disk)

    def remove_images(self) -> None:
        """Removes the disk images. Logs and reports stay."""
        for image in self.folder.glob("machine*/*.img"):
            image.unlink()


def crowding() -> float:
    """How many times as long as on an idle host a boot may take, 1 to 3: runnable processes per processor.

    Without KVM a guest is only as fast as the share of the processors it gets.
    """
    return min(3.0, max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0))))


def refuse(machine: str, **arguments: object) -> None:
    """ValueError for the arguments that are given, because such a machine cannot take them."""
    given = [f"{name}=" for name, value in arguments.items() if value]
    if given:
        raise ValueError(f"{machine} does not take {' and '.join(given)}")


class StallWatch:
    """Reads along on the console. Sets `stalled` if the kernel has stalled and does not come back.

    That is a fault of emulation on a busy host: a virtual processor waits for one that does not run.
    """

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._timer: threading.Timer | None = None
        self.stalled = threading.Event()

    def line(self, line: str) -> None:
        if self._on_line is not None:
            self._on_line(line)
        if self._timer is None and STALL.search(line):
            self._timer = threading.Timer(PATIENCE, self.stalled.set)
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class SavedDisks:
    """The disks of a machine as they are before a boot."""

    def __init__(self, machine: Machine) -> None:
        disks = (drive.image for drive in machine.drives if not drive.cdrom)
        self._copies = {disk: disk.with_name(f"{disk.stem}.before.img") for disk in disks}

    def __enter__(self) -> SavedDisks:
        for disk, copy in self._copies.items():
            _copy(disk, copy)
        return self

    def __exit__(self, *_: object) -> None:
        for copy in self._copies.values():
            copy.unlink()

    def restore(self) -> None:
        for disk, copy in self._copies.items():
            _copy(copy, disk)


def _copy(source: Path, target: Path) -> None:
    run(["cp", "--reflink=auto", "--sparse=always", source, target])


def scratch_folder(name: str) -> Path:
    """An empty folder below the build folder: /tmp may be a tmpfs that is too small for disk images."""
    runs = build_folder() / "runs"
    for former in runs.glob(f"{name}.*"):
        if not Path("/proc", former.suffix[1:]).exists():  # its process has ended
            shutil.rmtree(former, ignore_errors=True)
    folder = runs / f"{name}.{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _fw_cfg(config: Config) -> dict[str, bytes]:
    return {CONFIG: _bytes(config)} if config is not None else {}


def _bytes(config: Mapping[str, Any] | str | bytes) -> bytes:
    if isinstance(config, bytes):
        return config
    return config.encode() if isinstance(config, str) else json.dumps(config).encode()
