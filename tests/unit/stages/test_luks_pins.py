# SPDX-License-Identifier: Apache-2.0
"""Real clevis, tangd and a TPM in software on the header of a volume in a file, which needs no block device.

The whole disks phase with clevis is in tests/machine/disks/test_clevis.py.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config import x509
from ignition.config.model import Luks
from ignition.engine.context import PhaseContext
from ignition.engine.step import Task
from ignition.resource.context import Transport, no_progress
from ignition.stages.luks import clevis
from ignition.stages.luks.keys import Key, new_key
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import HttpServer
from tests.support import tang as tang_support
from tests.support import tpm as tpm_support
from tests.support.tang import TangServer
from tests.support.tpm import Tpm

MISSING = tang_support.missing() or tpm_support.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
QUICK = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")


@pytest.fixture
def logged() -> list[str]:
    return []


@pytest.fixture
def context(logged: list[str], tmp_path: Path) -> PhaseContext:
    settings = Settings()
    settings.run_dir = str(tmp_path / "run")
    settings.wait_fetch = 1
    return PhaseContext(settings, Log(lambda _, text: logged.append(text)), State(), {})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TangServer]:
    with TangServer(tmp_path / "tang") as server:
        yield server


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[Tpm]:
    with Tpm(tmp_path / "tpm") as chip:
        yield chip


@pytest.fixture
def key() -> Iterator[Key]:
    key = new_key(os.urandom(4096).hex().encode(), generated=True)
    yield key
    key.close()


@pytest.fixture
def image(tmp_path: Path, key: Key) -> str:
    """A volume with the key."""
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(20 << 20)
    subprocess.run(
        ["cryptsetup", "luksFormat", "--batch-mode", "--key-file", key.path, *QUICK, image],
        check=True,
        pass_fds=(key.fileno,),
    )
    return str(image)


def volume(**members: Any) -> Luks:
    return Luks({"name": "data", "device": "/dev/vda", "clevis": members})


def known(server: TangServer, **more: str) -> dict[str, str]:
    """The server as a config names it."""
    return {"url": server.url, "thumbprint": server.thumbprint, **more}


def check(context: PhaseContext, luks: Luks) -> None:
    """What the stage does before anything is changed."""
    origin = context.origin("storage", "luks", 0)
    clevis.require_programs(context, luks, origin)
    clevis.await_servers(context, luks, origin)
    clevis.rehearse(context, luks, origin)


def bind(context: PhaseContext, luks: Luks, image: str, key: Key) -> dict[str, Any]:
    """Binds the volume. Returns the configuration that clevis reads back from its header."""
    check(context, luks)
    task = Task(context.log, context, no_progress)
    clevis.bind(task, luks, image, key, context.origin("storage", "luks", 0))
    line = subprocess.run(
        ["clevis", "luks", "list", "-d", image], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert line.startswith("1: "), line
    found: dict[str, Any] = json.loads(line.partition("'")[2].rpartition("'")[0])
    return found


def unlocks(image: str) -> bool:
    """Whether clevis finds a passphrase that opens the volume."""
    found = subprocess.run(["clevis", "luks", "pass", "-d", image, "-s", "1"], capture_output=True)
    opening = ["cryptsetup", "open", "--test-passphrase", "--key-file", "-", image]
    return (
        found.returncode == 0
        and subprocess.run(opening, input=found.stdout, capture_output=True).returncode == 0
    )


def refusal(context: PhaseContext, luks: Luks) -> Failure:
    with pytest.raises(Failure) as raised:
        check(context, luks)
    return raised.value


@pytest.mark.parametrize("advertisement", [{}, {"advertisement": ""}], ids=["none", "empty"])
def test_tang_server(
    context: PhaseContext,
    image: str,
    key: Key,
    server: TangServer,
    logged: list[str],
    advertisement: dict[str, str],
) -> None:
    config = bind(context, volume(tang=[known(server, **advertisement)]), image, key)
    assert config == {"t": 1, "pins": {"tang": [{"url": server.url}]}}
    assert unlocks(image)
    assert server.thumbprint not in "\n".join(logged)
    opening = ["cryptsetup", "open", "--test-passphrase", "--key-file", key.path, image]
    subprocess.run(opening, check=True, pass_fds=(key.fileno,))
    server.__exit__()
    assert not unlocks(image)


def test_known_advertisement_of_a_server_that_is_down(
    context: PhaseContext, image: str, key: Key, server: TangServer
) -> None:
    server.__exit__()
    asked = server.connections
    bind(context, volume(tang=[known(server, advertisement=server.advertisement)]), image, key)
    assert server.connections == asked
    assert not unlocks(image)
    with server:
        assert unlocks(image)


def test_two_servers_and_a_tpm(
    context: PhaseContext, image: str, key: Key, server: TangServer, chip: Tpm, tmp_path: Path
) -> None:
    """With threshold 2, one server and the TPM are enough."""
    down = TangServer(tmp_path / "down")
    known_down = {
        "url": "http://127.0.0.1:1",
        "thumbprint": down.thumbprint,
        "advertisement": down.advertisement,
    }
    luks = volume(tang=[known(server), known_down], tpm2=True, threshold=2)
    config = bind(context, luks, image, key)
    assert config["t"] == 2
    assert [each["url"] for each in config["pins"]["tang"]] == [server.url, known_down["url"]]
    assert "tpm2" in str(config["pins"])
    assert unlocks(image)
    server.__exit__()
    assert not unlocks(image)


def test_custom_pin_that_depends_on_a_pcr(
    context: PhaseContext, image: str, key: Key, chip: Tpm, logged: list[str]
) -> None:
    custom = {"pin": "tpm2", "config": '{"pcr_bank": "sha256", "pcr_ids": "16"}'}
    assert bind(context, volume(custom=custom), image, key)["pcr_ids"] == "16"
    assert "pcr_ids" not in "\n".join(logged)  # a custom config may contain secrets
    assert unlocks(image)
    subprocess.run(["tpm2_pcrextend", f"16:sha256={'1' * 64}"], check=True)
    assert not unlocks(image)


def test_tpm_is_another_one(context: PhaseContext, image: str, key: Key, tmp_path: Path) -> None:
    with Tpm(tmp_path / "one") as chip:
        bind(context, volume(tpm2=True), image, key)
    with chip:  # the machine is switched off and on
        assert unlocks(image)
    with Tpm(tmp_path / "other"):
        assert not unlocks(image)


def test_servers_that_do_not_help(context: PhaseContext, server: TangServer) -> None:
    wrong = known(server, thumbprint="A" * 43)
    failure = refusal(context, volume(tang=[wrong]))
    assert failure.code == "IGN2308"
    assert "tang-show-keys" in failure.hint
    wrong["advertisement"] = server.advertisement
    failure = refusal(context, volume(tang=[wrong]))
    assert (failure.code, "thumbprint" in failure.hint) == ("IGN2308", True)
    wrong = known(server, advertisement='{"keys": []}')
    assert refusal(context, volume(tang=[wrong])).code == "IGN2308"
    nothing = known(server, url=f"{server.url}/nothing")
    failure = refusal(context, volume(tang=[known(server), nothing]))
    assert failure.code == "IGN2308"
    assert str(failure.origin).endswith("/clevis/tang/1/url")
    server.__exit__()
    assert refusal(context, volume(tang=[known(server)])).code == "IGN4006"


def reaching(context: PhaseContext, transport: Transport) -> PhaseContext:
    return PhaseContext(context.settings, context.log, State(), {}, transport)


def test_server_behind_tls_and_a_proxy(
    context: PhaseContext, image: str, key: Key, tmp_path: Path
) -> None:
    """Clevis reaches it with the proxy and the authority of the config, like the engine itself."""
    authority = Authority(tmp_path)
    tls = authority.issue("tang.invalid")
    with TangServer(tmp_path / "tang", tls=tls) as server, HttpServer() as proxy:
        url = server.url.replace("127.0.0.1", "tang.invalid")
        luks = volume(tang=[{"url": url, "thumbprint": server.thumbprint}])
        authorities = x509.parse_certificates(authority.pem, None)
        trusted = Transport(https_proxy=proxy.url(), authorities=authorities)
        config = bind(reaching(context, trusted), luks, image, key)
        assert config["pins"]["tang"][0]["url"] == url
        # The engine, the rehearsal, the binding.
        assert [request.method for request in proxy.requests] == ["CONNECT"] * 3
        assert os.listdir(tmp_path / "run") == []
        untrusted = reaching(context, Transport(https_proxy=proxy.url()))
        with pytest.raises(Failure) as raised:
            clevis.rehearse(untrusted, luks, context.origin("storage", "luks", 0))
        assert raised.value.code == "IGN2308"


def test_proxy_of_the_environment_is_ignored(
    context: PhaseContext, server: TangServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    check(context, volume(tang=[known(server)]))


def test_server_that_stops_answering(context: PhaseContext, server: TangServer) -> None:
    """It takes connections, but never answers: Clevis must not wait for ever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://user:s3cret@127.0.0.1:{silent.getsockname()[1]}"
        luks = volume(tang=[{"url": url, "thumbprint": server.thumbprint}])
        with pytest.raises(Failure) as raised:
            clevis.rehearse(context, luks, context.origin("storage", "luks", 0))
    assert raised.value.code == "IGN2308"
    assert "127.0.0.1" in raised.value.text


