# SPDX-License-Identifier: Apache-2.0
"""The console of a guest, without what is meant for a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ignition.testbed.console import Console
from ignition.testbed.engine_failure import phase_of


@pytest.mark.parametrize(
    ("raw", "line", "phase"),
    [
        (
            b"\x1b[!p\x1b]104\x07\x1b[?7hBooting initrd of dracut.\r\n",
            "Booting initrd of dracut.",
            "initramfs",
        ),
        (
            b"Welcome to \x1b[1mDebian GNU/Linux 12 (bookworm) dracut-059-4 (Initramfs)\x1b[0m!\n",
            "Welcome to Debian GNU/Linux 12 (bookworm) dracut-059-4 (Initramfs)!",
            "initramfs",
        ),
        (b"\x1b]0;a title\x1b\\\x1b[38:5:245mgrey\x1b(B\n", "grey", ""),
        (b"\x1b]no end\n", "\x1b]no end", ""),
    ],
)
def test_control_sequences_are_removed(raw: bytes, line: str, phase: str, tmp_path: Path) -> None:
    lines: list[str] = []
    console = Console(io.BytesIO(raw), tmp_path / "log", lines.append)
    console.join()
    assert lines == [line]
    assert (tmp_path / "log").read_text() == f"{line}\n"
    assert phase_of(line) == phase
