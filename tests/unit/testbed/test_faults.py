# SPDX-License-Identifier: Apache-2.0
"""Faults on the command line, what they do, and what is promised for them."""

from __future__ import annotations

import pytest

from ignition.base.codes import CODES
from ignition.base.errors import Failure
from ignition.base.settings import PHASE_NAMES
from ignition.testbed.faults import KINDS, MEANING, parse, starts


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_alone_has_a_default_a_meaning_and_a_promise(kind: str) -> None:
    fault = parse(kind)
    assert (fault.kind, fault.text) == (kind, kind)
    assert MEANING[fault.kind]
    assert all(code in CODES for code in fault.stops)
    assert fault.may_succeed or fault.stops
    assert all(code in fault.promise for code in fault.stops)
    assert ("as wanted" in fault.promise) == fault.may_succeed


@pytest.mark.parametrize(
    ("text", "seconds", "phase", "iops"),
    [
        ("power-cut", None, "files", 0),
        ("power-cut=disks", None, "disks", 0),
        ("power-cut=fetch-offline", None, "fetch-offline", 0),
        ("power-cut=12.5", 12.5, "", 0),
        ("power-cut=30s", 30, "", 0),
        ("net-late=5", 5, "", 0),
        ("disk-slow", None, "", 100),
        ("disk-slow=40", None, "", 40),
    ],
)
def test_values(text: str, seconds: float | None, phase: str, iops: int) -> None:
    fault = parse(text)
    assert (fault.seconds, fault.phase, fault.iops) == (seconds, phase, iops)


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("powercut", "no fault 'powercut'", "did you mean power-cut?"),
        ("disk-ful", "no fault", "did you mean disk-full?"),
        ("", "no fault ''", "there are power-cut, "),
        ("flood", "no fault", "there are power-cut, "),
        ("power-cut=", "lacks a value", "default"),
        ("power-cut=file", "no phase 'file'", "did you mean files?"),
        ("power-cut=zzz", "no phase 'zzz'", "fetch-offline"),
        ("power-cut=0", "no number of seconds", "30"),
        ("power-cut=-5", "no number of seconds", "30"),
        ("net-late=nan", "no number of seconds", "30"),
        ("net-late=inf", "no number of seconds", "30"),
        ("net-late=soon", "no number of seconds", "30"),
        ("net-flaky=3", "takes no value", "write net-flaky"),
        ("disk-missing=/dev/vdb", "takes no value", "write disk-missing"),
        ("disk-slow=0", "operations per second", "100"),
        ("disk-slow=fast", "operations per second", "100"),
        ("disk-slow=99999999999999", "operations per second", "100"),
        ("disk-slow=²", "operations per second", "100"),
    ],
)
def test_mistakes_name_what_is_near(text: str, words: str, hint: str) -> None:
    with pytest.raises(Failure) as caught:
        parse(text)
    assert caught.value.code == "IGN8330"
    assert words in str(caught.value)
    assert hint in caught.value.hint


def test_what_happens_to_the_guest() -> None:
    (cut,) = parse("power-cut=7").actions
    assert (cut.what, cut.after, cut.when) == ("cut", 7, None)
    down, up = parse("net-late=4").actions
    assert down.at_start and (up.what, up.after) == ("link up", 4)
    assert [action.what for action in parse("net-flaky").actions] == ["link down", "link up"] * 2
    assert parse("disk-missing").cmdline == ("ignition.wait.device=20",)
    assert not parse("disk-full").actions


CONSOLE = {
    "fetch-offline": "         Starting ignition-fetch-of…etch the config without network...",
    "fetch": "         Starting ignition-fetch.service - Ignition: fetch the config...",
    "kargs": "         Starting ignition-kargs.ser…Ignition: kernel arguments...",
    "disks": "         Starting ignition-disks.service - Ignition: disks...",
    "mount": "         Starting ignition-mount.se…m - Ignition: mount filesystems...",
    "files": "         Starting ignition-files.se…gnition: files, users and units...",
    "umount": "ignition umount: unmount /var/lib/data                          0.26 s",
}


@pytest.mark.parametrize("phase", PHASE_NAMES)
def test_the_first_line_of_a_phase_on_the_console(phase: str) -> None:
    matching = [name for name, line in CONSOLE.items() if starts(phase).search(line)]
    assert matching == [phase]
    assert starts(phase).search(f"ignition {phase}: read user config from qemu")


def test_lines_of_ignition_itself() -> None:
    assert starts("disks").search("         Starting ignition-disks.service - Ignition (disks)...")
    assert starts("files").search("[    9.1] ignition[412]: files: createFilesystemsFiles: op(1)")
    assert not starts("disks").search("[  OK  ] Finished ignition-disks.service - Ignition: disks.")