def test_user_and_password_of_a_server_are_not_shown(
    context: PhaseContext, server: TangServer, logged: list[str]
) -> None:
    url = server.url.replace("//", "//user:s3cret@")
    luks = volume(tang=[{"url": url, "thumbprint": "A" * 43}])
    custom = volume(custom={"pin": "tang", "config": json.dumps({"url": url, "thp": "A" * 43})})
    for each in (luks, custom):
        with pytest.raises(Failure) as raised:
            clevis.rehearse(context, each, context.origin("storage", "luks", 0))
        shown = f"{raised.value} {raised.value.text} {raised.value.hint} {raised.value.__cause__}"
        assert "s3cret" not in "\n".join([shown, *logged])
        assert server.url.removeprefix("http:") in shown.replace("***", "")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"threshold": 1}, "IGN2312"),
        ({"custom": {"pin": "null", "config": "{"}}, "IGN2312"),
        ({"custom": {"pin": "sss", "config": '{"t": 2, "pins": {"null": {}}}'}}, "IGN2312"),
        ({"custom": {"pin": "nowhere", "config": "{}"}}, "IGN2306"),
    ],
)
def test_impossible_pins(context: PhaseContext, members: dict[str, Any], code: str) -> None:
    assert refusal(context, volume(**members)).code == code


def test_bank_of_pcrs_that_the_tpm_lacks(context: PhaseContext, chip: Tpm) -> None:
    custom = {"pin": "tpm2", "config": '{"pcr_bank": "sha9", "pcr_ids": "7"}'}
    failure = refusal(context, volume(custom=custom))
    assert (failure.code, "tpm2_pcrread" in failure.hint) == ("IGN2307", True)


def test_key_that_does_not_open_the_volume(context: PhaseContext, image: str) -> None:
    luks = volume(custom={"pin": "null", "config": "{}"})
    other = new_key(b"other", generated=False)
    task = Task(context.log, context, no_progress)
    with pytest.raises(Failure) as raised:
        clevis.bind(task, luks, image, other, context.origin("storage", "luks", 0))
    other.close()
    assert raised.value.code == "IGN2312"
