# SPDX-License-Identifier: Apache-2.0
"""Incremental gzip decompression."""

from __future__ import annotations

import random
import zlib

import pytest

from ignition.base.gunzip import CHUNK_SIZE, Gunzip


def packed(data: bytes) -> bytes:
    return zlib.compress(data, wbits=31)


def unpacked(*portions: bytes) -> bytes:
    decoder = Gunzip()
    found = b"".join(piece for portion in portions for piece in decoder.feed(portion))
    assert decoder.complete
    return found


@pytest.mark.parametrize("seed", range(20))
def test_any_members_in_chunks_of_any_size(seed: int) -> None:
    dice = random.Random(seed)
    bodies = [
        dice.randbytes(dice.choice((0, 1, 500, 1000, 1024, 5000, 70_000)))
        for _ in range(dice.randint(1, 30))
    ]
    file = b"".join(map(packed, bodies))
    cuts = sorted(dice.randrange(len(file)) for _ in range(dice.randint(0, 40)))
    portions = [file[start:end] for start, end in zip([0, *cuts], [*cuts, len(file)], strict=True)]
    assert unpacked(*portions) == b"".join(bodies)


@pytest.mark.parametrize("size", [CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE])
def test_no_chunk_exceeds_the_chunk_size(size: int) -> None:
    pieces = list(Gunzip().feed(packed(bytes(size))))
    assert max(map(len, pieces)) <= CHUNK_SIZE
    assert b"".join(pieces) == bytes(size)


def test_100000_members_take_linear_time() -> None:
    assert unpacked(packed(b"x") * 100_000) == b"x" * 100_000


@pytest.mark.parametrize("file", [b"", packed(b"x")[:-1], packed(b"x") + packed(b"y")[:5]])
def test_truncated_file_is_not_complete(file: bytes) -> None:
    decoder = Gunzip()
    assert b"".join(decoder.feed(file)) in (b"", b"x")
    assert not decoder.complete


@pytest.mark.parametrize("file", [b"hello", packed(b"x") + b"junk", zlib.compress(b"x")])
def test_invalid_gzip_is_an_error(file: bytes) -> None:
    with pytest.raises(zlib.error):
        list(Gunzip().feed(file))
