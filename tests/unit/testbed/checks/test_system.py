# SPDX-License-Identifier: Apache-2.0
"""Kernel arguments, ports, commands, the journal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ignition.testbed.checks.system import arguments
from ignition.testbed.expectations.model import (
    Command,
    Expectation,
    JournalLine,
    KernelArgument,
    Port,
)
from ignition.testbed.facts import CommandResult, Socket
from ignition.testbed.report import Report
from tests.support.judging import HERE, NOT_DECIDED, PASSED, checks_of, failed, statuses

REPORT = Report(
    state="running",
    cmdline='root=LABEL=root console=ttyS0 console=tty0 quiet dyndbg="file drivers/x.c +p"',
    sockets=(
        Socket("tcp", "0.0.0.0", 80),
        Socket("tcp", "::", 443),
        Socket("tcp", "127.0.0.1", 631),
        Socket("tcp", "::1", 631),
        Socket("udp", "::ffff:10.0.2.15", 53),
    ),
    commands={
        "id core": CommandResult(0, "uid=1000(core)\n"),
        "nginx -t": CommandResult(1, "emerg: bind() failed\ntest failed\n"),
        "sleep 99": CommandResult(124, "", timed_out=True),
    },
    journal=[
        {"SYSLOG_IDENTIFIER": "nginx", "MESSAGE": "listening"},
        {"UNIT": "web.service", "MESSAGE": "Started web.service - Web."},
        {"_SYSTEMD_UNIT": "web.service", "MESSAGE": [104, 105, 255]},
        {"SYSLOG_IDENTIFIER": "sshd", "MESSAGE": "bind: Address already in use"},
    ],
)


def arg(text: str, **wanted: Any) -> KernelArgument:
    return KernelArgument(place=HERE, argument=text, **wanted)


def port(number: int, **wanted: Any) -> Port:
    return Port(place=HERE, port=number, **wanted)


def run(text: str, **wanted: Any) -> Command:
    return Command(place=HERE, run=text, **wanted)


def line(pattern: str, **wanted: Any) -> JournalLine:
    return JournalLine(place=HERE, matches=pattern, **wanted)


TRUE: list[Expectation] = [
    arg("quiet"),
    arg("console=ttyS0"),
    arg('dyndbg="file drivers/x.c +p"'),
    arg("console=tty0 quiet"),
    arg("nosmt", exists=False),
    arg("console", exists=False),
    port(80),
    port(80, address="10.0.2.15"),
    port(80, address="127.0.0.1"),
    port(80, address="0.0.0.0"),
    port(443, address="::1"),
    port(443, address="10.0.2.15"),
    port(443, address="0.0.0.0"),
    port(631, address="127.0.0.1"),
    port(631, address="[::1]"),
    port(53, protocol="udp", address="10.0.2.15"),
    port(22, listening=False),
    port(53, listening=False),
    port(631, address="10.0.2.15", listening=False),
    run("id core"),
    run("id core", output="uid=1000(core)", matches=r"\d{4}"),
    run("id core", output="uid=1000(core)\n"),
    run("nginx -t", status=1, matches="^test failed$"),
    line("listen"),
    line("^hi", unit="web"),
    line("Started", unit="web.service"),
    line("panic", exists=False),
    line("listening", unit="web.service", exists=False),
]
FALSE: list[tuple[Expectation, str, str, str]] = [
    (arg("nosmt"), "exists", "present", "absent"),
    (arg("console=ttyS1"), "exists", "present", "console=ttyS0, console=tty0"),
    (arg("quiet", exists=False), "exists", "absent", "present"),
    (port(22), "listening", "listening", "nothing; tcp ports are 80, 443, 631"),
    (port(80, protocol="udp"), "listening", "listening", "nothing; udp ports are 53"),
    (port(80, listening=False), "listening", "not listening", "listening on 0.0.0.0"),
    (
        port(631, address="10.0.2.15"),
        "listening",
        "listening",
        "listening on 127.0.0.1, [::1]",
    ),
    (port(80, address="::1"), "listening", "listening", "listening on 0.0.0.0"),
    (port(631, address="0.0.0.0"), "listening", "listening", "listening on 127.0.0.1, [::1]"),
    (run("nginx -t"), "status", "0", "1"),
    (run("sleep 99", timeout=5), "status", "0", "not ended after 5 s"),
    (run("id core", output="uid=1"), "output", "uid=1", "uid=1000(core)"),
    (run("id core", matches="root"), "matches", "root", "no match"),
    (line("panic"), "matches", "a message with panic", "no such message among 4"),
    (line("listening", exists=False), "matches", "no message with listening", "listening"),
    (
        line("listening", unit="sshd"),
        "matches",
        "a message with listening",
        "no such message among 1",
    ),
]


@pytest.mark.parametrize("item", TRUE, ids=str)
def test_what_is_so_passes(item: Expectation) -> None:
    assert set(statuses(item, REPORT).values()) == {PASSED}


@pytest.mark.parametrize(("item", "prop", "expected", "found"), FALSE, ids=str)
def test_what_is_not_so_fails(item: Expectation, prop: str, expected: str, found: str) -> None:
    check = failed(item, REPORT)
    assert (check.prop, check.expected, check.found) == (prop, expected, found)


@pytest.mark.parametrize("item", [*TRUE, *(row[0] for row in FALSE)], ids=str)
def test_a_machine_that_told_nothing_of_this_decides_nothing(item: Expectation) -> None:
    assert set(statuses(item, Report(state="running")).values()) == {NOT_DECIDED}


def test_the_output_of_a_failed_command_is_shown() -> None:
    assert failed(run("nginx -t"), REPORT).detail == "emerg: bind() failed\ntest failed"


def test_a_port_that_is_taken_shows_who_complained() -> None:
    assert failed(port(22), REPORT).detail == "bind: Address already in use"


def test_a_journal_that_was_cut_off_lacks_nothing() -> None:
    report = replace(REPORT, journal_cut=True)
    assert statuses(line("panic", exists=False), report) == {"matches": NOT_DECIDED}
    assert statuses(line("listen"), report) == {"matches": PASSED}


def test_a_bad_expression_is_not_decided() -> None:
    for item in (line("("), run("id core", matches="(")):
        assert checks_of(item, REPORT)[-1].reason.startswith("not a regular expression")


@pytest.mark.parametrize(
    ("cmdline", "split"),
    [
        ("a b=c", ["a", "b=c"]),
        ('a="b c" d', ["a=b c", "d"]),
        ('"a=b c"', ["a=b c"]),
        ('a="b c', ["a=b c "]),
        ("", []),
    ],
)
def test_kernel_arguments_are_split_as_the_kernel_does(cmdline: str, split: list[str]) -> None:
    assert arguments(cmdline) == split
