# SPDX-License-Identifier: Apache-2.0
"""What a guest sent, over its port or over the console, whole or damaged."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import random
import tarfile
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed import archive
from ignition.testbed.checks import judge, unchanged
from ignition.testbed.expectations.model import (
    Array,
    Command,
    Directory,
    Disk,
    Expectations,
    File,
    Filesystem,
    Group,
    JournalLine,
    KernelArgument,
    Link,
    Luks,
    Mount,
    Partition,
    Port,
    Unit,
    User,
)
from ignition.testbed.pictures import disk_views, step_times
from ignition.testbed.report import Report, parse, read
from tests.support.judging import HERE


def pack(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, body in parts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    return out.getvalue()


SENT = pack({"./state": b"running\n", "./cmdline": b"quiet\n", "complete": b""})


def framed(body: bytes, form: str = "gzip") -> str:
    """What the reporter writes to the console, between other lines."""
    packed = gzip.compress(body) if form == "gzip" else body
    text = base64.b64encode(packed).decode()
    lines = [f"@ignition-test = {text[at : at + 96]}" for at in range(0, len(text), 96)]
    lines.insert(1, "[   12.3] a line of the kernel")
    end = f"@ignition-test end {hashlib.sha256(packed).hexdigest()}"
    return "\n".join(["Welcome", f"@ignition-test begin {form}", *lines, end, "Power down", ""])


@pytest.mark.parametrize("form", ["gzip", "tar"])
def test_the_console_carries_a_report(tmp_path: Path, form: str) -> None:
    console = tmp_path / "console.log"
    console.write_text(framed(SENT, form))
    report = read(tmp_path / "report.tar", console)
    assert (report.state, report.cmdline) == ("running", "quiet")


def test_a_report_of_the_port_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "report.tar").write_bytes(SENT)
    (tmp_path / "console.log").write_text(framed(pack({"state": b"other", "complete": b""})))
    assert read(tmp_path / "report.tar", tmp_path / "console.log").state == "running"


def test_the_report_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    sent = tmp_path / "report.tar"
    sent.write_bytes(SENT)
    sent.chmod(0o644)
    read(sent)
    assert sent.stat().st_mode & 0o777 == 0o600


def test_a_console_without_its_report() -> None:
    assert (
        archive.without_report(framed(SENT))
        == "Welcome\n[   12.3] a line of the kernel\nPower down\n"
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("= ", "= x", 1),
        lambda text: text.replace("= H4sI", "= I4sI"),
        lambda text: text[: text.index("@ignition-test end")],
        lambda text: text.replace("@ignition-test begin gzip", ""),
        lambda text: text.replace(" end ", " end 0"),
        lambda text: text.replace("begin gzip", "begin tar"),
    ],
)
def test_a_damaged_console_has_no_report(damage: object) -> None:
    assert callable(damage)
    assert "complete" not in archive.members(archive.unframe(damage(framed(SENT))))


def test_a_huge_report_is_refused(tmp_path: Path) -> None:
    sent = tmp_path / "report.tar"
    sent.touch()
    os.truncate(sent, archive.LIMIT + 1)
    with pytest.raises(Failure, match="1024 MiB, more than 1024") as failure:
        read(sent)
    assert failure.value.code == "IGN8150"


def test_a_small_text_that_unpacks_to_a_huge_report_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive, "LIMIT", 1 << 20)
    with pytest.raises(Failure) as failure:
        archive.unframe(framed(bytes(2 << 20)))
    assert failure.value.code == "IGN8150"


def test_a_report_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "report.tar").mkdir()
    with pytest.raises(Failure) as failure:
        read(tmp_path / "report.tar")
    assert failure.value.code == "IGN8151"


EACH_KIND = (
    File(place=HERE, path="/x", user="core", content=b"x"),
    Link(place=HERE, path="/x", target="/y"),
    Directory(place=HERE, path="/x", group="core"),
    User(place=HERE, name="a", groups=("a",), keys=("ssh-rsa A",), password_hash="x"),
    Group(place=HERE, name="a", members=("a",)),
    Unit(place=HERE, name="a", enabled=True, active=True, failed=False, within=1),
    Mount(place=HERE, path="/x", device="LABEL=x", type="ext4", options=("ro",)),
    Disk(place=HERE, device="/dev/x", partitions=(Partition(place=HERE, number=1),)),
    Filesystem(place=HERE, device="/dev/x", format="ext4"),
    Array(place=HERE, name="x", spares=0),
    Luks(place=HERE, name="x", pins=("tang",)),
    KernelArgument(place=HERE, argument="x"),
    Port(place=HERE, port=1),
    Command(place=HERE, run="x", output="x"),
    JournalLine(place=HERE, matches="x", unit="x"),
)
GARBAGE = (
    b"",
    b"\0\xff\xfe" * 40,
    b"{" * 9000,
    b"[" * 100000,
    b"a\tb\0c\0" * 30,
    b"f 9z 0 0 0 0 0 0\0\0/x\0",
    b"::::::\n:x:99999999999999999999999:1:::\n",
    b"null",
    b"[1, [2], {}]",
    b'{"filesystems": 3, "tokens": [1], "blockdevices": [{"children": {}}]}',
    b"\n".join(b"E: DEVPATH=\nN: x\nE: SUBSYSTEM=block\n" for _ in range(3)),
    b"1" * 5000,
    "\u0661\u00b2".encode(),
)
NAMES = (
    *("state", "in-initramfs", "journal.json", "facts", "bodies.tar", "sums", "missing", "virtual"),
    *("result.json", "failure", "engine.json", "mounts.json", "mountinfo", "blocks.json", "blkid"),
    *("udev", "sysfs", "probe", "mdadm", "luks", "luks.1.json", "luks.1.clevis", "failed"),
    *("ask/units", "unit.1", "enabled.1", "reached", "passwd", "group", "shadow", "cmdline"),
    *("net.tcp", "net.udp6", "ask/commands/0001/run", "ask/commands/0001/status"),
    *("script.status", "script.output", "virtual.1"),
)


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_a_fact_that_is_garbage_does_not_stop_the_others(body: bytes) -> None:
    report = parse({**dict.fromkeys(NAMES, body), "state": b"running"})
    assert report.state == "running"
    report.log()
    disk_views(report)
    step_times(report)
    unchanged(report, report, HERE)
    judge(Expectations("x", items=EACH_KIND), report)


def test_random_damage_never_raises(tmp_path: Path) -> None:
    whole = pack({f"./{name}": GARBAGE[1] for name in NAMES} | {"complete": b""})
    chance = random.Random(11)
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 40)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        sent = tmp_path / "report.tar"
        sent.write_bytes(damaged[: chance.randrange(len(damaged))])
        assert isinstance(read(sent), Report)
