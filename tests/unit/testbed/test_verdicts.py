# SPDX-License-Identifier: Apache-2.0
"""Verdicts on boots, from consoles and reports that are written here. Real guests: tests/boot."""

from __future__ import annotations

import pytest

from ignition.base.origin import Origin
from ignition.testbed.expectations.model import Expectations, ExpectedFailure, JournalLine
from ignition.testbed.report import Report
from ignition.testbed.results import Check, Status, Verdict
from ignition.testbed.verdicts import Boot, Promise, Question, decide, place_in_config

DATA = b"""{
  "ignition": {"version": "3.4.0"},
  "storage": {"filesystems": [
    {"device": "/dev/vdb", "format": "xfs"}
  ]}
}
"""
HERE = Origin("web.ign", "/storage", 3, 14)
STOPPED = """Ignition failed in phase disks:
  IGN2104  /dev/vdb holds an ext4 filesystem
           at user config from qemu: /storage/filesystems/0
           set wipeFilesystem to replace it
"""
PANIC = "[    4.284345] Kernel panic - not syncing: Attempted to kill init!\n"
UP = "[  OK  ] Reached target multi-user.target - Multi-User System.\n"
CYCLE = {
    "SYSLOG_IDENTIFIER": "systemd",
    "MESSAGE": "a.service: Found ordering cycle on b.service/start",
}


def question(
    failure: ExpectedFailure | None = None,
    promise: Promise | None = None,
    *items: JournalLine,
) -> Question:
    expectations = Expectations("web.ign", items=items, failure=failure)
    return Question("web.ign", DATA, expectations, promise, limit=90)


def boot(console: str = UP, state: str = "running", **more: object) -> Boot:
    timed_out = bool(more.pop("timed_out", False))
    reports = bool(more.pop("reports", True))
    return Boot(console, 41, timed_out, Report(state=state, **more), reports)  # type: ignore[arg-type]


def check(status: Status, prop: str = "mode") -> Check:
    return Check("file /etc/x", prop, status, HERE, "0644", "0600")


PASSED, FAILED, OPEN = map(check, (Status.PASSED, Status.FAILED, Status.NOT_DECIDED))


def test_a_machine_as_expected_passes() -> None:
    outcome = decide(question(), boot(), [PASSED])
    assert (outcome.verdict, outcome.cause) == (Verdict.PASSED, None)
    assert outcome.checks == (PASSED,)


def test_a_failed_check_names_its_line() -> None:
    outcome = decide(question(), boot(), [PASSED, FAILED, FAILED])
    assert outcome.verdict is Verdict.EXPECTATION_FAILED
    assert outcome.cause is not None and outcome.cause.place == HERE
    assert outcome.cause.text == (
        "file /etc/x: mode: expected 0644, found 0600; 1 more of 3 checks failed"
    )


def test_nothing_decided_passes_only_with_a_note() -> None:
    outcome = decide(question(), boot(), [OPEN])
    assert outcome.verdict is Verdict.PASSED
    assert "none of the expectations could be decided" in outcome.notes[0]


def test_a_panic_is_a_crash_even_if_the_machine_reported() -> None:
    outcome = decide(question(), boot(UP + PANIC), [PASSED])
    assert outcome.verdict is Verdict.CRASHED
    assert outcome.cause is not None and outcome.cause.code == "IGN8410"


def test_a_machine_that_hung_for_a_while_may_pass() -> None:
    stuck = "[  188.1] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [systemd:1]\n"
    outcome = decide(question(), boot(UP + stuck), [PASSED])
    assert outcome.verdict is Verdict.PASSED
    assert "IGN8412" in outcome.notes[0]


def test_the_engines_failure_names_the_authors_line() -> None:
    outcome = decide(question(), boot("", "emergency", failure=STOPPED), ())
    assert outcome.verdict is Verdict.PROVISIONING_FAILED
    cause = outcome.cause
    assert cause is not None
    assert (cause.code, cause.hint) == ("IGN2104", "set wipeFilesystem to replace it")
    assert cause.place == Origin("web.ign", "/storage/filesystems/0", 4, 6)


def test_the_failed_unit_of_the_phase_is_no_note_of_its_own() -> None:
    units = ["ignition-disks.service", "nginx.service"]
    machine = boot("", "emergency", failure=STOPPED, failed_units=units)
    notes = decide(question(), machine, ()).notes
    assert [note.partition(" ")[0] for note in notes] == ["nginx.service"]


