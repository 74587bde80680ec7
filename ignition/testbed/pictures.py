# SPDX-License-Identifier: Apache-2.0
"""Disks and times of a boot as the pictures of a result page need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ignition.testbed.checks.devices import array_name, is_disk
from ignition.testbed.facts import Device, Phase
from ignition.testbed.report import Report
from ignition.testbed.results import DiskView, PartitionView, StepTime


def disk_views(report: Report) -> tuple[DiskView, ...]:
    """The disks of the machine; none if they were not collected."""
    devices = report.devices or ()
    return tuple(
        DiskView(
            device=disk.path,
            size=disk.size or 0,
            contents=_contents(disk, devices),
            partitions=tuple(_partitions(disk, devices, report.mounts or ())),
        )
        for disk in sorted(devices, key=lambda device: device.path)
        if is_disk(disk)
    )


def _partitions(
    disk: Device, devices: Sequence[Device], mounts: Sequence[Mapping[str, Any]]
) -> Iterator[PartitionView]:
    inside = [device for device in devices if device.parent == disk.path]
    for one in sorted(inside, key=lambda device: device.start or 0):
        if one.start is not None and one.size is not None:
            yield PartitionView(
                number=one.number,
                start=one.start,
                size=one.size,
                label=one.facts.get("ID_PART_ENTRY_NAME", ""),
                contents=_contents(one, devices),
                path=_mounted(one, devices, mounts),
            )


def _contents(device: Device, devices: Sequence[Device]) -> str:
    """The filesystem, or the array or volume that the device is a part of."""
    for above in devices:
        if device.path in above.backing and above.level:
            return f"{above.level} {array_name(above)}".strip()
        if device.path in above.backing and above.mapping:
            inner = above.facts.get("ID_FS_TYPE", "")
            outer = "LUKS" if device.facts.get("ID_FS_TYPE") == "crypto_LUKS" else "mapping"
            return f"{outer} {above.mapping}" + (f" ({inner})" if inner else "")
    kind = device.facts.get("ID_FS_TYPE", "")
    return "LUKS" if kind == "crypto_LUKS" else kind


def _mounted(device: Device, devices: Sequence[Device], mounts: Sequence[Mapping[str, Any]]) -> str:
    """Where it is mounted: itself, or what is made from it. "" if nowhere."""
    names = {device.path, *device.links}
    for above in devices:
        if device.path in above.backing:
            names |= {above.path, *above.links, f"/dev/mapper/{above.mapping}"}
    for mount in mounts:
        if str(mount.get("source")).partition("[")[0] in names:
            return str(mount.get("target") or "")
    return ""


def step_times(report: Report) -> tuple[StepTime, ...]:
    """The phases, and the steps of each if the engine left its report.

    The engine counts seconds from the first step of a phase. That step is put where it fits when the phase
    ends as its unit does.
    """
    phases = report.phases()
    spans = [StepTime(name, one.started, one.seconds, one.outcome) for name, one in phases.items()]
    for entry in report.engine or ():
        name = str(entry.get("phase", ""))
        if name in phases:
            spans += _steps(name, phases[name], entry.get("steps"))
    return tuple(sorted(spans, key=lambda span: (span.started, span.phase != "")))


def _steps(phase: str, unit: Phase, steps: object) -> Iterator[StepTime]:
    entries = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    times = [(_seconds(step.get("after")), _seconds(step.get("seconds"))) for step in entries]
    length = max((after + seconds for after, seconds in times), default=0.0)
    begin = unit.started + max(0.0, unit.seconds - length)
    for step, (after, seconds) in zip(entries, times, strict=True):
        outcome = "failed" if step.get("result") == "failed" else "success"
        yield StepTime(str(step.get("summary", "")), begin + after, seconds, outcome, phase)


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
