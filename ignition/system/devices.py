# SPDX-License-Identifier: Apache-2.0
"""Block devices: waiting for them, names that stay, what the kernel knows about them, and udev."""

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


@record
class Block:
    """A block device: its resolved node, its folder in sysfs, its device number."""

    node: str
    sysfs: str
    number: int

    @property
    def name(self) -> str:
        """The kernel's name, as in /sys/class/block."""
        return os.path.basename(self.sysfs)


def block(device: str) -> Block:
    """The device behind a path. OSError if it is not there or is no block device."""
    node = os.path.realpath(device, strict=True)
    status = os.stat(node)
    if not stat.S_ISBLK(status.st_mode):
        raise OSError(15, os.strerror(15), node)  # ENOTBLK
    number = status.st_rdev
    return Block(node, os.path.realpath(f"/sys/dev/block/{major_minor(number)}"), number)


def block_from_sysfs(sysfs: str) -> Block | None:
    """The device of a folder in sysfs; None if it has just gone, as all partitions do on a reread."""
    major, _, minor = read_sysfs(f"{sysfs}/dev").partition(":")
    if not minor:
        return None
    return Block(f"/dev/{os.path.basename(sysfs)}", sysfs, os.makedev(int(major), int(minor)))


def major_minor(number: int) -> str:
    """A device number as sysfs, mountinfo and udev write it."""
    return f"{os.major(number)}:{os.minor(number)}"


def is_block(device: str) -> bool:
    """Whether a path leads to a block device now."""
    try:
        return stat.S_ISBLK(os.stat(device).st_mode)
    except OSError:
        return False


def read_sysfs(path: str) -> str:
    """The trimmed text of a sysfs file, "" if there is no such file."""
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
    """Waits until every device is there and udev has looked at it.

    Costs two stat calls per device that is there. The limit of `settings.wait_device` seconds (0: none) is
    for all together. Raises Failure IGN2001 for the first that does not come, with its place in the config.
    """
    names = " ".join(dict.fromkeys(device for device, _ in devices))
    with log.operation(f"waiting for devices [{names}]") as inner:
        limit = settings.wait_device
        deadline = time.monotonic() + limit if limit else None
        for device, origin in devices:
            if not is_block(device):
                _wait(device, origin, deadline, limit, progress)
            if not _is_known_to_udev(device):
                trigger_udev(inner, settings, [os.path.realpath(device)])


def _is_known_to_udev(device: str) -> bool:
    """Whether udev is done with the device for the first time; True where udev does not run."""
    if not os.path.exists(_UDEV_RUNS):
        return True
    try:
        number = os.stat(device).st_rdev
    except OSError:
        return True  # it has gone again; who uses it next says so
    return os.path.exists(f"{_UDEV_DATABASE}/b{major_minor(number)}")


def _wait(
    device: str,
    origin: Origin,
    deadline: float | None,
    limit: int,
    progress: Callable[[str], None],
) -> None:
    pause = _pauses()
    started = time.monotonic()
    while not is_block(device):
        interrupt.check()
        now = time.monotonic()
        if deadline is not None and now >= deadline:
            raise _missing(device, origin, limit)
        what = f"{device} to be a block device" if os.path.exists(device) else device
        progress(f"waiting for {what}, named at {origin}, since {now - started:.0f} s")
        pause(min(1.0, deadline - now) if deadline is not None else 1.0)


def _pauses() -> Callable[[float], object]:
    """Something that sleeps for at most so many seconds and wakes when udev reports a block device."""
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


def _missing(device: str, origin: Origin, limit: int) -> Failure:
    similar = _similar(device)
    there = (
        f"devices that are there: {', '.join(similar)}" if similar else "nothing similar is there"
    )
    if os.path.exists(device):
        return Failure(
            "IGN2001",
            f"{device} is there, but was no block device within {limit} s",
            origin,
            hint=f"{there}; a folder, a file or a character device cannot be partitioned or formatted",
        )
    return Failure(
        "IGN2001",
        f"device {device} did not appear within {limit} s",
        origin,
        hint=f"{there}; ignition.wait.device=SECONDS on the kernel command line waits longer",
    )


def _similar(device: str) -> list[str]:
    """Up to six devices of the same folder, those with the longest common beginning first."""
    folder, wanted = os.path.split(device)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    ignored = ("loop", "ram", "zram")
    found = [
        name
        for name in names
        if (wanted.startswith("loop") or not name.startswith(ignored))
        and is_block(os.path.join(folder, name))
    ]
    found.sort(key=lambda name: -_alike(name, wanted))
    return [os.path.join(folder, name) for name in found[:6]]


def _alike(one: str, other: str) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def alias_path(settings: Settings, device: str) -> str:
    """The name under which the engine's programs get a device (engine-disks 1.3)."""
    return settings.dev_aliases_dir + os.path.normpath(device)


