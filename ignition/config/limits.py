# SPDX-License-Identifier: Apache-2.0
"""Numbers that a config may have, and no machine can: the validator lets them pass, as Ignition's does.

The phase that would use them refuses them before it changes anything; lint reports them. Each function gives
what is wrong with one object, as the name of the member and a sentence about it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Faults = Iterator[tuple[str, str]]

# The kernel counts the bytes of a device in 63 bits.
MAX_MIB = 1 << 43
# Some 30 years; sockets and the clock of the kernel do not count much further.
MAX_SECONDS = 10**9

# Level, as the kernel calls it -> the least number of devices besides spares that mdadm takes.
_LEAST_DEVICES = {
    **dict.fromkeys(("raid4", "4", "raid5", "5", "raid10", "10"), 2),
    **dict.fromkeys(("raid6", "6"), 4),
}


def partition_problems(partition: dict[str, Any]) -> Faults:
    """Numbers of an entry of `storage.disks[].partitions`."""
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


def array_problems(array: dict[str, Any]) -> Faults:
    """Numbers of an entry of `storage.raid`."""
    level, spares = array.get("level") or "", array.get("spares") or 0
    devices = len(array.get("devices") or ())
    least = _LEAST_DEVICES.get(level, 1)
    if spares < 0:
        yield "spares", f"spares is negative: {spares}"
    elif devices and spares >= devices:
        yield "spares", f"with {spares} spares, none of its {devices} devices is left to hold data"
    elif devices - spares < least:
        kinds = "devices besides spares" if spares else "devices"
        yield "devices", f"level {level} takes at least {least} {kinds}, not {devices - spares}"


def clevis_problems(clevis: dict[str, Any]) -> Faults:
    """The threshold of `storage.luks[].clevis`: how many of the servers and chips unlock the volume."""
    threshold = clevis.get("threshold") or 0
    pins = len(clevis.get("tang") or ()) + bool(clevis.get("tpm2"))
    if threshold < 0:
        yield "threshold", f"threshold is negative: {threshold}"
    elif threshold > pins > 0:
        yield (
            "threshold",
            f"threshold is {threshold}, and only {pins} can help to unlock the volume",
        )


def timeout_problems(timeouts: dict[str, Any]) -> Faults:
    """The seconds of `ignition.timeouts`."""
    for name in ("httpResponseHeaders", "httpTotal"):
        seconds = timeouts.get(name) or 0
        if seconds < 0:
            yield name, f"{name} is {seconds}, so there is no limit"
        elif seconds > MAX_SECONDS:
            yield name, f"{name} is {seconds} seconds, which is as good as no limit"
