# SPDX-License-Identifier: Apache-2.0
"""Parsing the archive that a guest sends."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from ignition.testbed.report import UNIT_FAILED, UNIT_STARTED, UNIT_STARTING, Report, read


def entry(unit: str, what: str, seconds: float) -> dict[str, object]:
    return {
        "UNIT": f"ignition-{unit}.service",
        "MESSAGE_ID": what,
        "__MONOTONIC_TIMESTAMP": str(int(seconds * 1e6)),
    }


def pack(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, body in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """The archive of a guest with one file and one link."""
    facts = (
        b"f 644 0 1000 3 12 65024 1795499354.6600000000\0\0/etc/hello\0"
        b"l 777 0 0 5 13 65024 1795499354.1000000000\0hello\0/etc/link\0"
    )
    parts = {
        "state": b"running\n",
        "facts": facts,
        "bodies.tar": pack({"etc/hello": b"hi\n"}),
        "mounts.json": json.dumps(
            {"filesystems": [{"target": "/", "children": [{"target": "/proc"}]}]}
        ).encode(),
        "blocks.json": b"",
        "blkid": b"DEVNAME=/dev/vda\nUUID=1\n\nDEVNAME=/dev/vdb\nTYPE=swap\n",
        "failed": b"bad.service loaded failed failed A bad one\n",
        "script.status": b"3\n",
        "script.output": b"said\n",
        "journal.json": b'{"MESSAGE":[104,255],"SYSLOG_IDENTIFIER":"ignition"}\n',
        "complete": b"",
    }
    archive = tmp_path / "report.tar"
    archive.write_bytes(pack({f"./{name}": body for name, body in parts.items()}))
    return archive


def test_facts_are_parsed(sent: Path) -> None:
    report = read(sent)
    assert report.files is not None
    assert report.mounts is not None
    assert report.blkid is not None
    link = report.files["/etc/link"]
    assert (link.kind, link.target) == ("link", "hello")
    hello = report.files["/etc/hello"]
    assert (hello.mode, hello.gid, hello.text) == (0o644, 1000, "hi\n")
    assert [mount["target"] for mount in report.mounts] == ["/", "/proc"]
    assert [device.get("TYPE") for device in report.blkid] == [None, "swap"]
    assert report.failed_units == ["bad.service"]
    assert report.script is not None
    assert (report.script.status, report.script.output) == (3, "said\n")


def test_a_binary_journal_line_is_decoded(sent: Path) -> None:
    assert read(sent).log() == "h�"


@pytest.mark.parametrize("size", [0, 100, 4000], ids=["nothing", "half-a-header", "half"])
def test_a_truncated_report_is_empty(sent: Path, size: int) -> None:
    sent.write_bytes(sent.read_bytes()[:size])
    assert read(sent) == Report()


def test_phases_have_times_and_outcomes() -> None:
    journal = [
        entry("disks", UNIT_STARTING, 10.0),
        entry("network", UNIT_STARTING, 11.0),
        entry("disks", UNIT_STARTED, 12.5),
        entry("mount", UNIT_STARTING, 13.0),
        entry("mount", UNIT_FAILED, 13.25),
        entry("files", UNIT_STARTING, 14.0),
    ]
    phases = Report(journal=journal).phases()
    assert [(name, phase.seconds, phase.outcome) for name, phase in phases.items()] == [
        ("disks", 2.5, "success"),
        ("mount", 0.25, "failed"),
        ("files", 0.0, "running"),
    ]
