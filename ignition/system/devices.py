# SPDX-License-Identifier: Apache-2.0
"""Block devices: waiting for them, stable aliases, sysfs attributes, and udev."""

from __future__ import annotations

import os
import stat
import time

from ignition.base import interrupt
from ignition.base.errors import CommandFailed, Failure
from ignition.base.record import record
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings

_UDEV_RUNS = "/run/udev/control"
_UDEV_DATABASE = "/run/udev/data"
# How long a link below here may be missing, for a device that existed a moment ago.
_UDEV_LINKS = "/dev/disk/"
_LINK_SECONDS = 5.0
# Seconds before another attempt to trigger udev.
_RETRY_PAUSES = (0.1, 0.4, 1.5)
# Between two looks at what is there instead of a device that is awaited.
_DESCRIBE_SECONDS = 5.0


@record
class Block:
    """A block device: its resolved node, its sysfs folder, its device number."""

    node: str
    sysfs: str
    number: int

    @property
    def name(self) -> str:
        """The kernel's name, as in /sys/class/block."""
        return os.path.basename(self.sysfs)


def resolve(device: str) -> str:
    """The node that a path leads to. Raises OSError if there is none.

    While udev processes the events of a disk it may remove its links and recreate them, so these are looked
    up for a few seconds.
    """
    deadline = time.monotonic() + _LINK_SECONDS
    while True:
        try:
            return os.path.realpath(device, strict=True)
        except FileNotFoundError:
            if not device.startswith(_UDEV_LINKS) or time.monotonic() > deadline:
                raise
        interrupt.sleep(0.01)


def block(device: str) -> Block:
    """The block device at a path. Raises OSError if there is none."""
    node = resolve(device)
    status = os.stat(node)
    if not stat.S_ISBLK(status.st_mode):
        raise OSError(15, os.strerror(15), node)  # ENOTBLK
    number = status.st_rdev
    return Block(node, os.path.realpath(f"/sys/dev/block/{major_minor(number)}"), number)


def block_from_sysfs(sysfs: str) -> Block | None:
    """The device of a sysfs folder; None if it has just disappeared, as in a reread of the table."""
    major, _, minor = read_sysfs(f"{sysfs}/dev").partition(":")
    if not minor:
        return None
    return Block(f"/dev/{os.path.basename(sysfs)}", sysfs, os.makedev(int(major), int(minor)))


def major_minor(number: int) -> str:
    """A device number in the notation of sysfs, mountinfo and udev."""
    return f"{os.major(number)}:{os.minor(number)}"


def is_block(device: str) -> bool:
    """Whether the path currently leads to a block device."""
    try:
        return stat.S_ISBLK(os.stat(device).st_mode)
    except OSError:
        return False


def read_sysfs(path: str) -> str:
    """The stripped contents of a sysfs attribute, "" if it does not exist."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def wait_for_devices(
    log: Log,
    settings: Settings,
    devices: list[tuple[str, Origin]],
    progress: Callable[[str], None],
) -> None:
    """Waits until all devices exist and udev has processed them.

    Costs two stat calls per device that exists. The timeout, `settings.wait_device` seconds (0: none), covers
    all of them. Raises Failure IGN2001 for the first one that is missing, with its origin.
    """
    names = " ".join(dict.fromkeys(device for device, _ in devices))
    with log.operation(f"waiting for devices [{names}]") as inner:
        limit = settings.wait_device
        deadline = time.monotonic() + limit if limit else None
        for device, origin in devices:
            if not is_block(device):
                _wait(device, origin, deadline, limit, progress)
            if not is_known_to_udev(device):
                trigger_udev(inner, settings, [os.path.realpath(device)])


def is_known_to_udev(device: str) -> bool:
    """Whether udev has processed the device at least once; True if udev is not running."""
    if not os.path.exists(_UDEV_RUNS):
        return True
    try:
        number = os.stat(device).st_rdev
    except OSError:
        return True  # disappeared again; its next user will report that
    return os.path.exists(f"{_UDEV_DATABASE}/b{major_minor(number)}")


def _wait(
    device: str,
    origin: Origin,
    deadline: float | None,
    limit: int,
    progress: Callable[[str], None],
) -> None:
    pause = _sleeper()
    started = time.monotonic()
    there = ""
    described = started
    while not is_block(device):
        interrupt.check()
        now = time.monotonic()
        if deadline is not None and now >= deadline:
            raise _missing(device, origin, limit)
        what = f"{device} to be a block device" if os.path.exists(device) else device
        if now >= described + _DESCRIBE_SECONDS:
            there, described = f"; {_describe_present(device)}", now
        progress(f"waiting for {what}, named at {origin}, since {now - started:.0f} s{there}")
        pause(min(1.0, deadline - now) if deadline is not None else 1.0)


def _sleeper() -> Callable[[float], object]:
    """A function that sleeps up to the given seconds and returns early when udev reports a block device."""
    if not os.path.exists(_UDEV_RUNS):
        return interrupt.sleep
    try:
        import pyudev  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return interrupt.sleep
    monitor = pyudev.Monitor.from_netlink(pyudev.Context(), source="udev")
    monitor.filter_by("block")
    monitor.start()
    poll: Callable[[float], object] = monitor.poll
    return poll


def _describe_present(device: str) -> str:
    """What is there instead of a missing device."""
    from ignition.system import present

    return present.describe(device)


def _dangling(device: str) -> str:
    """Where a link leads to, if it leads nowhere."""
    return f": it is a link to {os.path.realpath(device)}" if os.path.islink(device) else ""


def _missing(device: str, origin: Origin, limit: int) -> Failure:
    there = _describe_present(device)
    if os.path.exists(device):
        return Failure(
            "IGN2001",
            f"{device} exists, but was not a block device within {limit} s",
            origin,
            hint=f"{there}; a folder, a file or a character device cannot be partitioned or formatted",
        )
    return Failure(
        "IGN2001",
        f"device {device} did not appear within {limit} s{_dangling(device)}",
        origin,
        hint=f"{there}; ignition.wait.device=SECONDS on the kernel command line waits longer",
    )


def alias_path(settings: Settings, device: str) -> str:
    """The path of a device's alias."""
    return settings.dev_aliases_dir + os.path.normpath(device)


