# SPDX-License-Identifier: Apache-2.0
"""The facts in a report: what the guest told about its files, accounts, devices, sockets and commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def integer(text: str | None) -> int | None:
    """The decimal number; None for anything else, such as one that no kernel prints."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None


@dataclass(frozen=True)
class GuestFile:
    """A path in the booted machine. `mtime` is seconds with a fraction, as text to keep its precision.

    `data` is the content of a regular file if `whole`; of a larger file only `sha256` is known. `filesystem`
    and `inode` together identify it, as hard links show.
    """

    path: str
    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    inode: int
    mtime: str
    target: str = ""
    data: bytes = field(default=b"", repr=False)
    whole: bool = True
    sha256: str = ""
    filesystem: str = ""

    @property
    def text(self) -> str:
        return self.data.decode()

    @property
    def modified(self) -> float:
        """The mtime as a number; 0.0 if it is none."""
        try:
            return float(self.mtime)
        except ValueError:
            return 0.0


@dataclass(frozen=True)
class Account:
    """A line of passwd."""

    name: str
    uid: int
    gid: int
    gecos: str = ""
    home: str = ""
    shell: str = ""


@dataclass(frozen=True)
class GroupEntry:
    """A line of group."""

    name: str
    gid: int
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Device:
    """A block device.

    path         /dev/vdb1
    links        all symlinks to it, such as /dev/disk/by-label/data
    kind         "disk" or "partition"; arrays and mappings are disks
    parent       of a partition: the path of its disk, else ""
    size, start  in bytes; None if the guest did not say
    number       of a partition, else 0
    facts        udev properties, with the names that udev gives them: ID_FS_TYPE, ID_PART_TABLE_TYPE, …
    members      of an array: the paths of its active devices; `spares`: of the others
    backing      of an array or mapping: the paths of all devices below it
    level        of an array: "raid1"
    mapping      the name in /dev/mapper, else ""
    """

    path: str
    links: tuple[str, ...] = ()
    kind: str = "disk"
    parent: str = ""
    size: int | None = None
    start: int | None = None
    number: int = 0
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)
    members: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    backing: tuple[str, ...] = ()
    level: str = ""
    mapping: str = ""


@dataclass(frozen=True)
class LuksHeader:
    """What the header of a LUKS device says about its tokens. `pins` is None if no tool could read it."""

    device: str
    pins: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Socket:
    """A socket on which something listens. `protocol` is "tcp" or "udp", `address` as printed by ss."""

    protocol: str
    address: str
    port: int


@dataclass(frozen=True)
class CommandResult:
    """The exit status of a command, and what it printed: standard output and error, as on a terminal."""

    status: int
    output: str
    timed_out: bool = False


@dataclass(frozen=True)
class Phase:
    """The unit of a phase. `started` (seconds since power-on) and `seconds` are on the guest's clock;
    `outcome` is "success", "failed", or "running" if it did not end."""

    started: float
    seconds: float
    outcome: str


@dataclass(frozen=True)
class Script:
    """The exit status of the test's script, and its standard output and error."""

    status: int
    output: str
