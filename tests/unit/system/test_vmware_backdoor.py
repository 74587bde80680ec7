# SPDX-License-Identifier: Apache-2.0
"""Machine code and port I/O, executed for real; a tracer plays the hypervisor."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ignition.system.vmware import backdoor, machine_code
from ignition.system.vmware.guestinfo import SIGNATURE
from ignition.system.vmware.machine_code import Processor, Registers
from tests.support.vmware import Hypervisor, Refusal


def _why_not() -> str:
    if os.uname().machine != "x86_64":
        return "not x86-64"
    real = Processor().hypervisor() == SIGNATURE
    return "running on a real VMware hypervisor" if real else ""


pytestmark = pytest.mark.skipif(bool(_why_not()), reason=_why_not())

GET = b"info-get guestinfo.ignition.config.data"
KEY = "ignition.config.data"


@pytest.mark.skipif(not shutil.which("objdump"), reason="no objdump (binutils)")
@pytest.mark.parametrize("instruction", machine_code.INSTRUCTIONS)
def test_bytes_match_the_listing(instruction: str, tmp_path: Path) -> None:
    listing = machine_code.listing(instruction)
    code = tmp_path / "code"
    code.write_bytes(bytes.fromhex("".join(each for each, _ in listing)))
    done = subprocess.run(
        ["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", code],
        check=True,
        capture_output=True,
        text=True,
    )
    lines = [line.split("\t")[1:] for line in done.stdout.splitlines() if line.count("\t") == 2]
    found = [(each.strip(), re.sub(r" +", " ", text).strip()) for each, text in lines]
    assert found == list(listing)


def test_cpuid_matches_proc_cpuinfo() -> None:
    facts = Path("/proc/cpuinfo").read_text()
    processor = Processor()
    name = processor.execute("cpuid", Registers(rax=0))
    vendor = b"".join(part.to_bytes(4, "little") for part in (name.rbx, name.rdx, name.rcx))
    assert f": {vendor.decode()}\n" in facts
    assert bool(processor.hypervisor()) == (" hypervisor" in facts)


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "slow"])
@pytest.mark.parametrize("cookies", [True, False], ids=["cookie", "plain"])
@pytest.mark.parametrize("interruptions", [0, 3])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 1021])
def test_read_value(fast: bool, cookies: bool, interruptions: int, size: int) -> None:
    value = bytes(range(256)) * 4
    host = Hypervisor({KEY: value[:size]}, fast=fast, cookies=cookies, interruptions=interruptions)
    assert host.run(lambda: backdoor.call(GET)) == b"1 " + value[:size]
    assert set(host.requests) == {GET}
    assert (host.open, host.complaints) == ({}, []), "the channel is closed again"
    assert ("fast send" in host.accesses, "send" in host.accesses) == (fast, not fast)


def test_read_large_value() -> None:
    value = os.urandom(3_000_000)
    assert Hypervisor({KEY: value}).run(lambda: backdoor.call(GET)) == b"1 " + value


def test_order_of_the_accesses() -> None:
    host = Hypervisor({KEY: b"{}"})
    host.run(lambda: backdoor.call(GET))
    assert host.accesses == [
        *("version", "open", "send size", "fast send"),
        *("receive size", "fast receive", "received", "close"),
    ]


def test_no_value() -> None:
    assert Hypervisor({}).run(lambda: backdoor.call(GET)) == b"0 No value found"


def test_write_value() -> None:
    host = Hypervisor({})
    assert host.run(lambda: backdoor.call(b"info-set guestinfo.a b c")) == b"1 "
    assert host.variables == {"a": b"b c"}


def test_endless_interruptions_fail() -> None:
    host = Hypervisor({KEY: b"{}"}, interruptions=10_000)
    with pytest.raises(Refusal, match="TransportError: sending was interrupted too often"):
        host.run(lambda: backdoor.call(GET))
    assert host.open == {}


def test_closed_port_only_kills_the_child() -> None:
    with pytest.raises(Refusal, match="TransportError"):
        Hypervisor({}, closed=True).run(lambda: backdoor.call(GET))
