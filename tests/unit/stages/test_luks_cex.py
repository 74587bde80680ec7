# SPDX-License-Identifier: Apache-2.0
"""Volumes with a crypto card. zkey and the card are stand-ins: the real ones need an s390x machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.base.errors import Failure, Refused
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config.model import Luks
from ignition.engine.context import PhaseContext
from ignition.engine.step import Task
from ignition.resource.context import no_progress
from ignition.stages.luks import cex

VOLUME = Luks({"name": "root", "device": "/dev/dasda1", "cex": {"enabled": True}})
ZKEY = """#!/bin/sh
[ -z "$BROKEN" ] || { echo "no master key" >&2; exit 1; }
printf '%s\\n' "$@" > {folder}/zkey.args
[ ! -e {repository}/ignition-luks-root.skey ] || { echo "name exists" >&2; exit 1; }
printf 'info' > {repository}/ignition-luks-root.info
head -c 136 /dev/zero > {repository}/ignition-luks-root.skey
"""


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A machine with two cards, of which one is in CCA mode."""
    devices = tmp_path / "ap"
    for name, mode in (("03.004c", "cca"), ("03.0011", "cca"), ("05.004c", "ep11")):
        (devices / name).mkdir(parents=True)
        (devices / name / "uevent").write_text(f"DEV_TYPE=000D\nMODE={mode}\n")
    (devices / "card03").mkdir()
    (devices / "card03" / "uevent").write_text("MODE=cca\n")
    monkeypatch.setattr(cex, "_DEVICES", str(devices))
    monkeypatch.setattr(cex, "KEY_FILE", str(tmp_path / "cex.key"))
    (tmp_path / "cex.key").write_text("text")
    settings = Settings()
    settings.zkey_dir = str(tmp_path / "repository")
    script = ZKEY.replace("{folder}", str(tmp_path)).replace("{repository}", settings.zkey_dir)
    for name, text in (
        ("zkey", script),
        ("zkey-cryptsetup", f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/setvp.args\n'),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
        settings.programs[name] = str(tmp_path / name)
    log = Log(lambda *_: None)
    return Task(log, PhaseContext(settings, log, State(), {}), no_progress)


def test_commands_and_files(task: Task, tmp_path: Path) -> None:
    repository = task.context.settings.zkey_dir
    cex.require_card(task.context, VOLUME, task.context.origin("storage", "luks", 0))
    for _ in range(2):  # a second run replaces the key of an interrupted one
        assert cex.before_format(task, VOLUME) == (
            *("--volume-key-file", f"{repository}/ignition-luks-root.skey"),
            *("--cipher", "paes-xts-plain64", "--key-size", "1088"),
        )
    assert Path(repository).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "zkey.args").read_text().splitlines() == [
        *("generate", "--name", "ignition-luks-root", "--key-type", "CCA-AESCIPHER", "--xts"),
        *("--description", "Secure Key for root Volume", "--apqns", "03.0011,03.004c"),
    ]
    cex.after_format(task, VOLUME, "/dev/alias")
    assert (tmp_path / "setvp.args").read_text().splitlines() == [
        *("setvp", "/dev/alias", "--key-file", str(tmp_path / "cex.key"))
    ]
    assert {
        name: url[:50] for name, url in task.context.state.luks_persist_volume_key_files.items()
    } == {
        "ignition-luks-root.info": "data:application/octet-stream;base64,aW5mbw==",
        "ignition-luks-root.skey": "data:application/octet-stream;base64,AAAAAAAAAAAAA",
    }


def test_machine_without_card(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = task.context.origin("storage", "luks", 0)
    monkeypatch.setattr(cex, "_DEVICES", str(tmp_path / "none"))
    with pytest.raises(Refused, match="no crypto card in CCA mode") as raised:
        cex.require_card(task.context, VOLUME, origin)
    assert raised.value.code == "IGN2311"
    (tmp_path / "zkey").unlink()
    (tmp_path / "cex.key").unlink()
    with pytest.raises(Refused, match=r"lacks .*/zkey, .*/cex.key"):
        cex.require_card(task.context, VOLUME, origin)


def test_zkey_fails(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKEN", "1")
    with pytest.raises(Failure, match="zkey failed: no master key") as raised:
        cex.before_format(task, VOLUME)
    assert raised.value.code == "IGN2311"
