# SPDX-License-Identifier: Apache-2.0
"""What a device contains, by `blkid -p`, which reads the device and never a cache.

blkid is not started for a blank device, the ordinary case at a first boot.
"""

from __future__ import annotations

import os

from ignition.base.errors import CommandFailed, Failure
from ignition.base.record import record
from ignition.system import diagnostics
from ignition.system.run import Result, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings

_NO_SIGNATURE = 2
_AMBIVALENT = 8

# Where libblkid looks for signatures, as (offset from the start or, if negative, from the end; length). The
# farthest are a copy of the header of LUKS2 at 4 MiB, and Promise's RAID at 3087 sectors before the end.
_PLACES = (
    (0, (1 << 20) + (64 << 10)),
    (2 << 20, 64 << 10),
    (4 << 20, 64 << 10),
    (-(2 << 20), 2 << 20),
)
_ZEROS = bytes(256 << 10)


@record
class ProbeResult:
    """What libblkid reports: `kind` is TYPE (`ext4`, `crypto_LUKS`), `table` is PTTYPE (`gpt`, `dos`)."""

    kind: str = ""
    uuid: str = ""
    label: str = ""
    table: str = ""

    def __str__(self) -> str:
        if not self.kind:
            return f"a partition table ({self.table})" if self.table else "nothing"
        text = self.kind
        if self.label:
            text += f" labelled {self.label!r}"
        return f"{text} with UUID {self.uuid}" if self.uuid else text


def probe(log: Log, settings: Settings, device: str, origin: Origin | None = None) -> ProbeResult:
    """Type, UUID and label of the signature on a device, and the type of its partition table.

    With several conflicting signatures, the first one that libblkid reports counts, as in Ignition, with a
    warning. Failure IGN2003 if blkid does not name them, IGN2004 if the device is unreadable; CommandFailed.
    """
    if is_blank(device):
        return ProbeResult()
    result = _blkid(log, settings, device, origin, [])
    if result.status != _AMBIVALENT:
        return parse(result.stdout)
    kinds = ambivalent_types(result.stdout)
    if not kinds:
        raise Failure(
            "IGN2003",
            f"{device} has several conflicting signatures, and blkid does not name them",
            origin,
            hint=f"list them with `wipefs {device}`",
        )
    log.warning(
        f"{device} has several conflicting signatures ({', '.join(kinds)}): using {kinds[0]}"
    )
    return parse(_blkid(log, settings, device, origin, ["--match-types", kinds[0]]).stdout)


def is_blank(device: str) -> bool:
    """Whether a device is zero wherever blkid and wipefs look for signatures.

    False if it cannot be read, and for a zoned one, where btrfs may keep its superblock in the second zone.
    """
    try:
        descriptor = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        return (
            size > 0
            and not _is_zoned(os.fstat(descriptor).st_rdev)
            and all(
                _is_zero(descriptor, start if start >= 0 else max(0, size + start), length)
                for start, length in _PLACES
            )
        )
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _is_zoned(number: int) -> bool:
    sysfs = f"/sys/dev/block/{os.major(number)}:{os.minor(number)}"
    # A partition has no queue, but its disk has.
    for folder in (sysfs, f"{sysfs}/.."):
        try:
            with open(f"{folder}/queue/zoned", encoding="ascii") as file:
                return file.read().strip() != "none"
        except OSError:
            pass  # an image, or a kernel without zones
    return False


def _is_zero(descriptor: int, start: int, length: int) -> bool:
    """Whether a part of a device is zero, as far as the device reaches."""
    end = start + length
    while start < end:
        data = os.pread(descriptor, min(len(_ZEROS), end - start), start)
        if not data:
            break
        if data != _ZEROS[: len(data)]:
            return False
        start += len(data)
    return True


def _blkid(
    log: Log, settings: Settings, device: str, origin: Origin | None, more: list[str]
) -> Result:
    try:
        # For a device that it cannot open, blkid prints nothing and exits as for an empty one.
        os.close(os.open(device, os.O_RDONLY))
    except OSError as error:
        raise Failure(
            "IGN2004", f"{device} cannot be read: {error.strerror}", origin, cause=error
        ) from error
    args = [settings.program("blkid"), "--probe", *more, "--output", "udev", device]
    result = run(log, args, check=False, origin=origin)
    if result.status not in (0, _NO_SIGNATURE, _AMBIVALENT):
        raise CommandFailed(
            "IGN2005",
            f"probing {device} failed: blkid exited with status {result.status}",
            origin,
            hint=diagnostics.summarize(result.stdout, result.stderr, args),
            status=result.status,
            stderr=result.stderr,
        )
    return result


def parse(output: str) -> ProbeResult:
    """Parses `blkid --output udev`, whose values encode unsafe bytes as \\xNN."""
    tags = _tags(output)
    return ProbeResult(
        tags.get("ID_FS_TYPE", ""),
        decode(tags.get("ID_FS_UUID_ENC", "")),
        decode(tags.get("ID_FS_LABEL_ENC", "")),
        tags.get("ID_PART_TABLE_TYPE", ""),
    )


def ambivalent_types(output: str) -> list[str]:
    """The types of conflicting signatures: `ID_FS_AMBIVALENT=filesystem:ext4:1.0 ...`."""
    words = _tags(output).get("ID_FS_AMBIVALENT", "").split()
    return [word.split(":")[1] for word in words if word.count(":") >= 1]


def _tags(output: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


def decode(text: str) -> str:
    """Decodes libblkid's \\xNN."""
    if "\\x" not in text:
        return text
    first, *rest = text.encode("utf-8", "surrogateescape").split(b"\\x")
    data = first + b"".join(bytes([int(part[:2], 16)]) + part[2:] for part in rest)
    return data.decode("utf-8", "surrogateescape")
