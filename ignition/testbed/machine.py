# SPDX-License-Identifier: Apache-2.0
"""A machine: its folder, its disks, and the logs of each boot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ignition.testbed.drives import Drive
from ignition.testbed.faults import Fault
from ignition.testbed.needed_drives import DriveSpec
from ignition.testbed.platforms import Delivery
from ignition.testbed.qemu import PowerOn


class Packed(Protocol):
    """What the reporter is asked for."""

    def pack(self) -> bytes: ...


@dataclass
class Machine:
    """One guest. Its disks are kept between boots; the logs of boot N are in `folder/bootN`.

    image    `images.Image`
    drives   the boot disk first, then the data disks
    """

    folder: Path
    image: object
    drives: tuple[Drive, ...]
    boots: int = 0

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
    ) -> PowerOn:
        """Powers on, and waits at most `limit` seconds for power-off. With the fault `power-cut` the machine
        is powered on twice, and `PowerOn.before` is the first of both. Failure IGN801x, IGN831x."""
        raise NotImplementedError


def create(
    folder: Path,
    image: object,
    disks: Sequence[DriveSpec] = (),
    *,
    boot_bus: str = "virtio",
    fault: Fault | None = None,
) -> Machine:
    """A new machine below `folder`: an overlay of the image, and empty data disks."""
    raise NotImplementedError
