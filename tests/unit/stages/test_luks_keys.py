# SPDX-License-Identifier: Apache-2.0
"""Keys of volumes: where they come from, where they are kept, and which are refused."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config.model import Config
from ignition.engine.context import PhaseContext
from ignition.stages.luks import keys
from ignition.system.run import run

NO_LOG = Log(lambda *_: None)


def collect(**more: Any) -> tuple[dict[str, keys.Key], list[str]]:
    entry = {"name": "vault", "device": "/dev/vdb", **more}
    context = PhaseContext(Settings(), NO_LOG, State(), {})
    found = keys.collect(Config({"storage": {"luks": [entry]}}), context)
    return found, [failure.code for failure in context.refusals]


def test_key_of_the_config() -> None:
    found, codes = collect(keyFile={"source": "data:,secret"})
    assert codes == []
    key = found["vault"]
    assert (key.read(), key.generated) == (b"secret", False)
    with pytest.raises(OSError) as caught:
        os.write(key.fileno, b"x")
    assert caught.value.errno == errno.EPERM
    key.close()


@pytest.mark.parametrize("key_file", [None, {}, {"source": ""}])
def test_generated_key(key_file: dict[str, Any] | None) -> None:
    found, _ = collect(keyFile=key_file)
    key = found["vault"]
    data = key.read()
    assert (len(data), key.generated) == (8192, True)
    assert set(data) <= set(b"0123456789abcdef")
    assert collect()[0]["vault"].read() != data


@pytest.mark.parametrize(
    "key_file, code",
    [
        ({"source": "data:,"}, "IGN2304"),
        ({"source": "data:," + "k" * ((8 << 20) + 1)}, "IGN2304"),
        ({"source": "data:," + "k" * (64 << 20)}, "IGN2304"),
        ({"source": "data:," + "k" * ((64 << 20) + 1)}, "IGN2304"),
        ({"source": "data:,k", "verification": {"hash": "sha256-" + "0" * 64}}, "IGN4011"),
    ],
)
def test_refused_key(key_file: dict[str, Any], code: str) -> None:
    assert collect(keyFile=key_file) == ({}, [code])


@pytest.mark.parametrize("where", ["options", "openOptions"])
@pytest.mark.parametrize("option", [["--keyfile-size", "64"], ["--keyfile-size=64"], ["-l", "64"]])
def test_larger_key_of_which_a_part_counts(where: str, option: list[str]) -> None:
    source = {"source": "data:," + "k" * (9 << 20)}
    found, codes = collect(keyFile=source, **{where: option})
    assert codes == []
    assert len(found["vault"].read()) == 9 << 20


def test_program_reads_a_key_that_it_inherits() -> None:
    key = keys.new_key(b"secret", generated=False)
    assert run(NO_LOG, ["cat", key.path], keep=(key.fileno,)).stdout == "secret"
    assert run(NO_LOG, ["cat", key.path], check=False).status
    done = subprocess.run(["cat", key.path], capture_output=True, close_fds=False)
    assert done.returncode, "other programs do not inherit it"


def test_held_key(tmp_path: Path) -> None:
    settings = Settings()
    settings.run_dir = str(tmp_path / "run")
    name = "ä" * 300
    assert keys.held(settings, name) is None
    keys.drop(settings, name)
    keys.hold(settings, name, keys.new_key(b"old", generated=True))
    keys.hold(settings, name, keys.new_key(b"new", generated=True))
    assert keys.held(settings, name) == b"new"
    (file,) = (tmp_path / "run/keys").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    keys.drop(settings, name)
    assert keys.held(settings, name) is None
