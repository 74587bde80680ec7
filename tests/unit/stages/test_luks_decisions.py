# SPDX-License-Identifier: Apache-2.0
"""Whether a volume is kept, resumed, formatted or refused, given the config and what is on its device."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.config.model import Luks
from ignition.stages.luks import decisions
from ignition.stages.luks.decisions import (
    BEGUN,
    FORMAT,
    KEEP,
    READY,
    REFUSE,
    RESUME,
    Decision,
    Found,
    Stored,
)
from ignition.stages.luks.keys import Key
from ignition.system.luks2 import Header
from ignition.system.probe import ProbeResult

UUID = "0f0e0d0c-1111-4222-8333-444455556666"
KEY_FILE = {"keyFile": {"source": "data:,key"}}
TANG = {"clevis": {"tang": [{"url": "http://tang", "thumbprint": "x"}]}}
NOTHING = ProbeResult()


def wanted(**more: Any) -> Luks:
    return Luks({"name": "vault", "device": "/dev/vdb", **more})


def header(**more: Any) -> Header:
    fields = {
        "version": 2,
        "uuid": UUID,
        "label": "old",
        "flags": (),
        "keyslots": ("0",),
        "tokens": {},
        "updates": 9,
    }
    return Header(**{**fields, **more})


def found(
    there: Header | None, mark: str = "", *, is_open: bool = False, is_held: bool = False
) -> Found:
    return Found(there, NOTHING, mark, is_open, is_held)


@pytest.mark.parametrize(
    "more, there, act",
    [
        ({}, found(None), FORMAT),
        ({}, Found(None, ProbeResult(table="gpt"), "", False, False), FORMAT),
        ({}, Found(None, ProbeResult("ext4"), "", False, False), REFUSE),
        ({"wipeVolume": True}, Found(None, ProbeResult("ext4"), "", False, False), FORMAT),
        ({"wipeVolume": True}, found(header()), FORMAT),
        ({"wipeVolume": True}, found(header(), READY), FORMAT),
        # Volumes of an unknown origin.
        (KEY_FILE, found(header()), KEEP),
        (KEY_FILE, found(header(version=1)), REFUSE),
        ({}, found(header()), REFUSE),
        ({"keyFile": {"source": ""}}, found(header()), REFUSE),
        ({**KEY_FILE, **TANG}, found(header()), REFUSE),
        ({**KEY_FILE, "label": "old"}, found(header()), KEEP),
        ({**KEY_FILE, "label": "new"}, found(header()), REFUSE),
        ({**KEY_FILE, "label": ""}, found(header()), KEEP),
        ({**KEY_FILE, "uuid": UUID.upper()}, found(header()), KEEP),
        ({**KEY_FILE, "uuid": UUID[:-1] + "7"}, found(header()), REFUSE),
        ({**KEY_FILE, "uuid": ""}, found(header()), KEEP),
        ({**KEY_FILE, "discard": True}, found(header()), REFUSE),
        ({**KEY_FILE, "discard": True}, found(header(flags=("allow-discards",))), KEEP),
        ({**KEY_FILE, "discard": False}, found(header(flags=("allow-discards",))), REFUSE),
        # Volumes that a run with this config has begun.
        ({}, found(header(), BEGUN), RESUME),
        ({}, found(header(), BEGUN, is_held=True), KEEP),
        ({"cex": {"enabled": True}}, found(header(), BEGUN, is_held=True), RESUME),
        (KEY_FILE, found(header(), BEGUN, is_held=True), RESUME),
        (TANG, found(header(), BEGUN, is_open=True), RESUME),
        # Volumes that such a run has completed.
        (KEY_FILE, found(header(), READY), KEEP),
        (TANG, found(header(), READY), KEEP),
        ({}, found(header(), READY), REFUSE),
        ({}, found(header(), READY, is_open=True), KEEP),
        ({}, found(header(), READY, is_held=True), KEEP),
    ],
)
def test_decision(more: dict[str, Any], there: Found, act: str) -> None:
    decision = decisions.reuse(wanted(**more), there)
    assert decision.act == act
    assert bool(decision.why) == (act == REFUSE)
    assert not decision.half_made


def test_key_that_the_real_root_has() -> None:
    key = Key(-1, generated=True)
    there = found(header(), READY)
    for each in (there, found(header(), READY, is_open=True)):
        assert decisions.reuse(wanted(), each, Stored(key)) == Decision(KEEP, key=key)
    refused = decisions.reuse(wanted(), there, Stored(None, "the root has none"))
    assert refused.act == REFUSE
    assert refused.why.endswith("its key cannot be had: the root has none")
    is_open = found(header(), READY, is_open=True)
    assert decisions.reuse(wanted(), is_open, Stored(None, "none")).act == KEEP


@pytest.mark.parametrize(
    "more, there, needs",
    [
        ({}, found(header(), READY), True),
        ({}, found(header(), READY, is_open=True), True),
        ({}, found(header(), READY, is_held=True), False),
        ({}, found(header(), BEGUN), False),
        ({}, found(header()), False),
        (KEY_FILE, found(header(), READY), False),
        (TANG, found(header(), READY), False),
        ({"cex": {"enabled": True}}, found(header(), READY), False),
        ({"wipeVolume": True}, found(header(), READY), False),
    ],
)
def test_when_the_key_of_the_real_root_is_needed(
    more: dict[str, Any], there: Found, needs: bool
) -> None:
    assert decisions.needs_stored_key(wanted(**more), there) == needs


DIGEST = "sha512-" + "a" * 128


def token(state: str, digest: str = DIGEST, name: str = "vault") -> dict[str, Any]:
    return decisions.new_token(name, digest, state)


@pytest.mark.parametrize(
    "tokens, mark",
    [
        ([], ""),
        ([token(BEGUN)], BEGUN),
        ([token(READY)], READY),
        ([token(BEGUN), token(READY)], READY),
        ([token(READY, "sha512-other")], ""),
        ([token(BEGUN, name="other")], ""),
        ([{**token(READY), "type": "clevis"}], ""),
    ],
)
def test_mark_by_token(tokens: list[dict[str, Any]], mark: str) -> None:
    there = header(tokens=dict(enumerate(tokens)), updates=3)
    assert decisions.mark(there, DIGEST, wanted()) == mark
    assert decisions.mark(there, "", wanted()) == ""


@pytest.mark.parametrize(
    "options, kept, uuid",
    [
        ([], [], ""),
        (["--cipher", "x"], ["--cipher", "x"], ""),
        (["--uuid", UUID, "--sector-size=512"], ["--sector-size=512"], UUID),
        (["-s", "512", f"--uuid={UUID}"], ["-s", "512"], UUID),
        ([f"--uuid={UUID}", f"--uuid={UUID[:-1]}7"], [], f"{UUID[:-1]}7"),
        # cryptsetup reports these.
        (["--uuid", "x"], ["--uuid", "x"], ""),
        (["--uuid"], ["--uuid"], ""),
        ([f"--uuid={UUID}", "--uuid"], [f"--uuid={UUID}", "--uuid"], ""),
    ],
)
def test_uuid_in_the_options(options: list[str], kept: list[str], uuid: str) -> None:
    assert decisions.split_uuid(options) == (kept, uuid)
    assert decisions.final_uuid(wanted(options=options)) == uuid
    other = "11111111-2222-4333-8444-555555555555"
    assert decisions.final_uuid(wanted(options=options, uuid=other)) == (uuid or other)


def test_mark_by_uuid_right_after_the_format() -> None:
    uuid = decisions.new_uuid(DIGEST, wanted())
    assert decisions.is_uuid(uuid)
    assert decisions.mark(header(uuid=uuid, updates=3), DIGEST, wanted()) == BEGUN
    assert decisions.mark(header(uuid=uuid.upper(), updates=3), DIGEST, wanted()) == BEGUN
    # Without our token, a volume that has been used since is not ours to wipe.
    assert decisions.mark(header(uuid=uuid, updates=6), DIGEST, wanted()) == ""
    other = {"0": {"type": "clevis"}}
    assert decisions.mark(header(uuid=uuid, updates=3, tokens=other), DIGEST, wanted()) == ""
    assert decisions.mark(header(uuid=uuid, updates=3), "sha512-other", wanted()) == ""
    assert decisions.mark(header(uuid=uuid, updates=3), DIGEST, wanted(name="other")) == ""
    assert decisions.mark(header(uuid="nonsense", updates=3), DIGEST, wanted()) == ""


def test_unfinished_volume_of_another_config() -> None:
    begun = header(tokens={"0": token(BEGUN, "sha512-other")})
    assert decisions.reuse(wanted(), found(begun)).half_made
    ready = header(tokens={"0": token(READY, "sha512-other")})
    assert not decisions.reuse(wanted(), found(ready)).half_made


@pytest.mark.parametrize(
    "more, flags, keeps",
    [
        ({}, (), True),
        ({}, ("allow-discards",), False),
        ({"discard": True}, ("allow-discards",), True),
        ({"openOptions": ["--allow-discards"]}, ("allow-discards",), True),
        ({"openOptions": ["--perf-same_cpu_crypt"]}, (), False),
        ({"openOptions": ["--perf-same_cpu_crypt"]}, ("same-cpu-crypt",), True),
        # What else an option may do to the flags is unknown.
        ({"openOptions": ["--new-option"]}, (), False),
    ],
)
def test_flags_that_opening_would_not_change(
    more: dict[str, Any], flags: tuple[str, ...], keeps: bool
) -> None:
    assert decisions.keeps_flags(wanted(**more), header(flags=flags)) == keeps


@pytest.mark.parametrize(
    "text, valid",
    [(UUID, True), (UUID.upper(), True), (UUID[1:], False), ("g" + UUID[1:], False), ("", False)],
)
def test_uuid(text: str, valid: bool) -> None:
    assert decisions.is_uuid(text) == valid


def test_reasons_with_discards() -> None:
    config = wanted(**KEY_FILE, discard=True)
    assert decisions.difference(config, header()) == "its header does not allow discards"
    config = wanted(**KEY_FILE)
    allowing = header(flags=("allow-discards",))
    assert decisions.difference(config, allowing) == "its header allows discards"