def make_alias(log: Log, settings: Settings, device: str) -> str:
    """Makes a link to the resolved node that udev does not touch, and returns its path.

    udev may remove and remake links below /dev/disk while the engine changes what they name. Failure IGN2117
    if the device has gone, or nothing can be written below /run.
    """
    path = alias_path(settings, device)
    try:
        target = os.path.realpath(device, strict=True)
        if os.path.islink(path) and os.readlink(path) == target:
            return path
        _link(target, path)
    except OSError as error:
        raise Failure(
            "IGN2117",
            f"no link to {device} can be made at {path}: {error.strerror}",
            hint="has the device gone since, or is /run full or read-only?",
            cause=error,
        ) from error
    log.info(f'created device alias for "{device}": "{path}" -> "{target}"')
    return path


def _link(target: str, path: str) -> None:
    os.makedirs(os.path.dirname(path), mode=0o750, exist_ok=True)
    fresh = f"{path}.{os.urandom(8).hex()}"
    os.symlink(target, fresh)
    try:
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise


def alias_or_device(settings: Settings, device: str) -> str:
    """The alias of a device where an earlier phase made one, else the device itself."""
    path = alias_path(settings, device)
    return path if is_block(path) else device


def trigger_udev(log: Log, settings: Settings, nodes: list[str]) -> None:
    """Has udev look at the nodes once more and waits until it has: all earlier events are done then too.

    A bare `udevadm settle` was found racy (engine-disks 1.4). Does nothing where udev does not run.
    """
    if not os.path.exists(_UDEV_RUNS):
        return
    argv = [settings.program("udevadm"), "trigger", "--settle", *nodes]
    run(log, argv, what=f"waiting for udev on {' '.join(nodes)}")


def logical_sector_size(disk: Block) -> int:
    """Bytes of a logical sector. Failure IGN2002 if the kernel does not say."""
    folder = os.path.dirname(disk.sysfs) if partition_number(disk) else disk.sysfs
    size = read_sysfs(f"{folder}/queue/logical_block_size")
    if not size.isdigit() or not int(size) or int(size) % 512:
        raise Failure("IGN2002", f"the sector size of {disk.node} is unknown")
    return int(size)


def size_in_bytes(disk: Block) -> int:
    """The size of a device; sysfs counts in 512 bytes whatever the sectors are."""
    return int(read_sysfs(f"{disk.sysfs}/size") or 0) * 512


def is_read_only(device: Block) -> bool:
    """Whether the kernel lets nobody write to it."""
    return read_sysfs(f"{device.sysfs}/ro") == "1"


def partition_number(device: Block) -> int:
    """Its number, if the device is a partition of a disk; 0 if it is a disk of its own."""
    return int(read_sysfs(f"{device.sysfs}/partition") or 0)


def parent_disk(device: Block) -> str:
    """The node of the disk that a device is a partition of, "" for a device of its own.

    A mapped partition of a multipath disk is known by the identity that kpartx gives it.
    """
    if partition_number(device):
        return f"/dev/{os.path.basename(os.path.dirname(device.sysfs))}"
    kind, _, rest = read_sysfs(f"{device.sysfs}/dm/uuid").partition("-")
    if not rest or not kind.startswith("part") or not kind[4:].isdigit():
        return ""
    below = os.listdir(f"{device.sysfs}/slaves")
    return f"/dev/{below[0]}" if below else ""


def partitions(disk: Block) -> dict[int, str]:
    """The partitions that the kernel knows: number to folder in sysfs. Mapped ones are not among them."""
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


def mapper_name(disk: Block) -> str:
    """The device-mapper name, "" for an ordinary disk."""
    return read_sysfs(f"{disk.sysfs}/dm/name")


def partition_node(disk: Block, number: int) -> str:
    """The path under which partition `number` of a disk appears (engine-disks 2.9)."""
    mapper = mapper_name(disk)
    if mapper:
        return f"/dev/disk/by-id/dm-name-{mapper}p{number}"
    return kernel_partition_node(disk.node, number)


def kernel_partition_node(node: str, number: int) -> str:
    """The kernel's rule: a `p` between if the name of the disk ends with a digit."""
    return f"{node}{'p' if node[-1].isdigit() else ''}{number}"


def holders(sysfs: str) -> list[str]:
    """What is built on a device and holds it open: LUKS, LVM, md, multipath."""
    try:
        return sorted(os.listdir(f"{sysfs}/holders"))
    except FileNotFoundError:
        return []


def mapped_geometry(log: Log, settings: Settings, node: str) -> tuple[int, int] | None:
    """Start and size in 512 bytes of a mapped partition, None where it is not one linear piece."""
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
    """Text as udev writes it into a link's name below /dev/disk: unsafe bytes become \\xNN."""
    return "".join(
        one
        if one in _SAFE or ord(one) > 127
        else "".join(f"\\x{byte:02x}" for byte in one.encode())
        for one in text
    )
