# SPDX-License-Identifier: Apache-2.0
"""The TPM of a guest: which config wants one, and the program that plays it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ignition.acquisition.rendered import Rendered
from ignition.base.errors import Failure
from ignition.testbed import tpm
from ignition.testbed.qemu import FromDisk, Guest


def is_wanted(clevis: dict[str, Any] | None) -> bool:
    volume = {"name": "data", "device": "/dev/vdb", **({"clevis": clevis} if clevis else {})}
    config = {"ignition": {"version": "3.4.0"}, "storage": {"luks": [volume]}}
    return tpm.is_wanted(Rendered(config, [], []))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clevis", "wanted"),
    [
        (None, False),
        ({"tpm2": True}, True),
        ({"tpm2": False, "tang": [{"url": "http://t", "thumbprint": "x"}]}, False),
        ({"custom": {"pin": "tpm2", "config": "{}"}}, True),
        ({"custom": {"pin": "sss", "config": '{"t":1,"pins":{"tpm2":{}}}'}}, True),
        ({"custom": {"pin": "tang", "config": "{}", "needsNetwork": True}}, False),
    ],
)
def test_volumes_bound_to_a_tpm_want_one(clevis: dict[str, Any] | None, wanted: bool) -> None:
    assert is_wanted(clevis) is wanted


def test_no_config_wants_none() -> None:
    assert not tpm.is_wanted(None)


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="swtpm") as caught:
        tpm.require()
    assert caught.value.code == "IGN8322"
    assert "apt-get install swtpm" in str(caught.value.hint)


needs_swtpm = pytest.mark.skipif(shutil.which(tpm.PROGRAM) is None, reason="no swtpm")


@needs_swtpm
def test_the_tpm_ends_with_its_guest(tmp_path: Path) -> None:
    with tpm.powered(tmp_path / "state", tmp_path, []) as playing:
        playing.check()
        assert playing.process.poll() is None
        assert os.stat(tmp_path / "state").st_mode & 0o777 == 0o700
    assert playing.process.returncode in (0, -signal.SIGTERM)


@needs_swtpm
def test_a_tpm_that_fails_says_why(tmp_path: Path) -> None:
    failing = ["sh", "-c", "echo no entropy >&2; exit 1"]
    with tpm.powered(tmp_path / "state", tmp_path, failing) as playing:
        playing.process.wait(20)
        with pytest.raises(Failure, match="swtpm ended with status 1: no entropy") as caught:
            playing.check()
    assert caught.value.code == "IGN8322"


@needs_swtpm
@pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="no QEMU")
def test_script_that_starts_the_machine_again_starts_its_tpm(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    guest = Guest(tmp_path, FromDisk(), [], tpm_state=state)
    # A machine that does not start its processor, for the monitor only.
    bare = ["qemu-system-x86_64", "-M", "q35", "-nodefaults", "-display", "none", "-S"]
    script = guest.script([*bare, "-monitor", "stdio"])
    done = subprocess.run(
        ["sh", "-c", script], input="info tpm\nquit\n", capture_output=True, text=True, timeout=60
    )
    assert "tpm0: model=tpm-tis" in done.stdout, done.stderr
    assert Guest(tmp_path, FromDisk(), []).script(bare) == " ".join(bare) + "\n"
