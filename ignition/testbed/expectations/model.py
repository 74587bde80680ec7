# SPDX-License-Identifier: Apache-2.0
"""Expectations: what must be true of a machine after its first boot.

A member that is None is not checked. `place` is where the expectation is written: the line of the
expectations file, or of the config that it was derived from.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from ignition.base.origin import Origin


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Common to all kinds."""

    place: Origin


@dataclass(frozen=True, kw_only=True)
class Node(Expectation):
    """A path. `mode` is the permission bits; `user` and `group` are names or ids."""

    path: str
    exists: bool = True
    user: str | int | None = None
    group: str | int | None = None
    mode: int | None = None


@dataclass(frozen=True, kw_only=True)
class File(Node):
    """A regular file. `matches` is a regular expression (Python's) that is searched in the text."""

    content: bytes | None = None
    contains: bytes | None = None
    matches: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Directory(Node):
    pass


@dataclass(frozen=True, kw_only=True)
class Link(Node):
    """A symbolic link, or with `hard` a second name of the file `target`."""

    target: str | None = None
    hard: bool = False


@dataclass(frozen=True, kw_only=True)
class User(Expectation):
    """An account. `keys` must all be authorized for SSH. `password_hash` is the field of /etc/shadow, or
    `sha256:` and its checksum; compare it with `same_password_hash`."""

    name: str
    exists: bool = True
    uid: int | None = None
    primary_group: str | None = None
    groups: tuple[str, ...] = ()
    home: str | None = None
    shell: str | None = None
    gecos: str | None = None
    keys: tuple[str, ...] = ()
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Group(Expectation):
    name: str
    exists: bool = True
    gid: int | None = None
    members: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Unit(Expectation):
    """A systemd unit. `within`: seconds that it may take to become active after the boot has reached its
    default target. `failed` False: it must not be in the failed state."""

    name: str
    exists: bool | None = None
    enabled: bool | None = None
    masked: bool | None = None
    active: bool | None = None
    within: float = 0
    failed: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Mount(Expectation):
    """A mount point in the booted machine. `options` must all be in effect."""

    path: str
    exists: bool = True
    device: str | None = None
    type: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Partition:
    """`number` or `label` identifies it. Sizes and starts are in MiB."""

    place: Origin
    number: int | None = None
    label: str | None = None
    exists: bool = True
    size_mib: int | None = None
    start_mib: int | None = None
    type_guid: str | None = None
    guid: str | None = None


@dataclass(frozen=True, kw_only=True)
class Disk(Expectation):
    """A partition table. `device` may be any symlink to the disk."""

    device: str
    table: Literal["gpt", "dos", "none"] | None = None
    partitions: tuple[Partition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Filesystem(Expectation):
    """A filesystem or a swap area. `format` is blkid's type; `none`: the device holds no filesystem."""

    device: str
    format: str | None = None
    label: str | None = None
    uuid: str | None = None


@dataclass(frozen=True, kw_only=True)
class Array(Expectation):
    """A software RAID array, by the name in its superblock. `level` as in mdadm: raid1, raid5, …"""

    name: str
    level: str | None = None
    devices: tuple[str, ...] = ()
    spares: int | None = None


@dataclass(frozen=True, kw_only=True)
class Luks(Expectation):
    """A LUKS volume. `pins` are the clevis pins it is bound to, such as tang or tpm2."""

    name: str
    device: str | None = None
    label: str | None = None
    uuid: str | None = None
    open: bool | None = None
    pins: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KernelArgument(Expectation):
    argument: str
    exists: bool = True


@dataclass(frozen=True, kw_only=True)
class Port(Expectation):
    """A port on which something listens, on `address` or on any address."""

    port: int
    protocol: Literal["tcp", "udp"] = "tcp"
    address: str | None = None
    listening: bool = True


@dataclass(frozen=True, kw_only=True)
class Command(Expectation):
    """A shell command that root runs in the booted machine. `timeout` in seconds."""

    run: str
    status: int = 0
    output: str | None = None
    matches: str | None = None
    timeout: float = 60


@dataclass(frozen=True, kw_only=True)
class JournalLine(Expectation):
    """A regular expression that a message of the journal of this boot matches, or must not match.

    `unit`: only messages of this unit or syslog identifier.
    """

    matches: str
    exists: bool = True
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExpectedFailure(Expectation):
    """Provisioning must fail: in this phase, with this code, with these words in the message."""

    phase: str | None = None
    code: str | None = None
    words: str | None = None


@dataclass(frozen=True)
class Expectations:
    """All expectations on one machine, in the order in which they are written.

    source              the file, or the config they were derived from
    derived             whether they were derived from the config
    items               everything that one boot decides
    failure             set if provisioning must fail; then no item is checked
    second_boot         where it is asked that a second boot changes nothing; None if it is not
    notes               parts of the config from which nothing could be derived, as sentences
    extends             whether the file adds to what follows from the config (`combine.extend`)
    """

    source: str
    derived: bool = False
    items: tuple[Expectation, ...] = ()
    failure: ExpectedFailure | None = None
    second_boot: Origin | None = None
    notes: tuple[str, ...] = ()
    extends: bool = False


_DIGEST = "sha256:"


def hide_password_hash(password_hash: str) -> str:
    """The checksum of a field of /etc/shadow, which tells nothing about the password."""
    return _DIGEST + hashlib.sha256(password_hash.encode()).hexdigest()


def same_password_hash(expected: str, found: str) -> bool:
    """Whether a field of /etc/shadow is the expected one, which may be given as its checksum."""
    if expected.startswith(_DIGEST):
        return hide_password_hash(found) == expected.lower()
    return found == expected
