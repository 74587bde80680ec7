# SPDX-License-Identifier: Apache-2.0
"""The platforms that the testbed plays: how each gives the config to the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ignition.testbed.drives import Drive
from ignition.testbed.faults import Fault


@dataclass(frozen=True)
class Delivery:
    """What a platform adds to a machine, while its services run.

    fw_cfg           items of QEMU's firmware config: name -> contents
    cmdline          kernel arguments
    drives           config drives
    services         (address, port) in the guest -> port on 127.0.0.1 of the host
    initramfs_files  absolute path -> contents; only a kernel that is booted directly can have them
    vendor           manufacturer in the SMBIOS tables
    network          whether the machine has a network card
    """

    fw_cfg: Mapping[str, bytes] = field(default_factory=dict)
    cmdline: tuple[str, ...] = ()
    drives: tuple[Drive, ...] = ()
    services: Mapping[tuple[str, int], int] = field(default_factory=dict)
    initramfs_files: Mapping[str, bytes] = field(default_factory=dict)
    vendor: str = ""
    network: bool = True


@dataclass(frozen=True)
class Playable:
    """A platform that the testbed plays. `how`: where the config comes from, for people."""

    how: str


PLATFORMS: dict[str, Playable | str] = {}
"""Platform id -> how it is played, or the reason why it cannot be."""


@contextmanager
def play(
    platform: str, config: bytes | None, folder: Path, image: object, fault: Fault | None = None
) -> Iterator[Delivery]:
    """Runs the services of a platform for one machine. `config` None: the machine has none.

    `folder` gets drives and certificates. Failure IGN8301 for an unknown platform, with the nearest, and
    IGN8302 for one that cannot be played.
    """
    raise NotImplementedError
    yield Delivery()