def test_a_config_that_only_the_machine_refuses_is_refused() -> None:
    text = STOPPED.replace("IGN2104  /dev", "IGN1403  /dev")
    outcome = decide(question(), boot("", "emergency", failure=text), ())
    assert outcome.verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    ("console", "verdict", "code", "words"),
    [
        (
            "Starting ignition-disks.service - Ignition: disks...\n",
            "TIMEOUT",
            "IGN8423",
            "phase disks",
        ),
        (UP, "TIMEOUT", "IGN8423", "booted system"),
        ("", "TIMEOUT", "IGN8423", "said nothing"),
        ("grub rescue> \n", "HOST_PROBLEM", "IGN8420", "GRUB"),
        ("You are in emergency mode.\n", "CRASHED", "IGN8416", "emergency"),
        (PANIC, "CRASHED", "IGN8410", "panicked"),
        (STOPPED, "PROVISIONING_FAILED", "IGN2104", "ext4"),
    ],
)
def test_a_machine_that_does_not_end(console: str, verdict: str, code: str, words: str) -> None:
    outcome = decide(question(), boot(console, "", timed_out=True), ())
    assert outcome.verdict is Verdict[verdict]
    assert outcome.cause is not None
    assert outcome.cause.code == code and words in outcome.cause.text


def test_a_machine_that_goes_off_without_a_report_crashed() -> None:
    outcome = decide(question(), boot("Starting ignition-files.service...\n", ""), ())
    assert outcome.verdict is Verdict.CRASHED
    assert outcome.cause is not None
    assert outcome.cause.code == "IGN8422" and "phase files" in outcome.cause.text


def test_the_emergency_shell_of_the_real_root_names_the_line_of_the_unit() -> None:
    outcome = decide(question(), boot("You are in emergency mode.\n", "emergency"), [FAILED])
    assert outcome.verdict is Verdict.CRASHED
    assert outcome.cause is not None and outcome.cause.place == HERE


def test_without_a_reporter_the_console_decides() -> None:
    assert boot(UP, "", reports=False).reached == "multi-user"
    assert decide(question(), boot(UP, "", reports=False), ()).verdict is Verdict.PASSED
    assert boot("", "", reports=False).reached == "nothing"


def test_an_ordering_cycle_fails_the_case() -> None:
    outcome = decide(question(), boot(journal=[CYCLE]), [PASSED])
    assert outcome.verdict is Verdict.EXPECTATION_FAILED
    assert outcome.cause is not None and outcome.cause.code == "IGN8415"


def test_an_ordering_cycle_explains_a_failed_check() -> None:
    outcome = decide(question(), boot(journal=[CYCLE]), [FAILED])
    assert outcome.cause is not None and outcome.cause.code == "IGN8426"
    assert any(note.startswith("IGN8415: ") for note in outcome.notes)


def test_an_ordering_cycle_has_the_line_of_a_unit() -> None:
    data = b'{"systemd": {"units": [{"name": "x.service"},\n {"name": "b.service"}]}}'
    asked = Question("web.ign", data, Expectations("web.ign"))
    cause = decide(asked, boot(journal=[CYCLE]), [PASSED]).cause
    assert cause is not None
    assert cause.place == Origin("web.ign", "/systemd/units/1/name", 2, 11)


def test_an_ordering_cycle_that_the_author_expects_does_not() -> None:
    expected = JournalLine(place=HERE, matches="Found ordering cycle on b")
    absent = JournalLine(place=HERE, matches="Found ordering cycle on b", exists=False)
    passed = decide(question(None, None, expected), boot(journal=[CYCLE]), [PASSED])
    failed = decide(question(None, None, absent), boot(journal=[CYCLE]), [PASSED])
    assert (passed.verdict, failed.verdict) == (Verdict.PASSED, Verdict.EXPECTATION_FAILED)


# -- expected failures


@pytest.mark.parametrize(
    ("expected", "verdict"),
    [
        ({}, "PASSED"),
        ({"phase": "disks", "code": "IGN2104", "words": "holds an ext4"}, "PASSED"),
        ({"code": "ign2104", "words": "Holds an\nEXT4"}, "PASSED"),
        ({"phase": "files"}, "EXPECTATION_FAILED"),
        ({"code": "IGN2105"}, "EXPECTATION_FAILED"),
        ({"words": "xfs"}, "EXPECTATION_FAILED"),
    ],
)
def test_an_expected_failure(expected: dict[str, str], verdict: str) -> None:
    failure = ExpectedFailure(place=HERE, **expected)
    outcome = decide(question(failure), boot("", "emergency", failure=STOPPED), ())
    assert outcome.verdict is Verdict[verdict]
    if verdict != "PASSED":
        assert outcome.cause is not None
        assert (outcome.cause.code, outcome.cause.place) == ("IGN8425", HERE)
        assert "IGN2104" in outcome.cause.text, "what happened instead is said"


