# SPDX-License-Identifier: Apache-2.0
"""What clevis is asked to do, and what is refused before."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Refused
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config.model import Luks
from ignition.engine.context import PhaseContext
from ignition.stages.luks import clevis, decisions
from ignition.system import tpm

TANG = {"url": "http://t1", "thumbprint": "abc"}
KNOWN = {"url": "http://t2", "thumbprint": "def", "advertisement": '{"payload": "x", "n": 1}'}
CUSTOM = {"pin": "vault", "config": '{"secret": "s3cret"}'}


def volume(**members: Any) -> Luks:
    return Luks({"name": "data", "device": "/dev/vda", "clevis": members})


@pytest.fixture
def logged() -> list[str]:
    return []


@pytest.fixture
def context(logged: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PhaseContext:
    """A context on a machine without TPM, whose PATH is `tmp_path`."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(tpm.VARIABLE, raising=False)
    monkeypatch.setattr(tpm, "PATIENCE", 0)
    settings = Settings()
    settings.wait_fetch = 1
    settings.run_dir = str(tmp_path / "run")
    return PhaseContext(settings, Log(lambda _, text: logged.append(text)), State(), {})


def install(folder: Path, *names: str, script: str = "#!/bin/sh\n") -> None:
    for name in names:
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)


def install_for(folder: Path, *pins: str) -> None:
    install(folder, "clevis", "clevis-luks-bind", "clevis-luks-common-functions", "jose", "pwmake")
    install(folder, "clevis-luks-unlock", "clevis-decrypt", "curl", "tpm2_createprimary")
    install(folder, *(f"clevis-{kind}-{pin}" for pin in pins for kind in ("encrypt", "decrypt")))


def refusal(context: PhaseContext, luks: Luks, function: Any = clevis.require_programs) -> Refused:
    with pytest.raises(Refused) as raised:
        function(context, luks, context.origin("storage", "luks", 0))
    return raised.value


@pytest.mark.parametrize(
    ("members", "config"),
    [
        ({"tang": [TANG]}, '{"pins":{"tang":[{"url":"http://t1","thp":"abc"}]},"t":1}'),
        (
            {"tang": [TANG], "tpm2": True, "threshold": 2},
            '{"pins":{"tang":[{"url":"http://t1","thp":"abc"}],"tpm2":{}},"t":2}',
        ),
        ({"tpm2": True}, '{"pins":{"tpm2":{}},"t":1}'),
        ({"threshold": 1}, '{"pins":{"tang":null},"t":1}'),
        (
            {"tang": [TANG], "threshold": 0},
            '{"pins":{"tang":[{"url":"http://t1","thp":"abc"}]},"t":0}',
        ),
        (
            {"tang": [KNOWN, {**TANG, "advertisement": ""}]},
            '{"pins":{"tang":[{"url":"http://t2","thp":"def","adv":{"payload":"x","n":1}},'
            '{"url":"http://t1","thp":"abc"}]},"t":1}',
        ),
        ({"tang": [{"url": "http://t"}]}, '{"pins":{"tang":[{"url":"http://t"}]},"t":1}'),
    ],
)
def test_config_of_the_pin(members: dict[str, Any], config: str) -> None:
    assert decisions.has_clevis(volume(**members))
    assert clevis.pin_and_config(volume(**members)) == ("sss", config)


def test_custom_pin_is_passed_as_it_is() -> None:
    assert clevis.pin_and_config(volume(custom=CUSTOM)) == ("vault", CUSTOM["config"])
    assert decisions.has_clevis(volume(custom=CUSTOM))
    assert not decisions.has_clevis(volume())
    assert not decisions.has_clevis(volume(threshold=0, tpm2=False, tang=[], custom={"pin": ""}))


@pytest.mark.parametrize(
    ("members", "needed"),
    [
        ({"tang": [TANG]}, True),
        ({"tang": [KNOWN]}, True),
        ({"tpm2": True}, False),
        ({"custom": CUSTOM}, False),
        ({"custom": {**CUSTOM, "needsNetwork": False}}, False),
        ({"custom": {**CUSTOM, "needsNetwork": True}}, True),
    ],
)
def test_network_for_unlocking(members: dict[str, Any], *, needed: bool) -> None:
    assert clevis.needs_network(volume(**members)) is needed


@pytest.mark.parametrize(
    ("members", "tested"),
    [
        ({"tang": [TANG]}, True),
        ({"tang": [KNOWN]}, False),
        ({"tang": [{**KNOWN, "advertisement": ""}]}, True),
        ({"tpm2": True}, True),
        ({"tang": [TANG, KNOWN], "tpm2": True, "threshold": 2}, True),
        ({"tang": [TANG, KNOWN], "threshold": 2}, False),
        ({"custom": CUSTOM}, False),
        ({"custom": {**CUSTOM, "needsNetwork": True}}, False),
        ({"custom": CUSTOM, "threshold": 0}, True),
    ],
)
def test_which_volumes_are_unlocked_as_a_test(members: dict[str, Any], *, tested: bool) -> None:
    assert clevis.can_test(volume(**members)) is tested


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://t", "http://t/adv"),
        ("http://t:81/", "http://t:81/adv"),
        ("http://t/a/b?x=1#part", "http://t/a/b/adv?x=1"),
    ],
)
def test_url_of_the_advertisement(url: str, asked: str) -> None:
    assert clevis.advertisement_url(url) == asked


