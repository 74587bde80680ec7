# SPDX-License-Identifier: Apache-2.0
"""The cost of parsing a config is linear in its size."""

from __future__ import annotations

import tracemalloc

import pytest

from ignition.config import decode, scan, shapes
from ignition.config.check import check
from ignition.config.document import Document

TWO = '"disks":[{"device":"/a"},{"device":"/b"}],'
START = '{"ignition":{"version":"3.6.0"}'


def peak(data: bytes) -> int:
    """The peak memory use of a check, in bytes."""
    check(data, "warm")
    tracemalloc.start()
    try:
        check(data, "c")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def again(size: int) -> str:
    """A long list, then the same member repeated with a short list."""
    return '"files":[' + ",".join(["{}"] * size) + "]," + ",".join(['"files":[{}]'] * size)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        pytest.param(f'{START},"x":[{",".join(["[]"] * 100000)}]}}', 14, id="unknown lists"),
        pytest.param(f'{START},"x":{"[" * 9990}{"]" * 9990}}}', 40, id="deep"),
        pytest.param(f'{START},"x":"{chr(92) + "n"}{"y" * 400000}"}}', 8, id="a long string"),
        pytest.param(f'{START},"storage":{{{again(9000)}}}}}', 30, id="a list again and again"),
        pytest.param(f'{START},"storage":{{"files":[{",".join(["{}"] * 100000)}]}}}}', 45, id="findings"),
        pytest.param(f"{START}{chr(10) * 200000},1", 12, id="lines"),
    ],
)  # fmt: skip
def test_memory_use_is_a_small_multiple_of_the_text(text: str, most: int) -> None:
    assert peak(text.encode()) < most * len(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (TWO + '"disks":[{}]', ["/a"]),
        (TWO + '"disks":[{}],"disks":[{},{}]', ["/a", "/b"]),
        (TWO + '"disks":[{}],"disks":null,"disks":[{},{}]', [None, None]),
        (TWO + '"disks":[],"disks":[{},{}]', [None, None]),
        (TWO + '"disks":[{}],"disks":[null,{"device":"/c"},{}]', ["/a", "/c", None]),
    ],
)  # fmt: skip
def test_copies_of_a_list_share_slots_as_in_go(text: str, names: list[str | None]) -> None:
    tree = scan.scan(f'{{"storage":{{{text}}}}}'.encode())
    value = decode.decode(tree.root, shapes.for_version("3.6.0"))
    assert [disk.get("device") for disk in value["storage"]["disks"]] == names


def test_every_value_has_its_path() -> None:
    data = b'{"a":[1,{"b":[[],{"c":"d"},2]},{}],"e":{"f":null}}'
    text = Document(data, "c", scan.scan(data))
    paths = [text.path_of(node) for node in text.containers()]
    assert paths == [
        (),
        ("a",),
        ("a", 1),
        ("a", 1, "b"),
        ("a", 1, "b", 0),
        ("a", 1, "b", 1),
        ("a", 2),
        ("e",),
    ]
    assert [text.nearest(path).index for path in paths] == [n.index for n in text.containers()]
