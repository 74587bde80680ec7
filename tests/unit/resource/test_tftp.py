# SPDX-License-Identifier: Apache-2.0
"""tftp against a loopback server with faults, and against tftpd-hpa."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ignition.base import digest
from ignition.base.errors import Failure, NeedNetwork, NotFound, Rejected
from ignition.base.origin import Origin
from ignition.config.model import Resource
from ignition.resource.context import Transport
from ignition.resource.fetch import fetch_bytes, fetch_to
from ignition.resource.schemes import tftp, tftp_transfer
from ignition.testbed.cache import build_folder
from ignition.testbed.programs import SBIN
from tests.support import network
from tests.support.tftp_server import BLOCK, Fault, TftpServer

Bench = Any
ORIGIN = Origin("config.ign", "/storage/files/0/contents")
TFTPD = shutil.which("in.tftpd", path=f"{SBIN}:{build_folder()}/peer/usr/sbin")
THREE_BLOCKS = bytes(range(256)) * 5
needs_network = pytest.mark.skipif(bool(network.missing()), reason=network.missing())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short timeouts."""
    monkeypatch.setattr(tftp_transfer, "RECEIVE_TIMEOUT", 0.3)
    monkeypatch.setattr(tftp_transfer, "DUPLICATE_WINDOW", 0.05)


def failure_of(call: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 200 * BLOCK + 7])
def test_files_of_all_sizes(bench: Bench, size: int) -> None:
    data = bytes(index % 251 for index in range(size))
    with TftpServer({"/pxe/a.ign": data}) as server:
        assert fetch_bytes(bench.context(), server.url("/pxe/a.ign")) == data
        assert server.requests == ["/pxe/a.ign"], "the name has its leading slash"
        assert server.modes == {"octet"}
        assert server.sent == size // BLOCK + 1


def test_block_numbers_wrap_to_zero(bench: Bench, tmp_path: Path) -> None:
    data = bytes(BLOCK) * 65537 + b"the end"
    with TftpServer({"/a": data}) as server, open(tmp_path / "a", "w+b") as file:
        verification = {"hash": f"sha512-{digest.sha512(data)}"}
        resource = Resource({"source": server.url("/a"), "verification": verification})
        fetch_to(bench.context(), resource, file.fileno(), ORIGIN)
    assert (tmp_path / "a").stat().st_size == len(data)


def test_log_hides_possible_secrets(bench: Bench) -> None:
    with TftpServer({"/a": b"x"}) as server:
        fetch_bytes(bench.context(), server.url("/a?hush"))
        assert bench.lines == [f"GET {server.url('/a')}: attempt #1", "GET result: OK"]
        assert server.requests == ["/a"]


def test_percent_escapes_in_the_path_are_decoded(bench: Bench) -> None:
    with TftpServer({"/a b\udcff/ü": b"x"}) as server:
        assert fetch_bytes(bench.context(), server.url("/a%20b%ff/%C3%BC")) == b"x"


def test_compression_and_hash(bench: Bench) -> None:
    with TftpServer({"/a": zlib.compress(THREE_BLOCKS, wbits=31)}) as server:
        good = "sha256-" + "0" * 64
        error = failure_of(
            lambda: fetch_bytes(
                bench.context(), server.url("/a"), compression="gzip", verification=good
            )
        )
        assert error.code == "IGN4011"
        assert fetch_bytes(bench.context(), server.url("/a"), compression="gzip") == THREE_BLOCKS


