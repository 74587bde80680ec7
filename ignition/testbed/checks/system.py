# SPDX-License-Identifier: Apache-2.0
"""Kernel arguments, listening ports, commands and the journal."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from ignition.testbed.checks.search import CannotSearch, search
from ignition.testbed.checks.subject import Subject, short, tail
from ignition.testbed.expectations.model import Command, JournalLine, KernelArgument, Port
from ignition.testbed.facts import CommandResult, Socket
from ignition.testbed.report import Report, message
from ignition.testbed.results import Check


def kernel_argument(item: KernelArgument, report: Report) -> Iterator[Check]:
    subject = Subject(f"kernel argument {item.argument}", item.place)
    words = {True: "present", False: "absent"}
    if report.cmdline is None:
        yield subject.undecided(
            "exists", "the guest did not report /proc/cmdline", words[item.exists]
        )
        return
    found = arguments(report.cmdline)
    there = all(argument in found for argument in arguments(item.argument))
    key = item.argument.partition("=")[0]
    others = [argument for argument in found if argument.partition("=")[0] == key]
    shown = words[there] if there or not others else f"{', '.join(others)}"
    yield subject.check("exists", there == item.exists, words[item.exists], shown)


def arguments(cmdline: str) -> list[str]:
    """Splits as the kernel does: at spaces that are not between double quotes, which are dropped."""
    found, word, quoted = [], "", False
    for char in cmdline + " ":
        if char == '"':
            quoted = not quoted
        elif char.isspace() and not quoted:
            if word:
                found.append(word)
            word = ""
        else:
            word += char
    return [*found, word] if word else found


def port(item: Port, report: Report) -> Iterator[Check]:
    place = f" on {item.address}" if item.address else ""
    subject = Subject(f"port {item.port}/{item.protocol}{place}", item.place)
    words = {True: "listening", False: "not listening"}
    if report.sockets is None:
        yield subject.undecided(
            "listening", "the guest did not report its sockets", words[item.listening]
        )
        return
    sockets = [one for one in report.sockets if one.protocol == item.protocol]
    here = [one for one in sockets if one.port == item.port]
    there = any(_reaches(one, item.address) for one in here)
    if here:
        shown = "listening on " + ", ".join(sorted(_shown(one) for one in here))
    else:
        ports = ", ".join(str(number) for number in sorted({one.port for one in sockets}))
        shown = f"nothing; {item.protocol} ports are {ports}" if ports else "nothing"
    detail = _in_use(item.port, report) if item.listening and not there else ""
    yield subject.check("listening", there == item.listening, words[item.listening], shown, detail)


def _reaches(socket: Socket, address: str | None) -> bool:
    """Whether a peer reaches the socket at the address. `::` accepts IPv4 too, unless told not to."""
    if address is None:
        return True
    wanted, found = _address(address), _address(socket.address)
    if wanted is None or found is None:
        return address == socket.address
    if wanted == found:
        return True
    if wanted.is_unspecified:
        return found.is_unspecified and (found.version == 6 or wanted.version == 4)
    return found.is_unspecified and (found.version == 6 or wanted.version == 4)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _shown(socket: Socket) -> str:
    return f"[{socket.address}]" if ":" in socket.address else socket.address


def _in_use(number: int, report: Report) -> str:
    """The lines of the journal in which a daemon says that it cannot have the port."""
    lines = [message(entry) for entry in report.journal or ()]
    return tail(
        "\n".join(
            line
            for line in lines
            if "address already in use" in line.lower() or ("bind" in line and f":{number}" in line)
        )
    )


def command(item: Command, report: Report) -> Iterator[Check]:
    subject = Subject(f"command {short(item.run)}", item.place)
    result = (report.commands or {}).get(item.run)
    if result is None:
        yield subject.undecided("status", "the guest did not run it", str(item.status))
        return
    yield _status(subject, item, result)
    if item.output is not None:
        same = item.output in (result.output, result.output.removesuffix("\n"))
        yield subject.check(
            "output", same, item.output, result.output or "nothing", tail(result.output)
        )
    if item.matches is not None:
        try:
            there = search(item.matches, [result.output]) is not None
        except CannotSearch as reason:
            yield subject.undecided("matches", str(reason), item.matches)
            return
        shown = "a match" if there else "no match"
        yield subject.check("matches", there, item.matches, shown, tail(result.output))


def _status(subject: Subject, item: Command, result: CommandResult) -> Check:
    shown = f"not ended after {item.timeout:g} s" if result.timed_out else str(result.status)
    same = item.status == result.status
    return subject.check("status", same, str(item.status), shown, tail(result.output))


def journal_line(item: JournalLine, report: Report) -> Iterator[Check]:
    place = f" of {item.unit}" if item.unit else ""
    subject = Subject(f"journal{place}", item.place)
    expected = f"{'a message' if item.exists else 'no message'} with {item.matches}"
    if report.journal is None:
        yield subject.undecided("matches", "the guest did not report its journal", expected)
        return
    texts = _messages(item.unit, report)
    try:
        at = search(item.matches, texts)
    except CannotSearch as reason:
        yield subject.undecided("matches", str(reason), expected)
        return
    if at is None and report.journal_cut:
        yield subject.undecided("matches", "the end of the journal is missing", expected)
        return
    shown = f"no such message among {len(texts)}" if at is None else texts[at]
    yield subject.check("matches", (at is not None) == item.exists, expected, shown)


def _messages(unit: str | None, report: Report) -> Sequence[str]:
    entries = report.journal or []
    if unit is None:
        return [message(entry) for entry in entries]
    names = {unit, f"{unit}.service"}
    keys = ("SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "UNIT")
    return [
        message(entry) for entry in entries if any(str(entry.get(key)) in names for key in keys)
    ]
