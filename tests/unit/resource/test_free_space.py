# SPDX-License-Identifier: Apache-2.0
"""Bodies that do not fit. tests/machine/fetching/test_full_filesystem.py fills real filesystems."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.config.model import Resource
from ignition.resource import free_space
from ignition.resource.fetch import fetch_to
from ignition.resource.sizes import format_progress, format_size
from ignition.testbed.httpserver import Answer, HttpServer

Bench = Any
ORIGIN = Origin("config.ign", "/storage/files/0/contents")


def packed(size: int) -> str:
    data = zlib.compress(bytes(size), wbits=31)
    return "data:," + "".join(f"%{byte:02x}" for byte in data)


def test_announced_body_that_does_not_fit_fails_before_the_first_byte(
    bench: Bench, tmp_path: Path
) -> None:
    with (
        HttpServer({"/a": Answer(body=b"x", length="9" * 18)}) as server,
        open(tmp_path / "a", "wb") as file,
        pytest.raises(Failure) as caught,
    ):
        resource = Resource({"source": server.url("/a?secret")})
        fetch_to(bench.context(), resource, file.fileno(), ORIGIN)
    assert (caught.value.code, caught.value.origin) == ("IGN4024", ORIGIN)
    assert f"{format_size(int('9' * 18))} are announced, " in str(caught.value)
    assert "secret" not in str(caught.value)
    assert (tmp_path / "a").stat().st_size == 0


def test_device_has_no_free_space_check(bench: Bench) -> None:
    with HttpServer({"/a": b"x" * 100}) as server, open("/dev/null", "wb") as null:
        fetch_to(bench.context(), Resource({"source": server.url("/a")}), null.fileno(), ORIGIN)


def test_decompressed_body_leaves_the_reserve(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(free_space, "RESERVE_DIVISOR", 1)
    monkeypatch.setattr(free_space, "RESERVE", 1 << 60)
    resource = Resource({"source": packed(3 << 20), "compression": "gzip"})
    with open(tmp_path / "a", "wb") as file, pytest.raises(Failure) as caught:
        fetch_to(bench.context(), resource, file.fileno(), ORIGIN)
    assert (caught.value.code, caught.value.origin) == ("IGN4023", ORIGIN)
    assert (tmp_path / "a").stat().st_size < 2 << 20
    small = Resource({"source": packed(1 << 19), "compression": "gzip"})
    with open(tmp_path / "b", "wb") as file:
        fetch_to(bench.context(), small, file.fileno(), ORIGIN)


def test_reserve_applies_to_decompressed_bodies_only(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(free_space, "RESERVE_DIVISOR", 1)
    monkeypatch.setattr(free_space, "RESERVE", 1 << 60)
    with HttpServer({"/a": os.urandom(3 << 20)}) as server, open(tmp_path / "a", "wb") as file:
        fetch_to(bench.context(), Resource({"source": server.url("/a")}), file.fileno(), ORIGIN)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        *((0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (1536, "1.5 KiB")),
        *((64 << 20, "64 MiB"), (1 << 31, "2 GiB"), (5 << 40, "5120 GiB")),
    ],
)
def test_format_size(size: int, words: str) -> None:
    assert format_size(size) == words


@pytest.mark.parametrize(
    ("size", "whole", "words"),
    [
        (25 << 19, 2 << 30, "12.5 of 2048 MiB"),
        (1 << 19, 3 << 20, "0.5 of 3 MiB"),
        (30, 1000, "30 of 1000 bytes"),
        (3 << 30, None, "3072 MiB"),
        (12 << 10, None, "12 KiB"),
    ],
)
def test_format_progress(size: int, whole: int | None, words: str) -> None:
    assert format_progress(size, whole) == words