def test_ipv6_address_without_a_port(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with TftpServer({"/a": b"x"}, host="::1") as server:
        monkeypatch.setattr(tftp, "PORT", server.port)
        assert fetch_bytes(bench.context(), "tftp://[::1]/a") == b"x"
        assert fetch_bytes(bench.context(), f"tftp://[::1]:{server.port}/a") == b"x"


@needs_network
def test_link_local_address(bench: Bench) -> None:
    with network.own_network():
        network.add_link("v0", "v1")
        network.add_address("fe80::aa", "v0")
        with TftpServer({"/a": THREE_BLOCKS}, host="::", port=69):
            assert fetch_bytes(bench.context(), "tftp://[fe80::aa%25v0]/a") == THREE_BLOCKS


@needs_network
def test_default_port(bench: Bench) -> None:
    with network.own_network(), TftpServer({"/a": b"x"}, port=69):
        assert fetch_bytes(bench.context(), "tftp://127.0.0.1/a") == b"x"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(silent=True), id="the request is lost"),
        pytest.param(Fault(deaf=1), id="the first acknowledgement is lost"),
        pytest.param(Fault(twice=True), id="each block comes two times"),
        pytest.param(Fault(sorcerer=True, twice=True), id="sorcerer's apprentice"),
        pytest.param(Fault(stray=True), id="others send too"),
    ],
)
def test_lost_duplicated_and_late_packets(bench: Bench, fault: Fault) -> None:
    data = THREE_BLOCKS * 10
    with TftpServer({"/a": data}, faults=[fault], patience=0.1) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == data
    assert bench.text.count("attempt") == 1, "the protocol itself copes"
    # One block of the apprentice's may have been on its way when the next was sent.
    assert server.sent <= 2 * (len(data) // BLOCK + 1) + 2


def test_late_answer_is_accepted(bench: Bench) -> None:
    """The request has gone out again by then, from the same port, and two transfers begin."""
    with TftpServer({"/a": THREE_BLOCKS}, faults=[Fault(late=0.4)] * 2) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == THREE_BLOCKS
        assert len(server.requests) == 2


def test_stray_transfers_are_ended(bench: Bench) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        transfer = tftp_transfer.Transfer(
            socket.AF_INET,
            listener.getsockname(),
            b"/a",
            sends=1,
            time_left=lambda: 5.0,
            sleep=lambda _: None,
        )
        with transfer, _two_ports() as (one, other):
            blocks = transfer.blocks()
            transfer._send()
            _, client = listener.recvfrom(600)
            one.sendto(b"\0\3\0\1" + bytes(BLOCK), client)
            assert next(blocks) == bytes(BLOCK)
            other.sendto(b"\0\3\0\2wrong", client)
            one.sendto(b"\0\3\0\2right", client)
            assert next(blocks) == b"right"
            assert other.recv(600)[:4] == b"\0\5\0\5", "unknown transfer"


@contextmanager
def _two_ports() -> Iterator[tuple[socket.socket, socket.socket]]:
    kind = (socket.AF_INET, socket.SOCK_DGRAM)
    with socket.socket(*kind) as one, socket.socket(*kind) as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
            each.settimeout(5)
        yield one, other


def test_missing_file(bench: Bench) -> None:
    with TftpServer({}) as server:
        error = failure_of(
            lambda: fetch_bytes(bench.context(), server.url("/a?hush"), origin=ORIGIN)
        )
        assert str(error) == f"resource not found: {server.url('/a')}"
    assert isinstance(error, NotFound)
    assert (error.code, error.origin) == ("IGN4221", ORIGIN)
    assert "code: 1, message: File not found" in error.hint
    assert bench.sleeps == []


def test_error_packet_is_final_and_printable(bench: Bench) -> None:
    faults = [Fault(refuse=2, message="no\nway"), Fault(refuse_at=2, message="disk on fire")]
    with TftpServer({"/a": THREE_BLOCKS}, faults=faults) as server:
        error = failure_of(lambda: fetch_bytes(bench.context(), server.url("/a")))
        assert isinstance(error, Rejected) and error.code == "IGN4222"
        assert error.hint == "the TFTP server answers code: 2, message: no?way"
        error = failure_of(lambda: fetch_bytes(bench.context(), server.url("/a")))
        assert "code: 0, message: disk on fire" in error.hint
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "garbage", [b"", b"\0", b"\0\6blksize\0001428\0", b"\0\3\0\1" + bytes(600)]
)
def test_invalid_packet_is_retried(bench: Bench, garbage: bytes) -> None:
    faults = [Fault(garbage=garbage)]
    with TftpServer({"/a": b"x"}, faults=faults, patience=0.1) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == b"x"
    assert "GET error: the answer is not TFTP" in bench.lines


def test_interrupted_transfer_starts_over(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tftp_transfer, "MAX_SENDS", 2)
    data = THREE_BLOCKS * 60
    faults = [Fault(cut=140), Fault(cut=1)]
    with TftpServer({"/a": data}, faults=faults) as server, open(tmp_path / "a", "w+b") as file:
        fetch_to(bench.context(), Resource({"source": server.url("/a")}), file.fileno(), ORIGIN)
    assert (tmp_path / "a").read_bytes() == data
    assert bench.lines.count("GET error: no answer in time") == 2


def test_silent_server_is_retried_for_two_minutes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tftp_transfer, "RECEIVE_TIMEOUT", 0.01)
    with TftpServer({}, faults=[Fault(silent=True)] * 10_000) as server:
        error = failure_of(lambda: fetch_bytes(bench.context(), server.url("/a"), origin=ORIGIN))
        tries = bench.text.count("attempt")
        time.sleep(0.2)
        assert len(server.requests) == 6 * tries
    assert (error.code, error.origin) == ("IGN4223", ORIGIN)
    assert str(error).endswith("/a: no answer in time")
    assert f"after {tries} attempts" in error.hint
    assert bench.now >= 120
    pauses = [pause for pause in bench.sleeps if pause in (0.2, 0.4, 0.8, 1.6, 3.2)]
    assert pauses[:5] == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert all(pause < 1 or pause in (1.6, 3.2, 5.0) for pause in bench.sleeps)


@pytest.mark.parametrize(("argument", "total", "limit"), [(3, 0, 3), (0, 9, 9), (9, 4, 4)])
def test_time_limits_of_kernel_argument_and_config(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, argument: int, total: int, limit: int
) -> None:
    monkeypatch.setattr(tftp_transfer, "RECEIVE_TIMEOUT", 0.01)
    bench.settings.wait_fetch = argument
    with TftpServer({}, faults=[Fault(silent=True)] * 10_000) as server:
        ctx = bench.context(Transport(total=total))
        error = failure_of(lambda: fetch_bytes(ctx, server.url("/a")))
    assert error.code == "IGN4006"
    assert error.hint == f"gave up after {limit} s; last error: no answer in time"
    # A running attempt is finished, unless the kernel argument ends it.
    assert limit <= bench.now < limit + (5 if total else 1)