def make_alias(log: Log, settings: Settings, device: str) -> str:
    """Creates a symlink to the resolved node that udev does not manage, and returns its path.

    udev may remove and recreate links below /dev/disk while partitions change. Failure IGN2117 if the device
    has disappeared or /run is not writable.
    """
    path = alias_path(settings, device)
    try:
        target = resolve(device)
        if os.path.islink(path) and os.readlink(path) == target:
            return path
        _link(target, path)
    except OSError as error:
        raise Failure(
            "IGN2117",
            f"cannot create a link to {device} at {path}: {error.strerror}",
            hint="has the device disappeared, or is /run full or read-only?",
            cause=error,
        ) from error
    log.info(f'created device alias for "{device}": "{path}" -> "{target}"')
    return path


def _link(target: str, path: str) -> None:
    os.makedirs(os.path.dirname(path), mode=0o750, exist_ok=True)
    temporary = f"{path}.{os.urandom(8).hex()}"
    os.symlink(target, temporary)
    try:
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def alias_or_device(settings: Settings, device: str) -> str:
    """The alias of a device if an earlier phase created one, else the device itself."""
    path = alias_path(settings, device)
    return path if is_block(path) else device


def trigger_udev(log: Log, settings: Settings, nodes: list[str]) -> None:
    """Triggers udev for the nodes and waits until it has processed them and everything queued before.

    `udevadm settle` alone is racy: the kernel's event may not have reached udev yet. Does nothing if udev is
    not running. Failure IGN2120 if it does not answer.
    """
    if not os.path.exists(_UDEV_RUNS):
        return
    args = [settings.program("udevadm"), "trigger", "--settle", *nodes]
    with log.operation(f"waiting for udev on {' '.join(nodes)}") as inner:
        from ignition.system import udev

        try:
            udev.trigger(nodes)
            return
        except TimeoutError as error:  # udevadm would wait without a limit
            raise Failure(
                "IGN2120",
                f"udev has not processed {' '.join(nodes)} within {udev.SECONDS:.0f} s",
                hint="systemd-udevd hangs or is not running, or a program in its rules waits for the device",
                cause=error,
            ) from error
        except OSError as error:
            inner.debug(f"trying again with udevadm: {error.strerror or error}")
        # When a writer closes a disk, udev has its table read again: for a moment the partitions are gone.
        for pause in _RETRY_PAUSES:
            if run(inner, args, check=False).status == 0:
                return
            interrupt.sleep(pause)
        run(inner, args)


def logical_sector_size(disk: Block) -> int:
    """Bytes per logical sector. Failure IGN2002 if the kernel does not report it."""
    folder = os.path.dirname(disk.sysfs) if partition_number(disk) else disk.sysfs
    size = read_sysfs(f"{folder}/queue/logical_block_size")
    if not size.isdigit() or not int(size) or int(size) % 512:
        raise Failure("IGN2002", f"the sector size of {disk.node} is unknown")
    return int(size)


