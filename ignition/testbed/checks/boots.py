# SPDX-License-Identifier: Apache-2.0
"""A second boot that must change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ignition.base.origin import Origin
from ignition.testbed.checks.devices import array_name
from ignition.testbed.checks.subject import Subject
from ignition.testbed.facts import Device, GuestFile, integer
from ignition.testbed.report import Report
from ignition.testbed.request import RESULT_FILE
from ignition.testbed.results import Check

_UUIDS = ("ID_FS_UUID", "ID_PART_ENTRY_UUID", "ID_PART_TABLE_UUID", "MD_UUID")
_VOLATILE = ("/proc/", "/sys/", "/dev/", "/run/")
_NEW_EACH_BOOT = ("/dev/zram", "/dev/ram", "/dev/loop", "/dev/sr")
SLACK = 1.0
"""Seconds in which the last phase writes its last file and ends."""


def unchanged(first: Report, second: Report, place: Origin) -> Iterator[Check]:
    subject = Subject("second boot", place)
    if not first.state or not second.state or second.in_initramfs:
        reason = "the second boot has no report" if first.state else "the first boot has no report"
        yield subject.undecided("unchanged", reason)
        return
    yield _no_phase(subject, second)
    yield _same_uuids(subject, first, second)
    yield _same_result(subject, first, second)
    yield from _same_files(place, first, second)


def _no_phase(subject: Subject, second: Report) -> Check:
    if second.journal is None:
        return subject.undecided("phases", "the guest did not report its journal", "no phase runs")
    ran = list(second.phases())
    shown = f"{', '.join(ran)} ran" if ran else "no phase ran"
    return subject.check("phases", not ran, "no phase runs", shown)


def _same_uuids(subject: Subject, first: Report, second: Report) -> Check:
    before, after = _uuids(first), _uuids(second)
    if before is None or after is None:
        reason = "the guest did not report its block devices"
        return subject.undecided("UUIDs", reason, "the same")
    lost = sorted(
        f"{device.path} {uuid}"
        for uuid, device in before.items()
        if uuid not in after and _is_there(device, second)
    )
    shown = f"gone: {', '.join(lost)}" if lost else f"all {len(before)} are there"
    return subject.check("UUIDs", not lost, "the same", shown, "\n".join(lost))


def _is_there(device: Device, second: Report) -> bool:
    """Not so is an array that is not assembled, or a volume that is not open: its content is out of sight,
    but not changed. What is below it has UUIDs of its own."""
    if not device.backing:
        return True
    names = {(one.mapping, array_name(one)) for one in second.devices or ()}
    return (device.mapping, array_name(device)) in names


def _uuids(report: Report) -> dict[str, Device] | None:
    """UUID -> device, of filesystems, partitions, tables and arrays."""
    if report.devices is None:
        return None
    return {
        device.facts[key]: device
        for device in report.devices
        for key in _UUIDS
        if device.facts.get(key) and not device.path.startswith(_NEW_EACH_BOOT)
    }


def _same_result(subject: Subject, first: Report, second: Report) -> Check:
    if first.result is None:
        return subject.undecided("result file", f"the first boot left no {RESULT_FILE}", "the same")
    shown = "the same" if first.result == second.result else "another content"
    return subject.check(
        "result file",
        first.result == second.result,
        "the same",
        shown if second.result else "absent",
    )


def _same_files(place: Origin, first: Report, second: Report) -> Iterator[Check]:
    end = provisioned(first)
    for path, before in (first.files or {}).items():
        if path.startswith(_VOLATILE) or before.kind not in ("file", "directory", "link"):
            continue
        subject = Subject(f"second boot: {before.kind} {path}", place)
        if end is not None and before.kind != "directory" and before.modified > end + SLACK:
            reason = "the machine itself had changed it after it was provisioned"
            yield subject.undecided("unchanged", reason, "unchanged")
            continue
        after = (second.files or {}).get(path)
        if after is None and path not in second.missing:
            yield subject.undecided("unchanged", "the second boot did not report it", "unchanged")
            continue
        changed = ["absent"] if after is None else _changes(before, after)
        shown = ", ".join(changed) or "unchanged"
        yield subject.check("unchanged", not changed, "unchanged", shown)


def provisioned(report: Report) -> float | None:
    """When the last phase ended, in seconds since the epoch. None if the journal does not say."""
    units = {f"ignition-{name}.service" for name in report.phases()}
    times = [
        integer(str(entry.get("__REALTIME_TIMESTAMP"))) or 0
        for entry in report.journal or ()
        if entry.get("UNIT") in units
    ]
    last = max(times, default=0)
    return last / 1e6 if last else None


def _changes(before: GuestFile, after: GuestFile) -> list[str]:
    """The properties that differ. A directory gets new entries, and with them another time."""
    props = {
        "kind": (before.kind, after.kind),
        "inode": (before.inode, after.inode),
        "mode": (before.mode, after.mode),
        "user": (before.uid, after.uid),
        "group": (before.gid, after.gid),
    }
    if before.kind != "directory":
        props["target"] = (before.target, after.target)
        props["time"] = (before.mtime, after.mtime)
        props["content"] = (before.sha256 or before.data, after.sha256 or after.data)
    return [f"another {name}" for name, (old, new) in props.items() if old != new]