def test_missing_programs_are_named_together(context: PhaseContext, tmp_path: Path) -> None:
    failure = refusal(context, volume(tang=[TANG], tpm2=True))
    assert failure.code == "IGN2306"
    for name in ("clevis,", "clevis-encrypt-sss", "clevis-encrypt-tang", "clevis-decrypt-tpm2"):
        assert name in failure.text
    assert {"curl", "pwmake", "tpm2_createprimary"} <= set(failure.text.replace(",", "").split())
    install_for(tmp_path, "sss", "tang", "tpm2")
    (tmp_path / "clevis-encrypt-tang").unlink()
    assert refusal(context, volume(tang=[TANG])).text.endswith("missing: clevis-encrypt-tang")


def test_pins_inside_a_custom_sss_are_looked_for(context: PhaseContext, tmp_path: Path) -> None:
    install_for(tmp_path, "sss")
    inner = {"t": 1, "pins": {"sss": {"t": 1, "pins": {"yubikey": {}}}}}
    custom = {"pin": "sss", "config": json.dumps(inner)}
    assert refusal(context, volume(custom=custom)).text.endswith("missing: clevis-encrypt-yubikey")


def test_custom_config_that_is_not_json_is_left_to_the_rehearsal(
    context: PhaseContext, tmp_path: Path
) -> None:
    install_for(tmp_path, "vault")
    clevis.require_programs(
        context, volume(custom={**CUSTOM, "config": "{"}), context.origin("storage", "luks", 0)
    )


def test_threshold_that_nothing_can_reach(context: PhaseContext) -> None:
    failure = refusal(context, volume(tang=[TANG], threshold=2))
    assert failure.code == "IGN2312"
    assert str(failure.origin).endswith("/clevis/threshold")


def test_rehearsal_shows_no_secret(
    context: PhaseContext, tmp_path: Path, logged: list[str]
) -> None:
    install(tmp_path, "clevis", script='#!/bin/sh\necho "pin refuses $3" >&2\nexit 1\n')
    failure = refusal(context, volume(custom=CUSTOM), clevis.rehearse)
    assert failure.code == "IGN2312"
    assert "pin refuses ***" in failure.text
    assert "s3cret" not in "\n".join([*logged, failure.text, failure.hint, str(failure.__cause__)])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("'x' is not a valid pin!", "IGN2306"),
        ("Command 'clevis encrypt nopin {}' is invalid", "IGN2306"),
        ("Trusted JWK 'abc' did not sign the advertisement!", "IGN2308"),
        ("Unable to fetch advertisement: 'http://t/adv/abc'!", "IGN2308"),
        ("Advertisement is malformed!", "IGN2308"),
        ("Advertisement is missing signatures!", "IGN2308"),
        ("A TPM2 device with the in-kernel resource manager is needed!", "IGN2307"),
        ("Unable to validate combination of PCR bank 'sha9' and PCR IDs '7'.", "IGN2307"),
        ("Invalid threshold (required: 1 <= 0 <= 1)!", "IGN2312"),
    ],
)
def test_code_of_what_a_pin_says(
    context: PhaseContext, tmp_path: Path, words: str, code: str
) -> None:
    install(tmp_path, "clevis", script=f'#!/bin/sh\necho "{words}" >&2\nexit 1\n')
    failure = refusal(context, volume(tang=[TANG]), clevis.rehearse)
    assert failure.code == code
    assert failure.hint


def test_tpm_is_looked_for_as_clevis_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tpm.VARIABLE, raising=False)
    assert "no TPM" in tpm.find_problem(str(tmp_path))
    (tmp_path / "tpm0").touch()
    (tmp_path / "tpmrm12").touch()
    assert "no /dev/tpmrm0" in tpm.find_problem(str(tmp_path))
    (tmp_path / "tpmrm0").touch()
    assert tpm.find_problem(str(tmp_path)) == ""
    if os.geteuid() != 0:
        (tmp_path / "tpmrm0").chmod(stat.S_IRUSR)
        assert "not readable and writable" in tpm.find_problem(str(tmp_path))
    monkeypatch.setenv(tpm.VARIABLE, "swtpm:port=1")
    assert tpm.find_problem(str(tmp_path / "none")) == ""


def test_tpm_that_appears_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tpm.VARIABLE, raising=False)
    monkeypatch.setattr("ignition.base.interrupt.sleep", lambda _: (tmp_path / "tpmrm0").touch())
    shown: list[str] = []
    assert tpm.wait_for_tpm(0, shown.append, str(tmp_path)) == ""
    assert shown == ["waiting for the TPM"]


def test_missing_tpm(
    context: PhaseContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tpm, "wait_for_tpm", lambda *_: tpm.find_problem(str(tmp_path)))
    install_for(tmp_path, "sss", "tpm2")
    failure = refusal(context, volume(tpm2=True))
    assert failure.code == "IGN2307"
    assert str(failure.origin).endswith("/clevis/tpm2")
