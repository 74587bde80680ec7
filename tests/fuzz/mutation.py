# SPDX-License-Identifier: Apache-2.0
"""Mutates inputs: changes bytes, corrupts trees, moves parts between inputs, repeats parts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from tests.support.random_json import Literal, Object, objects, spoiled, text

CORPUS = Path(__file__).parent / "corpus"
TOKENS = (
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"null", b"true", b"-0", b"1e400", b"0.5"),
    *(b"\\u0000", b"\\ud83d", b"\\udc00", b"\\u2028", b"\xff", b"\xe2\x82", b"\x00", b"\n", b"\r"),
    *(b"data:,", b"data:;base64,", b"%41", b"%zz", b"http://", b"s3://", b"?versionId=", b"arn:"),
    *(
        b"[Unit]\\n",
        b"[Install]\\n",
        b"\\\\\\n",
        b"=",
        b"#",
        b"/../",
        b"//",
        b"/",
        b".service",
        b"@",
    ),
    *(b"3.0.0", b"3.7.0-experimental", b"9223372036854775808", b"-9223372036854775808", b"4096"),
    *(
        b'"path":',
        b'"Path":',
        b'"\xc5\xbftorage":',
        b'"lin\xe2\x84\xaas":',
        b'"files":[{}],',
        b"{},",
    ),
)


def corpus() -> dict[str, bytes]:
    """Name -> seed: at least one per feature of the specs, and per kind of bad input."""
    return {path.stem: path.read_bytes() for path in sorted(CORPUS.glob("*.ign"))}


def mutated(rng: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Applies one or several of the mutations below."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        data = rng.choice(_WAYS)(rng, data, seeds)
    return data


def amplified(rng: Random, data: bytes, size: int) -> bytes:
    """An input of at least `size` bytes in which one part is repeated: reveals code that is not linear."""
    tree = _read(data)
    found = [each for each in _items(tree) if each[2]]
    if not found or rng.random() < 0.2:
        start = rng.randrange(len(data) or 1)
        part = data[start : start + rng.choice([1, 2, 3, 5, 20, 100])] or b" "
        return data[:start] + part * (size // len(part) + 1) + data[start + len(part) :]
    holder, index, item = rng.choice(found)
    if isinstance(holder, Object):
        holder.pairs[index] = (holder.pairs[index][0], _many(item, size))
    else:
        holder[index] = _many(item, size)
    return text(tree).encode("utf-8", "surrogatepass")


def _items(value: Any) -> list[tuple[Any, int, Any]]:
    """All lists, objects and strings of a tree, with their parents and indices."""
    if isinstance(value, Object):
        below = [item for _, item in value.pairs]
    else:
        below = value if isinstance(value, list) else []
    found = [(value, index, item) for index, item in enumerate(below)]
    return [
        *(each for each in found if isinstance(each[2], Object | list | str)),
        *(each for item in below for each in _items(item)),
    ]


def _many(value: Any, size: int) -> Any:
    """Repeats the parts of a list, an object or a string up to `size` bytes; repeated keys get numbers."""
    if isinstance(value, Object):
        count = size // (len(text(value)) + 4 * len(value.pairs)) + 1
        pairs = [(f"{key}{n or ''}", item) for n in range(count) for key, item in value.pairs]
        return Object(pairs)
    if isinstance(value, list):
        return value * (size // len(text(value)) + 1)
    kind = type(value)
    return kind(value * (size // max(1, len(value)) + 1))


def _bytes(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    spot = rng.randrange(len(data) + 1)
    length = rng.choice([0, 0, 1, 2, 8, 40])
    middle = rng.choice([b"", bytes([rng.randrange(256)]), rng.choice(TOKENS), data[spot:][:9] * 2])
    return data[:spot] + middle + data[spot + length :]


def _spliced(rng: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = rng.choice(seeds)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _tree(rng: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    tree = _read(data)
    if not isinstance(tree, Object):
        return _bytes(rng, data, seeds)
    return text(spoiled(rng, tree), rng).encode("utf-8", "surrogatepass")


def _grafted(rng: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Copies the value of a member to a member of another config."""
    tree, other = _read(data), _read(rng.choice(seeds))
    theirs = [pair for each in objects(other) for pair in each.pairs]
    ours = [each for each in objects(tree) if each.pairs]
    if not ours or not theirs:
        return _spliced(rng, data, seeds)
    pairs = rng.choice(ours).pairs
    spot = rng.randrange(len(pairs))
    key, value = rng.choice(theirs)
    pairs[spot] = (rng.choice([key, pairs[spot][0]]), value)
    return text(tree, rng).encode("utf-8", "surrogatepass")


_WAYS: list[Callable[[Random, bytes, Sequence[bytes]], bytes]] = [_bytes, _spliced, _tree, _grafted]


def _read(data: bytes) -> Any:
    """JSON as a tree that keeps repeated keys and the spelling of numbers; None if it is not JSON."""
    try:
        return json.loads(
            data, object_pairs_hook=Object, parse_int=Literal, parse_float=Literal, strict=False
        )
    except (ValueError, RecursionError):
        return None