def test_only_the_kernel_argument_ends_a_slow_transfer(bench: Bench) -> None:
    """Each block comes in time, all of them do not. Ignition knows no limit here."""
    faults = [Fault(deaf=5)] * 9
    with TftpServer({"/a": THREE_BLOCKS}, faults=faults, patience=0.25) as server:
        ctx = bench.context(Transport(total=0.4))
        ctx.clock = time.monotonic
        started = time.monotonic()
        assert fetch_bytes(ctx, server.url("/a")) == THREE_BLOCKS
        assert time.monotonic() - started > 0.4
        bench.settings.wait_fetch = 0.4
        started = time.monotonic()
        assert failure_of(lambda: fetch_bytes(ctx, server.url("/a"))).code == "IGN4006"
        assert time.monotonic() - started > 0.3


def test_closed_port_is_noticed_at_once(bench: Bench) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    started = time.monotonic()
    error = failure_of(lambda: fetch_bytes(bench.context(), f"tftp://127.0.0.1:{port}/a"))
    assert str(error).endswith("/a: connection refused")
    assert time.monotonic() - started < 20, "six sends into the void take 30 s"


TWO_ADDRESSES = {"boot.example": ["::1", "127.0.0.1"]}


@needs_network
def test_all_addresses_of_a_name_are_tried(bench: Bench) -> None:
    with (
        network.own_network(),
        network.own_names(TWO_ADDRESSES),
        TftpServer({"/a": b"x"}, port=69),
    ):
        assert fetch_bytes(bench.context(), "tftp://boot.example/a") == b"x"
    assert "GET error: ::1: connection refused" in bench.lines
    assert bench.text.count("attempt") == 1


@needs_network
def test_silent_address_does_not_block_the_other(bench: Bench) -> None:
    with (
        network.own_network(),
        network.own_names(TWO_ADDRESSES),
        TftpServer({}, faults=[Fault(silent=True)] * 9, host="::1", port=69) as deaf,
        TftpServer({"/a": b"x"}, port=69),
    ):
        assert fetch_bytes(bench.context(), "tftp://boot.example/a") == b"x"
        assert len(deaf.requests) == 2


@needs_network
def test_late_name_and_network(bench: Bench) -> None:
    with network.own_network():
        ctx = bench.context()
        sleep = ctx.sleep

        def arrive(seconds: float) -> None:
            sleep(seconds)
            if len(bench.sleeps) == 3:
                network.add_address("192.0.2.1")

        ctx.sleep = arrive
        with TftpServer({"/a": b"x"}, host="0.0.0.0", port=69) as server:
            assert fetch_bytes(ctx, "tftp://192.0.2.1/a") == b"x"
            assert server.requests == ["/a"]
    assert bench.lines.count("GET error: network is unreachable") == 3


@needs_network
def test_unresolved_name_is_retried_for_two_minutes(bench: Bench) -> None:
    url = "tftp://no.such.host.invalid/a?hush"
    with network.own_network():
        error = failure_of(lambda: fetch_bytes(bench.context(), url))
    assert error.code == "IGN4223"
    assert bench.now >= 120
    assert "hush" not in bench.text + str(error)


@pytest.mark.parametrize(
    "url",
    [
        "tftp:///a",
        "tftp:a",
        "tftp://:69/a",
        "tftp://host:0/a",
        "tftp://host:65536/a",
        "tftp://127.0.0.1/a%00b",
        f"tftp://{'a' * 70}.example/a",
    ],
)
def test_url_that_cannot_be_requested(bench: Bench, url: str) -> None:
    assert failure_of(lambda: fetch_bytes(bench.context(), url)).code == "IGN4220"


def test_needs_the_network(bench: Bench) -> None:
    with pytest.raises(NeedNetwork):
        fetch_bytes(bench.context(offline=True), "tftp://127.0.0.1/a")


@pytest.mark.skipif(TFTPD is None, reason="no in.tftpd: make build/peer/.complete unpacks it")
@needs_network
def test_against_tftpd_hpa(bench: Bench, tmp_path: Path) -> None:
    data = THREE_BLOCKS * 100
    (tmp_path / "a.ign").write_bytes(data)
    address = "192.0.2.1"  # it takes no address of loopback where there is no other
    with network.own_network(address):
        words = [TFTPD, "-L", "-4", "-a", f"{address}:69", "-u", "root", "-s", str(tmp_path)]
        with subprocess.Popen([str(word) for word in words]) as server:
            try:
                ctx = bench.context(Transport(total=20))
                ctx.clock, ctx.sleep = time.monotonic, time.sleep  # it takes a moment to start
                assert fetch_bytes(ctx, f"tftp://{address}/a.ign") == data
                error = failure_of(lambda: fetch_bytes(ctx, f"tftp://{address}/b"))
                assert error.code == "IGN4221"
            finally:
                server.kill()
