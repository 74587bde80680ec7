# SPDX-License-Identifier: Apache-2.0
"""Common to all schemes: lookup, offline runs, decompression, verification, announced waits."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ignition.base import digest, gunzip
from ignition.base.errors import Failure, NeedNetwork
from ignition.base.origin import Origin
from ignition.config import dataurl
from ignition.config.model import Resource
from ignition.resource.fetch import fetch_bytes, fetch_to, needs_network
from ignition.resource.watch import Watch

Bench = Any
ORIGIN = Origin("config.ign", "/storage/files/0/contents")
PACKED = zlib.compress(b"hello", wbits=31)


def test_data_url(bench: Bench) -> None:
    assert fetch_bytes(bench.context(offline=True), "data:text/plain;base64,aGVsbG8=") == b"hello"
    assert fetch_bytes(bench.context(offline=True), "data:,a%20b") == b"a b"


def test_empty_source_has_no_contents(bench: Bench) -> None:
    assert fetch_bytes(bench.context(offline=True), "") == b""
    wrong = "sha256-" + "0" * 64
    offline = bench.context(offline=True)
    assert fetch_bytes(offline, "", compression="gzip", verification=wrong) == b""


@pytest.mark.parametrize("url", ["data:x,y", "data:;base64,a"])
def test_bad_data_url(bench: Bench, url: str) -> None:
    with pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), url, origin=ORIGIN)
    assert (caught.value.code, caught.value.origin) == ("IGN4016", ORIGIN)
    assert caught.value.hint == dataurl.HINT


@pytest.mark.parametrize("url", ["ftp://host/a", "file:///a", "oem:///a"])
def test_unsupported_scheme(bench: Bench, url: str) -> None:
    with pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), url, origin=ORIGIN)
    assert caught.value.code == "IGN4001"
    assert str(caught.value).startswith("unsupported source scheme")


def test_offline_run_requires_the_network(bench: Bench) -> None:
    with pytest.raises(NeedNetwork) as caught:
        fetch_bytes(bench.context(offline=True), "http://host/a?secret", origin=ORIGIN)
    assert str(caught.value) == "resource requires networking: http://host/a"
    assert caught.value.origin == ORIGIN


@pytest.mark.parametrize("url", ["http://[", "ht\ttp://a", ":a"])
def test_not_a_url(bench: Bench, url: str) -> None:
    with pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), url)
    assert caught.value.code == "IGN4012"


@pytest.mark.parametrize(
    ("url", "expected"),
    [("", False), ("data:,a", False), ("http://a", True), ("HTTPS://a", True), ("tftp://a", True)],
)
def test_needs_network(url: str, expected: bool) -> None:
    assert needs_network(url) is expected


def data_url(data: bytes) -> str:
    return "data:," + "".join(f"%{byte:02x}" for byte in data)


@pytest.mark.parametrize(
    ("packed", "expected"),
    [
        pytest.param(PACKED, b"hello", id="one member"),
        pytest.param(PACKED + PACKED, b"hellohello", id="two members"),
        pytest.param(zlib.compress(b"", wbits=31), b"", id="nothing packed"),
        pytest.param(zlib.compress(bytes(5_000_000), wbits=31), bytes(5_000_000), id="large"),
        pytest.param(
            zlib.compress(bytes(gunzip.CHUNK_SIZE), wbits=31) + PACKED,
            bytes(gunzip.CHUNK_SIZE) + b"hello",
            id="piece",
        ),
    ],
)
def test_gzip(bench: Bench, packed: bytes, expected: bytes) -> None:
    assert fetch_bytes(bench.context(), data_url(packed), compression="gzip") == expected


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="not packed"),
        pytest.param(PACKED[:-1], id="cut"),
        pytest.param(PACKED + b"\0", id="zero after it"),
        pytest.param(PACKED + b"junk", id="junk after it"),
        pytest.param(PACKED[:-8] + bytes(8), id="wrong checksum"),
        pytest.param(zlib.compress(b"hello"), id="zlib, not gzip"),
    ],
)
def test_bad_gzip(bench: Bench, packed: bytes) -> None:
    with pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), data_url(packed), compression="gzip", origin=ORIGIN)
    assert (caught.value.code, caught.value.origin) == ("IGN4009", ORIGIN)


def test_unknown_compression(bench: Bench) -> None:
    with pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), "data:,a", compression="xz")
    assert str(caught.value) == "invalid compression method"


SUM256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.mark.parametrize("kind", ["sha256", "sha512"])
@pytest.mark.parametrize("upper", [True, False])
def test_right_hash_in_either_case(bench: Bench, kind: str, upper: bool) -> None:
    total = SUM256 if kind == "sha256" else digest.sha512(b"hello")
    verification = f"{kind}-{total.upper() if upper else total}"
    assert fetch_bytes(bench.context(), "data:,hello", verification=verification) == b"hello"


@pytest.mark.parametrize(
    ("verification", "code"),
    [
        (f"sha256-{SUM256[:-1]}5", "IGN4011"),
        (f"sha256-{SUM256[:-1]}g", "IGN4021"),
        (f"sha256-{SUM256[:-1]}", "IGN4021"),
        (f"md5-{SUM256}", "IGN4021"),
        (SUM256, "IGN4021"),
        ("", "IGN4021"),
    ],
)
def test_wrong_hash(bench: Bench, verification: str, code: str) -> None:
    with pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), "data:,hello", verification=verification)
    assert caught.value.code == code


def test_file_is_written_from_its_current_offset(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before ")
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    os.lseek(descriptor, 0, os.SEEK_END)
    resource = Resource({"source": "data:,hello", "verification": {"hash": f"sha256-{SUM256}"}})
    fetch_to(bench.context(), resource, descriptor, ORIGIN)
    os.close(descriptor)
    assert path.read_bytes() == b"before hello"


def test_full_disk_names_the_resource(bench: Bench) -> None:
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(Failure) as caught:
        fetch_to(bench.context(), Resource({"source": "data:,hello"}), full.fileno(), ORIGIN)
    assert caught.value.code == "IGN4024"
    assert caught.value.origin == ORIGIN
    assert "no space left" in str(caught.value).lower()


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)


def test_wait_is_announced_with_the_last_reason() -> None:
    said: list[str] = []
    with Watch(said.append, "http://host/a", interval=0.1) as watch:
        wait_for(lambda: bool(said))
        watch.reason = "connection refused"
        count = len(said)
        wait_for(lambda: len(said) > count + 1)
    count = len(said)
    time.sleep(0.3)
    assert len(said) == count, "nothing is said after the wait"
    assert said[0] == "waiting 0 s for http://host/a: no answer yet"
    assert said[-1].endswith("s for http://host/a: connection refused")


def test_download_is_announced_with_its_progress() -> None:
    said: list[str] = []
    with Watch(said.append, "http://host/a", interval=0.1) as watch:
        watch.received, watch.total = 25 << 19, 2 << 30
        wait_for(lambda: bool(said))
        watch.received, watch.reason = 0, "connection refused"
        wait_for(lambda: len(said) > 1)
    assert said[0] == "waiting 0 s for http://host/a: 12.5 of 2048 MiB received"
    assert said[-1].endswith(": connection refused")


def test_interrupt_is_called_once() -> None:
    ended: list[str] = []
    with Watch(lambda _: None, "x", limit=0.05) as watch:
        watch.on_expiry(lambda: ended.append("first"))
        wait_for(lambda: bool(ended))
        assert watch.expired
        watch.on_expiry(lambda: ended.append("second"))
    assert ended == ["first", "second"]


def test_inline_contents_load_no_network_library() -> None:
    program = (
        "import sys\n"
        "from ignition.base.log import Log\n"
        "from ignition.base.settings import Settings\n"
        "from ignition.resource.context import FetchContext\n"
        "from ignition.resource.fetch import fetch_bytes\n"
        "ctx = FetchContext(Settings(), Log(print))\n"
        f"assert fetch_bytes(ctx, 'data:,hello', verification='sha256-{SUM256}') == b'hello'\n"
        "heavy = {'requests', 'ssl', 'socket', 'hashlib', 're', 'enum', 'typing', 'json'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"