def size_in_bytes(disk: Block) -> int:
    """The size of a device. sysfs counts in units of 512 bytes whatever the sector size."""
    return int(read_sysfs(f"{disk.sysfs}/size") or 0) * 512


def is_read_only(device: Block) -> bool:
    """Whether the kernel reports the device as read-only."""
    return read_sysfs(f"{device.sysfs}/ro") == "1"


def partition_number(device: Block) -> int:
    """The partition number, 0 if the device is not a partition."""
    return int(read_sysfs(f"{device.sysfs}/partition") or 0)


def parent_disk(device: Block) -> str:
    """The node of the disk that a partition belongs to, "" if the device is not a partition."""
    return partition_place(device)[0]


def partition_place(device: Block) -> tuple[str, int]:
    """The node of the disk that a partition belongs to, and its number; ("", 0) for any other device.

    Mapped partitions of a multipath disk are recognised by the device-mapper UUID that kpartx sets.
    """
    number = partition_number(device)
    if number:
        return f"/dev/{os.path.basename(os.path.dirname(device.sysfs))}", number
    number = _mapped_partition_number(device.sysfs)
    below = os.listdir(f"{device.sysfs}/slaves") if number else []
    return (f"/dev/{below[0]}", number) if below else ("", 0)


def _mapped_partition_number(sysfs: str) -> int:
    """The number in the device-mapper UUID `partN-…` of a mapped partition, 0 for any other device."""
    kind, _, rest = read_sysfs(f"{sysfs}/dm/uuid").partition("-")
    number = kind.removeprefix("part")
    return int(number) if rest and kind != number and number.isdigit() else 0


def partitions(disk: Block) -> dict[int, str]:
    """The partitions known to the kernel: number -> sysfs folder. Mapped partitions are not included."""
    found = {}
    try:
        names = os.listdir(disk.sysfs)
    except OSError:
        return {}
    for name in names:
        number = read_sysfs(f"{disk.sysfs}/{name}/partition")
        if number:
            found[int(number)] = f"{disk.sysfs}/{name}"
    return found


def mapped_partitions(disk: Block) -> dict[int, Block]:
    """The partitions of a device-mapper disk such as multipath, which are mapped devices: number -> device.

    Recognised by the UUID that kpartx gives them, because their names differ: `mpathap1`, or in Debian
    `mpatha-part1`.
    """
    found = {}
    for name in holders(disk.sysfs):
        mapped = block_from_sysfs(os.path.realpath(f"/sys/class/block/{name}"))
        number = _mapped_partition_number(mapped.sysfs) if mapped is not None else 0
        if mapped is not None and number:
            found[number] = mapped
    return found


def mapper_name(disk: Block) -> str:
    """The device-mapper name, "" for any other device."""
    return read_sysfs(f"{disk.sysfs}/dm/name")


def partition_node(disk: Block, number: int) -> str:
    """The path of partition `number` of a disk; a multipath disk's partitions are mapped devices.

    One that does not exist yet is expected under the name that kpartx gives it by default.
    """
    mapper = mapper_name(disk)
    if not mapper:
        return kernel_partition_node(disk.node, number)
    mapped = mapped_partitions(disk).get(number)
    name = mapper_name(mapped) if mapped is not None else f"{mapper}p{number}"
    return f"/dev/disk/by-id/dm-name-{name}"


def kernel_partition_node(node: str, number: int) -> str:
    """The kernel's naming rule: a `p` before the number if the disk's name ends in a digit."""
    return f"{node}{'p' if node[-1].isdigit() else ''}{number}"


def holders(sysfs: str) -> list[str]:
    """Devices built on this one, such as LUKS, LVM, md or multipath."""
    try:
        return sorted(os.listdir(f"{sysfs}/holders"))
    except FileNotFoundError:
        return []


def mapped_geometry(log: Log, settings: Settings, node: str) -> tuple[int, int] | None:
    """Start and size, in units of 512 bytes, of a mapped partition; None unless it is linear."""
    try:
        text = run(log, [settings.program("dmsetup"), "table", node]).stdout
    except CommandFailed:
        return None
    words = text.split()
    if len(words) < 5 or words[2] != "linear":
        return None
    return int(words[4]), int(words[1])


_SAFE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#+-.:=@_"


def encode_udev_name(text: str) -> str:
    """Encodes text as udev does in link names below /dev/disk: unsafe bytes become \\xNN."""
    return "".join(
        character
        if character in _SAFE or ord(character) > 127
        else "".join(f"\\x{byte:02x}" for byte in character.encode())
        for character in text
    )
