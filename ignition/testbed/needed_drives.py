# SPDX-License-Identifier: Apache-2.0
"""The data disks that a config names, so that the guest has them."""

from __future__ import annotations

from dataclasses import dataclass

from ignition.acquisition.rendered import Rendered
from ignition.testbed.drives import Bus

DEFAULT_SIZE = 1 << 30


@dataclass(frozen=True)
class DriveSpec:
    """An empty data disk. `size` in bytes; `device` is the name that the config uses, "" if none."""

    bus: Bus = "virtio"
    serial: str = ""
    size: int = DEFAULT_SIZE
    device: str = ""


@dataclass(frozen=True)
class Needed:
    """The data disks in the order in which they must be attached, and sentences about devices that the
    testbed cannot play. `boot_bus`: where the boot disk goes, so that it takes no name of a data disk."""

    drives: tuple[DriveSpec, ...] = ()
    boot_bus: Bus = "virtio"
    notes: tuple[str, ...] = ()


def needed(rendered: Rendered) -> Needed:
    """The data disks that the config names."""
    raise NotImplementedError


def parse_disk(text: str) -> DriveSpec:
    """A disk from the command line, `SIZE[,bus=BUS][,serial=SERIAL]`. Failure IGN8320."""
    raise NotImplementedError
