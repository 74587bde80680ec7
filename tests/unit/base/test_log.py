# SPDX-License-Identifier: Apache-2.0
"""The format of log lines, which other tools parse: level names, prefixes, operations, quoting."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ignition.base import journal
from ignition.base.log import CRITICAL, DEBUG, INFO, Log, _Syslog, quote, write_stdout


class Lines:
    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []

    def __call__(self, level: int, text: str) -> None:
        self.lines.append((level, text))


def test_prefixes_are_outermost_first() -> None:
    sink = Lines()
    Log(sink).child("files").child("createFiles").info("x")
    assert sink.lines == [(INFO, "files: createFiles: x")]


def test_operation_logs_start_and_end_with_a_hex_counter() -> None:
    sink = Lines()
    log = Log(sink)
    for _ in range(9):
        with log.operation("y"):
            pass
    sink.lines.clear()
    with log.child("disks").operation("making x") as inner:
        inner.debug("within")
    assert sink.lines == [
        (INFO, "disks: op(a): [started]  making x"),
        (DEBUG, "disks: op(a): within"),
        (INFO, "disks: op(a): [finished] making x"),
    ]


def test_failed_operation_logs_critical_and_re_raises() -> None:
    sink = Lines()
    with pytest.raises(OSError), Log(sink).operation("making x"):
        raise OSError("no room")
    assert sink.lines[-1] == (CRITICAL, "op(1): [failed]   making x: no room")


def test_standard_output_pads_the_level_to_nine_characters(
    capfd: pytest.CaptureFixture[str],
) -> None:
    write_stdout(INFO, "Stage: disks")
    write_stdout(CRITICAL, "bad \udcff")
    assert capfd.readouterr().out == "INFO     : Stage: disks\nCRITICAL : bad \\xff\n"


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("a\n\t\x01", '"a\\n\\t\\x01"'),
        ("é", '"é"'),
        ("\udcff", '"\\xff"'),
        ("\u200b", '"\\u200b"'),
    ],
)
def test_quote_matches_go(text: str, quoted: str) -> None:
    assert quote(text) == quoted


def test_syslog_lines_have_facility_kern_identifier_and_pid(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        _Syslog(path).write(INFO, "one\ntwo")
        line = server.recv(1000).decode()
    assert line.startswith("<6>") and f"ignition[{os.getpid()}]" in line
    assert line.split(": ", 1)[1] == "one\\ntwo"  # text cannot start another line


def test_journal_field_values_cannot_inject_fields(tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        assert journal.send("hello", journal.FETCHED_CONFIG, {"A": "b\nPRIORITY=0"}, socket=path)
        data = server.recv(1000)
    assert b"MESSAGE=hello\n" in data
    assert b"SYSLOG_IDENTIFIER=ignition\n" in data
    assert b"A=b\\nPRIORITY=0\n" in data


def test_send_returns_false_without_a_journal(tmp_path: Path) -> None:
    assert not journal.send("x", journal.FETCHED_CONFIG, {}, socket=str(tmp_path / "none"))
