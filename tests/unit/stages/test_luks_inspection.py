# SPDX-License-Identifier: Apache-2.0
"""What is on the device of a volume, and why it is not overwritten. Files stand for devices.

What takes real devices, such as open volumes, is in tests/machine.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure, Refused
from ignition.base.log import Log
from ignition.base.origin import Origin
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config.model import Config, Luks
from ignition.engine.context import PhaseContext
from ignition.stages.common.journal import digest_of_config
from ignition.stages.luks import decisions, inspection, keys
from ignition.stages.luks.decisions import BEGUN, READY, REFUSE, Decision, Found
from ignition.system.devices import Block
from ignition.system.luks2 import Header
from ignition.system.probe import ProbeResult

UUID = "0f0e0d0c-1111-4222-8333-444455556666"
ORIGIN = Origin("test", "/storage/luks/0")
MIB = 1 << 20
EMPTY = Found(None, ProbeResult(), "", False, False)


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def context(tmp_path: Path, log: list[str], monkeypatch: pytest.MonkeyPatch) -> PhaseContext:
    monkeypatch.setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    settings = Settings()
    settings.run_dir = str(tmp_path / "run")
    settings.config_cache = str(tmp_path / "config.json")
    Path(settings.config_cache).write_text("{}")
    return PhaseContext(settings, Log(lambda level, text: log.append(text)), State(), {})


@pytest.fixture
def block(tmp_path: Path) -> Block:
    """A device of 32 MiB with nothing on it."""
    device, sysfs = tmp_path / "device", tmp_path / "sysfs"
    with device.open("wb") as file:
        file.truncate(32 * MIB)
    (sysfs / "holders").mkdir(parents=True)
    set_size(sysfs, 32 * MIB)
    return Block(str(device), str(sysfs), 0)


def set_size(sysfs: str | Path, size: int) -> None:
    Path(sysfs, "size").write_text(f"{size // 512}\n")


def wanted(**more: Any) -> Luks:
    return Luks({"name": "vault", "device": "/dev/vdb", **more})


def header(**more: Any) -> Header:
    return Header(**{"version": 2, "uuid": UUID, "label": "", "flags": (), "keyslots": ("0",),
                     "tokens": {}, **more})  # fmt: skip


def cryptsetup(*args: str, stdin: bytes = b"key") -> None:
    subprocess.run(["cryptsetup", "-q", *args], input=stdin, check=True)


def make_volume(block: Block, uuid: str = UUID) -> None:
    fast = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")
    cryptsetup("luksFormat", "--type", "luks2", "--uuid", uuid, *fast, block.node, "-")


def tear_first_header(block: Block) -> None:
    """As a power cut within luksFormat does: its checksum is wrong, and there is no second one yet."""
    with open(block.node, "r+b") as file:
        file.seek(4096)
        file.write(b"\0")
        file.seek(16384)
        file.write(bytes(16384))


class TestLook:
    def look(self, context: PhaseContext, block: Block) -> Found:
        return inspection.look(context.log, context, wanted(), block, ORIGIN)

    def test_nothing(self, context: PhaseContext, block: Block) -> None:
        assert self.look(context, block) == EMPTY

    def test_filesystem(self, context: PhaseContext, block: Block) -> None:
        subprocess.run(["mkfs.ext4", "-q", "-L", "old", block.node], check=True)
        there = self.look(context, block)
        assert (there.header, there.content.kind, there.content.label) == (None, "ext4", "old")
        assert (there.mark, there.is_open, there.is_held) == ("", False, False)

    def test_volume_of_somebody_else(self, context: PhaseContext, block: Block) -> None:
        make_volume(block)
        there = self.look(context, block)
        assert there.header is not None
        assert (there.header.uuid, there.mark) == (UUID, "")
        assert there.content == ProbeResult()

    def test_own_volume_without_a_token(self, context: PhaseContext, block: Block) -> None:
        make_volume(block, decisions.new_uuid(digest_of_config(context), wanted()))
        assert self.look(context, block).mark == BEGUN

    def test_own_volume_with_a_torn_header(self, context: PhaseContext, block: Block) -> None:
        make_volume(block, decisions.new_uuid(digest_of_config(context), wanted()))
        tear_first_header(block)
        there = self.look(context, block)
        assert (there.header, there.content.kind, there.mark) == (None, "crypto_LUKS", BEGUN)

    def test_torn_header_of_somebody_else(self, context: PhaseContext, block: Block) -> None:
        make_volume(block)
        tear_first_header(block)
        assert self.look(context, block).mark == ""

    def test_held_key(self, context: PhaseContext, block: Block) -> None:
        keys.hold(context.settings, "vault", keys.new_key(b"k", generated=True))
        assert self.look(context, block).is_held

    def test_device_that_cannot_be_read(self, context: PhaseContext, tmp_path: Path) -> None:
        with pytest.raises(Failure, match="gone cannot be read: No such file") as caught:
            self.look(context, Block(str(tmp_path / "gone"), str(tmp_path), 0))
        assert (caught.value.code, caught.value.origin) == ("IGN2004", ORIGIN)


@pytest.mark.parametrize("size", [0, 16 * MIB])
@pytest.mark.parametrize("options", [[], ["--cipher", "--pbkdf"], ["-c"]])
def test_a_device_without_room_for_data(size: int, options: list[str], block: Block) -> None:
    set_size(block.sysfs, size)
    with pytest.raises(Refused, match="volume vault does not fit on /dev/vdb") as caught:
        inspection._refuse_small(wanted(options=options), block, ORIGIN)
    assert (caught.value.code, caught.value.origin) == ("IGN2302", ORIGIN)


@pytest.mark.parametrize(
    "option", ["--luks2-keyslots-size=4M", "--offset=1", "-o", "-o1", "--align-payload=8"]
)
def test_options_that_make_the_header_smaller(option: str, block: Block) -> None:
    set_size(block.sysfs, 16 * MIB)
    inspection._refuse_small(wanted(options=["--cipher", option]), block, ORIGIN)


def test_one_sector_of_data_is_enough(block: Block) -> None:
    set_size(block.sysfs, 16 * MIB + 512)
    inspection._refuse_small(wanted(), block, ORIGIN)


class TestInUse:
    def refuse(self, context: PhaseContext, block: Block, mark: str) -> None:
        config = Config({"ignition": {"version": "3.7.0-experimental"}})
        there = Found(None, ProbeResult(), mark, False, False)
        inspection._refuse_in_use(context, config, wanted(), block, there, ORIGIN)

    @pytest.mark.parametrize("mark", ["", BEGUN])
    def test_free_device(self, context: PhaseContext, block: Block, mark: str) -> None:
        self.refuse(context, block, mark)

    def test_held_by_somebody_else(self, context: PhaseContext, block: Block) -> None:
        Path(block.sysfs, "holders/dm-99999").mkdir()
        with pytest.raises(Refused, match="overwrite /dev/vdb: dm-99999 is built on it") as caught:
            self.refuse(context, block, "")
        assert caught.value.code == "IGN2303"
        assert caught.value.origin == ORIGIN.at("device")

    def test_idle_device_on_an_own_volume(self, context: PhaseContext, block: Block) -> None:
        Path(block.sysfs, "holders/dm-99999").mkdir()
        self.refuse(context, block, BEGUN)


@pytest.mark.parametrize(
    ("there", "decision", "code", "hint"),
    [
        (EMPTY, Decision(REFUSE, "why"), "IGN2302", "set wipeVolume to true to replace it"),
        (
            Found(header(), ProbeResult(), "", False, False),
            Decision(REFUSE, "why"),
            "IGN2302",
            "set wipeVolume to true to replace it, or give its key in keyFile to keep it",
        ),
        (
            Found(header(), ProbeResult(), "", False, False),
            Decision(REFUSE, "why", half_made=True),
            "IGN2310",
            "set wipeVolume to true to replace it; nothing can be in it",
        ),
    ],
)
def test_refusal(
    there: Found, decision: Decision, code: str, hint: str, context: PhaseContext, log: list[str]
) -> None:
    refused = inspection._refusal(context.log, wanted(), there, decision, ORIGIN)
    assert (refused.code, refused.origin, refused.hint) == (code, ORIGIN, hint)
    assert "volume vault on /dev/vdb" in refused.text
    assert refused.text.endswith("cannot be reused: why")
    assert "volume wipe was not requested" in log[-1]


def test_no_key_is_asked_for_where_the_config_has_one(context: PhaseContext) -> None:
    volume = wanted(keyFile={"source": "data:,key"})
    there = Found(header(), ProbeResult(), "", False, False)
    refused = inspection._refusal(context.log, volume, there, Decision(REFUSE, "why"), ORIGIN)
    assert "keyFile" not in refused.hint


@pytest.mark.parametrize(
    ("there", "text"),
    [
        (EMPTY, "nothing"),
        (Found(None, ProbeResult("ext4"), "", False, False), "ext4"),
        (Found(header(), ProbeResult(), "", False, False), f"LUKS2 with UUID {UUID}"),
        (
            Found(header(label="old"), ProbeResult(), READY, False, False),
            f"LUKS2 labelled 'old' with UUID {UUID}, ready by an earlier run",
        ),
    ],
)
def test_description(there: Found, text: str) -> None:
    assert inspection._describe(there) == text
