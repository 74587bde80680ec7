# SPDX-License-Identifier: Apache-2.0
"""A second boot that changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ignition.testbed.checks import judge, unchanged
from ignition.testbed.expectations.model import Expectations, ExpectedFailure, File
from ignition.testbed.facts import Device, GuestFile
from ignition.testbed.pictures import step_times
from ignition.testbed.report import UNIT_STARTED, UNIT_STARTING, Report
from ignition.testbed.results import Check, Status, StepTime
from tests.support.judging import FAILED, HERE, NOT_DECIDED, PASSED


def entry(what: str, seconds: float) -> dict[str, Any]:
    """What the journal says of the phase `files`. Power-on was at second 1000."""
    return {
        "UNIT": "ignition-files.service",
        "MESSAGE_ID": what,
        "__MONOTONIC_TIMESTAMP": str(int(seconds * 1e6)),
        "__REALTIME_TIMESTAMP": str(int((1000 + seconds) * 1e6)),
    }


def guest(path: str, mtime: str = "1021.5", kind: str = "file", inode: int = 7) -> GuestFile:
    return GuestFile(path, kind, 0o644, 0, 0, 2, inode, mtime, data=b"hi")


def machine(**facts: Any) -> Report:
    files = [
        guest("/etc/motd"),
        guest("/srv/data", kind="directory"),
        guest("/var/lib/counter", "1060.1"),
        guest("/run/x", "1021.1"),
    ]
    known: dict[str, Any] = {
        "files": {one.path: one for one in files},
        "devices": (
            Device("/dev/vda", facts={"ID_FS_UUID": "u1"}),
            Device("/dev/vdb1", facts={"ID_FS_UUID": "u2", "ID_PART_ENTRY_UUID": "p2"}),
            Device("/dev/zram0", facts={"ID_FS_UUID": "new each boot"}),
        ),
        "journal": [{"MESSAGE": "hello"}],
        "result": {"provisioningBootID": "b1"},
    }
    return Report(state="running", **{**known, **facts})


FIRST = machine(journal=[entry(UNIT_STARTING, 20), entry(UNIT_STARTED, 22)])
SECOND = machine(
    devices=(
        Device("/dev/vdc", facts={"ID_FS_UUID": "u1"}),
        Device("/dev/vda1", facts={"ID_FS_UUID": "u2", "ID_PART_ENTRY_UUID": "p2"}),
    )
)


def by_subject(checks: tuple[Check, ...]) -> dict[tuple[str, str], Check]:
    return {(check.subject, check.prop): check for check in checks}


def test_a_second_boot_of_the_same_machine_passes() -> None:
    found = by_subject(unchanged(FIRST, SECOND, HERE))
    counter = found.pop(("second boot: file /var/lib/counter", "unchanged"))
    assert counter.reason == "the machine itself had changed it after it was provisioned"
    assert {check.status for check in found.values()} == {PASSED}
    assert [subject for subject, _ in found] == [
        *("second boot", "second boot", "second boot"),
        "second boot: file /etc/motd",
        "second boot: directory /srv/data",
    ]


@pytest.mark.parametrize(
    ("second", "prop", "found"),
    [
        ({"journal": FIRST.journal}, "phases", "files ran"),
        ({"devices": ()}, "UUIDs", "gone: /dev/vda u1, /dev/vdb1 p2, /dev/vdb1 u2"),
        ({"result": {"provisioningBootID": "b2"}}, "result file", "another content"),
        ({"result": None}, "result file", "absent"),
    ],
)
def test_a_change_of_the_machine_fails(second: dict[str, Any], prop: str, found: str) -> None:
    checks = unchanged(FIRST, replace(SECOND, **second), HERE)
    (check,) = (one for one in checks if one.status is FAILED)
    assert (check.prop, check.found) == (prop, found)


@pytest.mark.parametrize(
    ("after", "status"),
    [
        ((), PASSED),  # not assembled
        (
            (Device("/dev/md0", facts={"MD_NAME": "a:pool", "ID_FS_UUID": "f2"}, level="raid1"),),
            FAILED,
        ),
        (
            (Device("/dev/md9", facts={"MD_NAME": "a:pool", "ID_FS_UUID": "f1"}, level="raid1"),),
            PASSED,
        ),
    ],
)
def test_only_an_array_that_is_there_can_have_changed(
    after: tuple[Device, ...], status: Status
) -> None:
    array = Device(
        "/dev/md127",
        facts={"MD_NAME": "a:pool", "ID_FS_UUID": "f1"},
        level="raid1",
        backing=("/dev/vdc",),
    )
    first = replace(FIRST, devices=(*(FIRST.devices or ()), array))
    second = replace(SECOND, devices=(*(SECOND.devices or ()), *after))
    found = by_subject(unchanged(first, second, HERE))
    assert found["second boot", "UUIDs"].status is status


@pytest.mark.parametrize(
    ("file", "found"),
    [
        (guest("/etc/motd", inode=8), "another inode"),
        (guest("/etc/motd", mtime="1021.6"), "another time"),
        (replace(guest("/etc/motd"), data=b"ho"), "another content"),
        (replace(guest("/etc/motd"), mode=0o600, uid=1), "another mode, another user"),
        (guest("/srv/data", kind="directory", inode=8), "another inode"),
        (guest("/srv/data", kind="directory", mtime="1099.0"), ""),
    ],
)
def test_a_changed_file_fails(file: GuestFile, found: str) -> None:
    second = replace(SECOND, files={**(SECOND.files or {}), file.path: file})
    shown = [one.found for one in unchanged(FIRST, second, HERE) if one.status is FAILED]
    assert shown == ([found] if found else [])


def test_a_file_that_is_gone_fails() -> None:
    second = replace(SECOND, files={}, missing=frozenset(["/etc/motd"]))
    found = by_subject(unchanged(FIRST, second, HERE))
    assert found["second boot: file /etc/motd", "unchanged"].found == "absent"
    assert found["second boot: directory /srv/data", "unchanged"].status is NOT_DECIDED


@pytest.mark.parametrize(("first", "second"), [(FIRST, Report()), (Report(), SECOND)])
def test_without_a_report_nothing_is_decided(first: Report, second: Report) -> None:
    assert [check.status for check in unchanged(first, second, HERE)] == [NOT_DECIDED]


def test_without_facts_nothing_is_decided() -> None:
    empty = Report(state="running")
    assert {check.status for check in unchanged(empty, empty, HERE)} == {NOT_DECIDED}


def test_no_item_is_judged_if_provisioning_must_fail() -> None:
    expectations = Expectations(
        "x", items=(File(place=HERE, path="/x"),), failure=ExpectedFailure(place=HERE)
    )
    assert judge(expectations, FIRST) == ()


def test_phases_and_steps_have_times() -> None:
    steps = [
        {"summary": "write /a", "result": "done", "after": 0.0, "seconds": 0.5},
        {"summary": "write /b", "result": "failed", "after": 0.5, "seconds": 0.25},
        "garbage",
    ]
    report = replace(FIRST, engine=[{"phase": "files", "steps": steps}, {"phase": "x"}])
    assert step_times(report) == (
        StepTime("files", 20.0, 2.0),
        StepTime("write /a", 21.25, 0.5, "success", "files"),
        StepTime("write /b", 21.75, 0.25, "failed", "files"),
    )
    assert step_times(Report()) == ()
