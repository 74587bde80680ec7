# SPDX-License-Identifier: Apache-2.0
"""The virtual reader of z/VM, with fake programs that record their arguments."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.providers import zvm

Machine = Any
HEADING = "ORIGINID FILE CLASS RECORDS  CPY HOLD DATE  TIME     NAME      TYPE     DIST\n"
CONSOLE = "GUEST    0003 T CON 00000123 001 NONE 11/24 08:00:00                    SYSTEM\n"
IMAGE = "MAINT    0011 A PUN 00098765 001 NONE 11/24 09:00:00 KERNEL   IMAGE    GUEST\n"


def config(spool_id: str = "0012", kind: str = "ign") -> str:
    return (
        f"MAINT    {spool_id} A PUN 00000010 001 NONE 11/24 09:00:01 config   {kind}      GUEST\n"
    )


@pytest.fixture(autouse=True)
def s390_tools(machine: Machine) -> None:
    for name in ("modprobe", "chccwdev", "cio_ignore", "udevadm"):
        play(machine, name)
    queue(machine, HEADING + CONSOLE + IMAGE + config())


def play(machine: Machine, name: str, script: str = "") -> None:
    machine.program(name, f'echo {name} "$@" >> {machine.folder}/calls\n{script}')


def queue(machine: Machine, listed: str, receive: str = "") -> None:
    """Sets the contents of the reader, and the script that receives a file."""
    machine.write("listed", listed.encode())
    receive = receive or """printf '{"x": "%s"}\\0\\0' "$3" > "$4" """
    play(machine, "vmur", f"if [ $1 = li ]; then cat {machine.folder}/listed; else {receive}; fi")


def calls(machine: Machine) -> list[str]:
    lines: list[str] = (machine.folder / "calls").read_text().splitlines()
    return lines


def failure(machine: Machine) -> Failure:
    with pytest.raises(Failure) as caught:
        zvm.fetch(machine.context())
    return caught.value


def left(machine: Machine) -> list[str]:
    return [path.name for path in (machine.folder / "run").glob("*")]


def test_config_is_received_into_a_private_directory(machine: Machine) -> None:
    assert zvm.fetch(machine.context(offline=True)) == b'{"x": "0012"}'
    *before, received = calls(machine)
    assert before == [
        "modprobe vmur",
        "chccwdev -e 000c",
        "udevadm settle",
        "vmur li",
    ]
    assert received.startswith(f"vmur re -f 0012 {machine.folder}/run/reader.")
    assert left(machine) == []


def test_directory_is_for_root_only(machine: Machine) -> None:
    queue(machine, HEADING + config(), 'stat -c %a "${4%/*}" > "$4"')
    assert zvm.fetch(machine.context()) == b"700\n"


def test_other_files_of_vmur_are_removed_too(machine: Machine) -> None:
    queue(machine, HEADING + config(), receive=': > "$4.log"; printf "{}" > "$4"')
    assert zvm.fetch(machine.context()) == b"{}"
    assert left(machine) == []


def test_ignored_device_is_removed_from_the_list(machine: Machine) -> None:
    mark = machine.folder / "mark"
    play(machine, "chccwdev", f"test -e {mark}")
    play(machine, "cio_ignore", f"touch {mark}")
    assert zvm.fetch(machine.context())
    assert calls(machine)[1:5] == [
        "chccwdev -e 000c",
        "cio_ignore -r 000c",
        "chccwdev -e 000c",
        "udevadm settle",
    ]


@pytest.mark.parametrize(
    ("listed", "spool_id"),
    [
        (HEADING + config("0007") + config("0008"), "0007"),
        (HEADING + config("0007", "IGN"), "0007"),
        (HEADING + config("0007", "ignx") + config("0008", "Ign"), "0008"),
        (HEADING, ""),
        ("", ""),
        (HEADING + CONSOLE + IMAGE, ""),
        (HEADING + "\n" + config(), ""),
        (HEADING.replace("DIST", "ign"), "FILE"),
    ],
    ids=["first", "upper", "mixed", "heading", "nothing", "others", "end", "position"],
)
def test_which_file_is_read(listed: str, spool_id: str, machine: Machine) -> None:
    queue(machine, listed)
    expected = b'{"x": "%s"}' % spool_id.encode() if spool_id else b""
    assert zvm.fetch(machine.context()) == expected


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("modprobe", "IGN5665"),
        ("chccwdev", "IGN5666"),
        ("udevadm", "IGN5666"),
        ("vmur", "IGN5667"),
    ],
)
def test_failing_program(program: str, code: str, machine: Machine) -> None:
    play(machine, program, "echo because >&2; exit 3")
    failed = failure(machine)
    assert failed.code == code
    assert "because" in failed.hint


def test_missing_program(machine: Machine) -> None:
    machine.settings.programs["chccwdev"] = str(machine.folder / "none")
    failed = failure(machine)
    assert failed.code == "IGN5666"
    assert "must be in the initramfs" in failed.hint


@pytest.mark.parametrize(("receive", "code"), [("exit 1", "IGN5668"), ("true", "IGN5669")])
def test_config_that_vmur_does_not_write_is_an_error(
    receive: str, code: str, machine: Machine
) -> None:
    """Ignition goes on without a config, although there is one."""
    queue(machine, HEADING + config(), receive)
    assert failure(machine).code == code
