# SPDX-License-Identifier: Apache-2.0
"""The platforms that the testbed plays. In tests/boot guests get their configs from them."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ignition import providers
from ignition.base.errors import Failure
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.resource.context import FetchContext
from ignition.resource.fetch import fetch_bytes
from ignition.testbed.faults import parse
from ignition.testbed.images import Image
from ignition.testbed.metadata import FAKES
from ignition.testbed.platforms import ALIASES, BUNDLE, PLATFORMS, Playable, play, playable
from ignition.testbed.qemu import RELAY, DirectKernel

CONFIG = b'{"ignition": {"version": "3.4.0"}}'
DIRECT = Image("direct", Path("/d"), direct=DirectKernel(Path("/k"), Path("/i"), "root=/dev/vda"))
BY_ITSELF = Image("whole.qcow2", Path("/d"), "qcow2")
PLAYED = [name for name, how in PLATFORMS.items() if isinstance(how, Playable)]


def test_every_platform_of_the_engine_is_played_or_has_a_reason() -> None:
    assert set(PLATFORMS) == set(providers.MODULES)
    assert providers.ALIASES == ALIASES
    assert all(how for how in PLATFORMS.values())
    assert set(FAKES) <= set(PLAYED)


@pytest.mark.parametrize("platform", PLAYED)
@pytest.mark.parametrize("config", [CONFIG, None])
def test_each_gives_its_id_and_the_config(
    platform: str, config: bytes | None, tmp_path: Path
) -> None:
    with play(platform, config, tmp_path, DIRECT) as delivery:
        assert delivery.cmdline[0] == f"ignition.platform.id={platform}"
        ways = [delivery.fw_cfg, delivery.drives, delivery.services, delivery.cmdline[1:]]
        expected = 1 if config is not None or platform not in ("qemu", "metal") else 0
        assert sum(bool(way) for way in ways) == expected
        assert all(drive.cdrom for drive in delivery.drives)


def test_an_alias_is_the_platform_it_stands_for(tmp_path: Path) -> None:
    with play("ec2", CONFIG, tmp_path, DIRECT) as delivery:
        assert delivery.cmdline == ("ignition.platform.id=aws",)
        assert list(delivery.services) == [("169.254.169.254", 80)]


def test_the_image_says_where_its_engine_looks(tmp_path: Path) -> None:
    flatcar = Image("flatcar", Path("/d"), fw_cfg_entry="opt/org.flatcar-linux/config")
    with play("qemu", CONFIG, tmp_path, flatcar) as delivery:
        assert delivery.fw_cfg == {"opt/org.flatcar-linux/config": CONFIG}
        assert delivery.notes == ()


def test_metal_by_url(tmp_path: Path) -> None:
    with play("metal", CONFIG, tmp_path, DIRECT) as delivery:
        url = delivery.cmdline[1].removeprefix("ignition.config.url=")
        assert url.startswith("http://10.0.2.2:")
        with urllib.request.urlopen(url.replace("10.0.2.2", "127.0.0.1")) as answer:
            assert answer.read() == CONFIG


def test_flaky_services_fail_three_times(tmp_path: Path) -> None:
    with play("digitalocean", CONFIG, tmp_path, DIRECT, parse("net-flaky")) as delivery:
        url = f"http://127.0.0.1:{delivery.services['169.254.169.254', 80]}/metadata/v1/user-data"
        for _ in range(3):
            with pytest.raises(OSError), urllib.request.urlopen(url) as answer:
                answer.read()
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == CONFIG


def test_the_engine_gets_the_config_of_a_flaky_service(tmp_path: Path) -> None:
    with play("gcp", CONFIG, tmp_path, DIRECT, parse("net-flaky")) as delivery:
        port = delivery.services["169.254.169.254", 80]
        url = f"http://127.0.0.1:{port}{FAKES['gcp'].path}"
        lines: list[str] = []
        context = FetchContext(Settings(), Log(lambda level, text: lines.append(text)))
        headers = [("Metadata-Flavor", "Google")]
        assert fetch_bytes(context, url, headers=headers) == CONFIG
    assert sum("attempt #" in line for line in lines) == 4


def test_a_fault_of_the_network_that_a_platform_does_not_need_is_noted(tmp_path: Path) -> None:
    with play("nocloud", CONFIG, tmp_path, DIRECT, parse("net-late")) as delivery:
        assert delivery.notes == (
            "net-late only affects what the config refers to: nocloud needs no network",
        )
    with play("aws", CONFIG, tmp_path, DIRECT, parse("net-late")) as delivery:
        assert delivery.notes == ()


def test_packet_brings_its_name_and_the_authorities(tmp_path: Path) -> None:
    with play("packet", CONFIG, tmp_path, DIRECT) as delivery:
        assert b"169.254.169.254 metadata.packet.net" in delivery.initramfs_files["/etc/hosts"]
        bundle = delivery.initramfs_files[str(BUNDLE)]
        assert bundle.endswith((tmp_path / "ca.pem").read_bytes())
        assert bundle.startswith(BUNDLE.read_bytes() if BUNDLE.exists() else b"")


def test_scaleway_answers_through_the_relay_and_says_what_is_missing(tmp_path: Path) -> None:
    with play("scaleway", CONFIG, tmp_path, DIRECT) as delivery:
        port = delivery.services["169.254.42.42", 80]
        assert "not checked" in delivery.notes[0]
        request = b"GET /user_data/cloud-init HTTP/1.0\r\n\r\n"
        relay = [sys.executable, "-I", "-S", str(RELAY), str(port)]
        answer = subprocess.run(relay, input=request, capture_output=True, timeout=20).stdout
        assert answer.endswith(CONFIG)


def test_a_relay_without_a_server_ends_quietly() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    relay = [sys.executable, "-I", "-S", str(RELAY), str(port)]
    done = subprocess.run(relay, input=b"", capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("platform", "code", "words", "hint"),
    [
        ("awss", "IGN8301", "no platform 'awss'", "did you mean aws?"),
        ("nocluod", "IGN8301", "no platform", "did you mean nocloud?"),
        ("", "IGN8301", "no platform ''", "played are akamai, "),
        ("vmware", "IGN8302", "VMware hypervisor", "qemu"),
        ("file", "IGN8302", "tests of the engine", "qemu"),
        ("hyperv", "IGN8302", "Hyper-V", "qemu"),
    ],
)
def test_what_cannot_be_played(platform: str, code: str, words: str, hint: str) -> None:
    with pytest.raises(Failure) as caught:
        playable(platform)
    assert caught.value.code == code
    assert words in str(caught.value) and hint in caught.value.hint


@pytest.mark.parametrize("platform", ["metal", "packet"])
def test_an_image_that_boots_by_itself_cannot_be_told(platform: str, tmp_path: Path) -> None:
    with (
        pytest.raises(Failure, match="with whole") as caught,
        play(platform, CONFIG, tmp_path, BY_ITSELF),
    ):
        pass
    assert caught.value.code == "IGN8303"


def test_an_image_that_boots_by_itself_must_know_its_platform(tmp_path: Path) -> None:
    with play("aws", CONFIG, tmp_path, BY_ITSELF) as delivery:
        assert delivery.cmdline == ()
        assert "ignition.platform.id=aws" in delivery.notes[0]
