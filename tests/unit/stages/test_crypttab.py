# SPDX-License-Identifier: Apache-2.0
"""The text of /etc/crypttab: lines are added once, and those of others stay."""

from __future__ import annotations

import pytest

from ignition.stages.luks import crypttab

UUID = "0b1c2d3e-0000-4000-8000-000000000001"
OLD = "0b1c2d3e-0000-4000-8000-000000000002"
DATA = crypttab.line("data", UUID, "/etc/luks/data", needs_network=False)
LOGS = crypttab.line("logs", UUID, "none", needs_network=True)
STALE = crypttab.line("data", OLD, "none", needs_network=True)
FOREIGN = b"data /dev/vdz1 none luks"


def test_lines() -> None:
    assert f"data UUID={UUID} /etc/luks/data luks,x-initrd.attach".encode() == DATA
    assert f"logs UUID={UUID} none luks,_netdev,x-initrd.attach".encode() == LOGS


@pytest.mark.parametrize(
    ("present", "lines", "wanted"),
    [
        (b"", [DATA, LOGS], DATA + b"\n" + LOGS + b"\n"),
        (b"a b\n", [DATA], b"a b\n" + DATA + b"\n"),
        (b"a b", [DATA], b"a b\n" + DATA + b"\n"),
        (b"a b\n\n", [DATA], b"a b\n\n" + DATA + b"\n"),
        (DATA + b"\n" + LOGS + b"\n", [DATA, LOGS], DATA + b"\n" + LOGS + b"\n"),
        (DATA, [DATA], DATA + b"\n"),
        (b"a b\n" + STALE + b"\nc d\n", [DATA], b"a b\n" + DATA + b"\nc d\n"),
        (STALE + b"\n" + STALE + b"\n", [DATA], DATA + b"\n"),
        (LOGS + b"\n", [DATA], LOGS + b"\n" + DATA + b"\n"),
        (FOREIGN + b"\n", [DATA], FOREIGN + b"\n" + DATA + b"\n"),
        (b"#" + DATA + b"\n", [DATA], b"#" + DATA + b"\n" + DATA + b"\n"),
        (DATA + b" # mine\n", [DATA], DATA + b" # mine\n" + DATA + b"\n"),
        # The form of an own line, but for the key or for the options.
        *(
            (each + b"\n", [DATA], each + b"\n" + DATA + b"\n")
            for each in (
                DATA.replace(b"/etc/luks/data", b"/etc/luks/other"),
                DATA.replace(b"luks,x-initrd.attach", b"luks,discard"),
                STALE.replace(b"luks,_netdev,x-initrd.attach", b"luks,discard"),
            )
        ),
        (b"\xff \x00\n", [DATA], b"\xff \x00\n" + DATA + b"\n"),
    ],
)
def test_merge(present: bytes, lines: list[bytes], wanted: bytes) -> None:
    assert crypttab.merge(present, lines) == wanted
    assert crypttab.merge(wanted, lines) == wanted


def test_foreign_names() -> None:
    present = b"\n".join([FOREIGN, STALE, LOGS, b"# logs", b"other x", b""])
    assert crypttab.foreign_names(present, [DATA, LOGS]) == ["data"]
