# SPDX-License-Identifier: Apache-2.0
"""What a device holds: one call of `blkid -p`, which looks at the device and never at a cache."""

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

_NOTHING = 2
_SEVERAL = 8


@record
class ProbeResult:
    """What libblkid sees. `kind` is its TYPE (`ext4`, `crypto_LUKS`), `table` its PTTYPE (`gpt`, `dos`)."""

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
    """Filesystem or other signature, its UUID and label, and the kind of partition table.

    With signatures of several kinds the first that libblkid finds counts, as in the original, with a
    warning. Failure IGN2003 if that one cannot be told, IGN2004 for an unreadable device; CommandFailed.
    """
    result = _blkid(log, settings, device, origin, [])
    if result.status != _SEVERAL:
        return parse(result.stdout)
    kinds = ambivalent_types(result.stdout)
    if not kinds:
        raise Failure(
            "IGN2003",
            f"{device} carries signatures of several kinds, and blkid does not say which",
            origin,
            hint=f"look at it with `wipefs {device}`",
        )
    log.warning(
        f"{device} carries signatures of several kinds ({', '.join(kinds)}): {kinds[0]} counts"
    )
    return parse(_blkid(log, settings, device, origin, ["--match-types", kinds[0]]).stdout)


def _blkid(
    log: Log, settings: Settings, device: str, origin: Origin | None, more: list[str]
) -> Result:
    try:
        # blkid ends with the same status, and says nothing, for a device that it cannot open.
        os.close(os.open(device, os.O_RDONLY))
    except OSError as error:
        raise Failure(
            "IGN2004", f"{device} cannot be read: {error.strerror}", origin, cause=error
        ) from error
    argv = [settings.program("blkid"), "--probe", *more, "--output", "udev", device]
    result = run(log, argv, check=False, origin=origin)
    if result.status not in (0, _NOTHING, _SEVERAL):
        raise CommandFailed(
            "IGN2005",
            f"probing {device} failed: blkid ended with {result.status}",
            origin,
            hint=diagnostics.summarize(result.stdout, result.stderr, argv),
            status=result.status,
            stderr=result.stderr,
        )
    return result


def parse(output: str) -> ProbeResult:
    """The output of `blkid --output udev`, whose values are encoded as \\xNN where that is needed."""
    tags = _tags(output)
    return ProbeResult(
        tags.get("ID_FS_TYPE", ""),
        decode(tags.get("ID_FS_UUID_ENC", "")),
        decode(tags.get("ID_FS_LABEL_ENC", "")),
        tags.get("ID_PART_TABLE_TYPE", ""),
    )


def ambivalent_types(output: str) -> list[str]:
    """The types in an answer about several signatures: `ID_FS_AMBIVALENT=filesystem:ext4:1.0 ...`."""
    words = _tags(output).get("ID_FS_AMBIVALENT", "").split()
    return [word.split(":")[1] for word in words if word.count(":") >= 1]


def _tags(output: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


def decode(text: str) -> str:
    """Text with libblkid's \\xNN for the bytes that it holds unsafe."""
    if "\\x" not in text:
        return text
    first, *rest = text.encode("utf-8", "surrogateescape").split(b"\\x")
    data = first + b"".join(bytes([int(part[:2], 16)]) + part[2:] for part in rest)
    return data.decode("utf-8", "surrogateescape")
