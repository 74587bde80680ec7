# SPDX-License-Identifier: Apache-2.0
"""Numbers that are valid in a config but that no machine supports. Validation accepts them, as Ignition does.

Lint reports them, and the phase that uses them refuses them before it changes anything. Each function yields
the name of the member and a message.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Problems = Iterator[tuple[str, str]]

# The kernel stores device sizes as signed 64-bit byte counts.
MAX_MIB = 1 << 43
# About 30 years. Kernel timeouts overflow not far above that.
MAX_SECONDS = 10**9

# Level, by the kernel's name -> the minimum number of devices without spares that mdadm accepts.
_MIN_DEVICES = {
    **dict.fromkeys(("raid4", "4", "raid5", "5", "raid10", "10"), 2),
    **dict.fromkeys(("raid6", "6"), 4),
}


def partition_problems(partition: dict[str, Any]) -> Problems:
    """Problems of an entry of `storage.disks[].partitions`."""
    number = partition.get("number") or 0
    if number < 0:
        yield (
            "number",
            f"there is no partition {number}: numbers begin at 1, and 0 is the next free one",
        )
    for name in ("startMiB", "sizeMiB"):
        mib = partition.get(name) or 0
        if mib < 0:
            yield name, f"{name} is negative: {mib}"
        elif mib >= MAX_MIB:
            yield name, f"no disk is as large as {name} {mib}"


def array_problems(array: dict[str, Any]) -> Problems:
    """Problems of an entry of `storage.raid`."""
    level, spares = array.get("level") or "", array.get("spares") or 0
    devices = len(array.get("devices") or ())
    least = _MIN_DEVICES.get(level, 1)
    if spares < 0:
        yield "spares", f"spares is negative: {spares}"
    elif devices and spares >= devices:
        yield "spares", f"with {spares} spares, none of its {devices} devices is left to hold data"
    elif devices - spares < least:
        kinds = "devices besides spares" if spares else "devices"
        yield "devices", f"level {level} takes at least {least} {kinds}, not {devices - spares}"


def has_clevis(volume: dict[str, Any]) -> bool:
    """Whether Clevis unlocks a volume, an entry of `storage.luks`."""
    clevis = volume.get("clevis") or {}
    custom = clevis.get("custom") or {}
    return bool(
        custom.get("pin") or clevis.get("tang") or clevis.get("tpm2") or clevis.get("threshold")
    )


def clevis_problems(clevis: dict[str, Any]) -> Problems:
    """Problems of the threshold of `storage.luks[].clevis`: how many pins must succeed to unlock the
    volume."""
    threshold = clevis.get("threshold") or 0
    pins = len(clevis.get("tang") or ()) + bool(clevis.get("tpm2"))
    if threshold < 0:
        yield "threshold", f"threshold is negative: {threshold}"
    elif threshold > pins > 0:
        yield (
            "threshold",
            f"threshold is {threshold}, and only {pins} can help to unlock the volume",
        )


def timeout_problems(timeouts: dict[str, Any]) -> Problems:
    """Problems of `ignition.timeouts`, which are in seconds."""
    for name in ("httpResponseHeaders", "httpTotal"):
        seconds = timeouts.get(name) or 0
        if seconds < 0:
            yield name, f"{name} is {seconds}, so there is no limit"
        elif seconds > MAX_SECONDS:
            yield name, f"{name} is {seconds} seconds, which is as good as no limit"
