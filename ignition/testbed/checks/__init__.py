# SPDX-License-Identifier: Apache-2.0
"""The judgement on a machine: expectations against the facts of its report.

One module per kind of object. A fact that was not collected is never judged, neither way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ignition.base.origin import Origin
from ignition.testbed.checks import accounts, boots, disks, files, mounts, storage, system, units
from ignition.testbed.expectations.model import (
    Array,
    Command,
    Directory,
    Disk,
    Expectation,
    Expectations,
    File,
    Filesystem,
    Group,
    JournalLine,
    KernelArgument,
    Link,
    Luks,
    Mount,
    Port,
    Unit,
    User,
)
from ignition.testbed.report import Report
from ignition.testbed.results import Check


def judge(expectations: Expectations, report: Report) -> tuple[Check, ...]:
    """A check for each property that is expected, in the order of the expectations. None if provisioning
    is expected to fail."""
    if expectations.failure is not None:
        return ()
    reason = _why_nothing(report)
    if not reason:
        return tuple(check for item in expectations.items for check in _judged(item, report))
    return tuple(
        check for item in expectations.items for check in _judged_outside(item, report, reason)
    )


def unchanged(first: Report, second: Report, place: Origin) -> tuple[Check, ...]:
    """That the second boot provisioned nothing and changed nothing that the first one had made."""
    return tuple(boots.unchanged(first, second, place))


def _why_nothing(report: Report) -> str:
    """Why the report says nothing about the machine; "" if it does."""
    if not report.state:
        return "the guest sent no report"
    return "the machine did not get past its initramfs" if report.in_initramfs else ""


def _judged_outside(item: Expectation, report: Report, reason: str) -> Iterator[Check]:
    """Without a report only the disk images can tell. All else says what it would have checked."""
    if report.from_images and isinstance(item, Disk | Filesystem | Array | Luks):
        return _judged(item, report)
    return (replace(check, reason=reason) for check in _judged(item, Report()))


def _judged(item: Expectation, report: Report) -> Iterator[Check]:
    match item:
        case File():
            return files.file(item, report)
        case Directory():
            return files.directory(item, report)
        case Link():
            return files.link(item, report)
        case User():
            return accounts.user(item, report)
        case Group():
            return accounts.group(item, report)
        case Unit():
            return units.unit(item, report)
        case Mount():
            return mounts.mount(item, report)
        case Disk():
            return disks.disk(item, report)
        case Filesystem():
            return storage.filesystem(item, report)
        case Array():
            return storage.array(item, report)
        case Luks():
            return storage.luks(item, report)
        case KernelArgument():
            return system.kernel_argument(item, report)
        case Port():
            return system.port(item, report)
        case Command():
            return system.command(item, report)
        case JournalLine():
            return system.journal_line(item, report)
        case _:
            raise TypeError(f"no room judges {type(item).__name__}")
