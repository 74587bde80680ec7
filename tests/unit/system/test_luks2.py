# SPDX-License-Identifier: Apache-2.0
"""Reading LUKS headers that cryptsetup has written into files."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from ignition.system import luks2

UUID = "0f0e0d0c-1111-4222-8333-444455556666"
COPY = 0x4000
_FAST = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")


def cryptsetup(*args: str | Path, stdin: bytes = b"key") -> None:
    subprocess.run(["cryptsetup", *args], check=True, capture_output=True, input=stdin)


def new_volume(folder: Path, kind: str = "luks2", *options: str) -> Path:
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(20 << 20)
    command = ("luksFormat", "--batch-mode", "--type", kind, *_FAST, "--uuid", UUID)
    cryptsetup(*command, *options, "--key-file", "-", image)
    return image


def overwrite(image: Path, offset: int, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def test_header_of_luks2(tmp_path: Path) -> None:
    image = new_volume(tmp_path, "luks2", "--label", "größe")
    assert luks2.read(str(image)) == luks2.Header(2, UUID, "größe", (), ("0",), {}, 3)
    cryptsetup(
        "token",
        "import",
        "--json-file",
        "-",
        image,
        stdin=b'{"type":"mine","keyslots":[],"a":{"b":1}}',
    )
    found = luks2.read(str(image))
    assert found is not None
    assert found.tokens == {"0": {"type": "mine", "keyslots": [], "a": {"b": 1}}}
    assert found.updates == 4


def test_large_header(tmp_path: Path) -> None:
    image = new_volume(tmp_path, "luks2", "--luks2-metadata-size", "1m")
    found = luks2.read(str(image))
    assert found is not None
    overwrite(image, 0, bytes(4096))
    assert luks2.read(str(image)) == found


@pytest.mark.parametrize("offset", [0, 20, 4096 + 5])
def test_damaged_first_copy(tmp_path: Path, offset: int) -> None:
    image = new_volume(tmp_path)
    intact = luks2.read(str(image))
    overwrite(image, offset, b"damage")
    assert luks2.read(str(image)) == intact
    overwrite(image, COPY + offset, b"damage")
    assert luks2.read(str(image)) is None


def test_first_copy_is_older_than_the_second(tmp_path: Path) -> None:
    """The power was lost between the two writes."""
    image = new_volume(tmp_path)
    old = image.read_bytes()[:COPY]
    cryptsetup("luksUUID", "--batch-mode", "--uuid", UUID[:-1] + "7", image)
    overwrite(image, 0, old)
    found = luks2.read(str(image))
    assert found is not None
    assert found.uuid == UUID[:-1] + "7"


def test_header_of_luks1(tmp_path: Path) -> None:
    assert luks2.read(str(new_volume(tmp_path, "luks1"))) == luks2.Header(1, UUID, "", (), (), {})


@pytest.mark.parametrize("size", [0, 5, 600, 4096, COPY - 1])
def test_truncated_header(tmp_path: Path, size: int) -> None:
    image = new_volume(tmp_path)
    with image.open("r+b") as file:
        file.truncate(size)
    assert luks2.read(str(image)) is None


def test_flags(tmp_path: Path) -> None:
    """cryptsetup stores flags only in an open volume, so this changes the JSON text and the checksum."""
    image = new_volume(tmp_path)
    first = bytearray(image.read_bytes()[:COPY])
    text = first[4096:].partition(b"\0")[0]
    changed = text.replace(b'"config":{', b'"config":{"flags":["allow-discards","x"],')
    first[4096:] = changed.ljust(COPY - 4096, b"\0")
    first[448:512] = bytes(64)
    first[448:480] = hashlib.sha256(first).digest()
    overwrite(image, 0, bytes(first))
    found = luks2.read(str(image))
    assert found is not None
    assert found.flags == ("allow-discards", "x")