def test_a_machine_that_comes_up_although_it_must_fail() -> None:
    outcome = decide(question(ExpectedFailure(place=HERE)), boot(), [PASSED])
    assert outcome.verdict is Verdict.EXPECTATION_FAILED
    assert outcome.cause is not None and outcome.cause.code == "IGN8424"


def test_a_crash_is_no_expected_failure() -> None:
    outcome = decide(question(ExpectedFailure(place=HERE)), boot(PANIC, ""), ())
    assert outcome.verdict is Verdict.CRASHED


def test_ignition_has_no_codes_to_compare() -> None:
    failure = ExpectedFailure(place=HERE, code="IGN2104", words="exit status 9")
    console = "ignition[611]: CRITICAL : Ignition failed: failed to create users: exit status 9\n"
    outcome = decide(question(failure), boot(console, "", timed_out=True), ())
    assert outcome.verdict is Verdict.PASSED
    assert [each.status for each in outcome.checks if each.prop == "code"] == [Status.NOT_DECIDED]


# -- faults


def test_under_a_fault_the_engine_may_stop_with_a_promised_code() -> None:
    promise = Promise("the machine comes up or the boot stops", ("IGN2104",))
    stopped = boot("", "emergency", failure=STOPPED)
    assert decide(question(None, promise), stopped, ()).verdict is Verdict.PASSED
    assert decide(question(None, promise), boot(), [PASSED]).verdict is Verdict.PASSED
    other = Promise("the boot stops with IGN3001", ("IGN3001",))
    outcome = decide(question(None, other), stopped, ())
    assert outcome.verdict is Verdict.PROVISIONING_FAILED
    assert "did not keep its promise" in outcome.notes[-1]


def test_a_machine_without_its_disk_must_not_come_up() -> None:
    promise = Promise("the boot stops with IGN2001", ("IGN2001",), may_succeed=False)
    outcome = decide(question(None, promise), boot(), [PASSED])
    assert outcome.verdict is Verdict.EXPECTATION_FAILED


# -- places


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("", None),
        ("user config from qemu", Origin("web.ign")),
        (
            "user config from qemu:9:9: /storage/filesystems/0/format",
            Origin("web.ign", "/storage/filesystems/0/format", 4, 38),
        ),
        (
            "https://example.com/base.ign:3:7: /storage/files/0",
            Origin("https://example.com/base.ign", "/storage/files/0", 3, 7),
        ),
        (
            "/usr/lib/ignition/base.d/10.ign: /passwd",
            Origin("/usr/lib/ignition/base.d/10.ign", "/passwd"),
        ),
    ],
)
def test_origins_of_the_engine_are_places_in_the_config(where: str, place: Origin | None) -> None:
    assert place_in_config(where, "web.ign", DATA) == place


INLINE = "config inline in user config from qemu: /ignition/config/merge/0: /storage/filesystems/0"


def test_a_config_that_came_with_the_reporter_has_the_authors_lines() -> None:
    found = place_in_config(INLINE, "web.ign", DATA, wrapped=True)
    assert found == Origin("web.ign", "/storage/filesystems/0", 4, 6)
    deeper = f"config inline in {INLINE.replace('merge/0:', 'merge/0: /ignition/version:')}"
    found = place_in_config(deeper, "web.ign", DATA, wrapped=True)
    assert found is not None and (found.pointer, found.line) == ("/ignition/version", 2)


def test_a_config_in_a_data_url_has_the_line_of_the_url() -> None:
    data = b'{"ignition": {"config": {"merge": [\n{"source": "data:,x"}]}}}'
    found = place_in_config(INLINE, "web.ign", data)
    assert found is not None and (found.pointer, found.line) == ("/ignition/config/merge/0", 2)


def test_text_that_is_no_config_has_no_lines() -> None:
    found = place_in_config("user config from qemu: /storage/files/0", "web.ign", b"hello")
    assert found == Origin("web.ign", "/storage/files/0")
