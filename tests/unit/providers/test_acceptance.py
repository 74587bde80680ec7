# SPDX-License-Identifier: Apache-2.0
"""Common to all platforms: headers, redirects, results of whole phases, and no config in the log."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from ignition import providers
from ignition.acquisition import platforms
from ignition.base.errors import Failure
from ignition.providers import first_source
from ignition.resource.schemes.http import ACCEPT
from ignition.testbed.httpserver import Answer, HttpServer
from ignition.testbed.metadata import FAKES, aliyun, aws
from ignition.testbed.metadata.akamai import TOKEN as AKAMAI
from tests.unit.providers.clouds import BY_NAME, RACING, fake, fetch, needs_network, run, served

Machine = Any
CONFIG = b'{"ignition": {"version": "3.4.0"}, "passwd": {"users": [{"name": "hush"}]}}\n'
CLOUDS = sorted(FAKES)
ALONE = [name for name in CLOUDS if name not in RACING]
BASE64 = ("akamai", "azure", "oraclecloud")
HEADERS = {
    "akamai": {"metadata-token": AKAMAI, "accept": "*/*"},
    "aws": {"x-aws-ec2-metadata-token": aws.TOKEN},
    "azure": {"metadata": "true"},
    "gcp": {"metadata-flavor": "Google"},
    "oraclecloud": {"authorization": "Bearer Oracle"},
    "packet": {"accept": "*/*"},
}
"""Headers of the user data request that differ from the default."""
SECRET = (AKAMAI, aliyun.TOKEN, aws.TOKEN, "Oracle", "Google")


@pytest.fixture(autouse=True)
def _short_race(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_source, "GRACE_PERIOD", 0.2)
    monkeypatch.setattr(first_source, "POLL_INTERVAL", 0.05)


def boot(machine: Machine, phase: str, platform: str) -> int:
    """Runs a phase against the fake service."""
    return run(machine, phase, platform=platform, base=machine.settings.metadata_base)


def cached(machine: Machine) -> Any:
    path = machine.folder / "run/ignition.json"
    return json.loads(path.read_text()) if path.exists() else None


def sources(machine: Machine) -> list[str]:
    state = json.loads((machine.folder / "run/state").read_text())
    return [entry["source"] for entry in state["fetchedConfigs"]]


@needs_network
@pytest.mark.parametrize("platform", CLOUDS)
def test_headers_of_the_request(platform: str, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        assert fetch(platform, machine) == CONFIG
        sent = dict(next(seen for seen in server.requests if seen.path == service.path).headers)
    assert sent.pop("user-agent").startswith("Ignition/")
    if platform not in BY_NAME:
        assert sent.pop("host") == service.address
    for name in ("connection", "host"):
        sent.pop(name, None)
    usual = {"accept": ACCEPT, "accept-encoding": "identity"}
    assert sent == usual | HEADERS.get(platform, {})


@needs_network
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("platform", HEADERS)
def test_headers_do_not_follow_to_another_server(
    platform: str, status: int, machine: Machine
) -> None:
    service = fake(platform, CONFIG)
    given = b"{}" if platform not in BASE64 else b"e30="
    with served(platform, service, machine) as server, HttpServer({"/other": given}) as other:
        server.answer(service.path, Answer(status, headers={"Location": other.url("/other")}))
        assert fetch(platform, machine) == b"{}"
        sent = other.requests[0].headers
    assert not set(sent) & (set(HEADERS[platform]) - {"accept"})
    assert not any(secret in str(sent) for secret in SECRET)


@needs_network
@pytest.mark.parametrize("platform", ALONE)
def test_refusal_ends_the_phase_with_url_and_status(platform: str, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.answer(service.path, Answer(401))
        assert boot(machine, "fetch", platform) == 1
    assert cached(machine) is None
    told = (machine.folder / "run/failure").read_text()
    assert service.path in told
    assert "401 Unauthorized" in told


@needs_network
@pytest.mark.parametrize("platform", CLOUDS)
def test_config_of_a_cloud_is_cached_and_never_logged(
    platform: str, machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    with served(platform, fake(platform, CONFIG), machine):
        assert boot(machine, "fetch", platform) == 0
    assert cached(machine)["passwd"]["users"][0]["name"] == "hush"
    assert sources(machine) == ["system", platform]
    log = "".join(capfd.readouterr())
    assert "parsing config with SHA512: " in log
    assert not any(secret in log for secret in ("hush", *SECRET[:3]))


def file(machine: Machine, data: bytes) -> None:
    machine.write("config.ign", data)


def firmware(machine: Machine, data: bytes) -> None:
    item = "fw_cfg/by_name/opt/com.coreos/config"
    machine.write(f"{item}/raw", data)
    machine.write(f"{item}/size", f"{len(data)}\n".encode())


def fifo(machine: Machine, data: bytes) -> None:
    machine.settings.bootfifo = str(machine.folder / "bootfifo")
    machine.write("bootfifo", data)


def reader(machine: Machine, data: bytes) -> None:
    for name in ("modprobe", "chccwdev", "cio_ignore", "udevadm"):
        machine.program(name, "")
    machine.write("held", data)
    listed = "MAINT 0012 A PUN 00000010 001 NONE 11/24 09:00:01 config ign GUEST"
    machine.program("vmur", f'[ $1 = li ] && echo {listed} || cp {machine.folder}/held "$4"')


def drive(label: str, path: str) -> Callable[[Machine, bytes], None]:
    return lambda machine, data: machine.attach(label, {path: data})


DRIVES = {
    "ibmcloud": drive("cidata", "/user-data"),
    "kubevirt": drive("config-2", "/openstack/latest/user_data"),
    "nocloud": drive("cidata", "/user-data"),
    "nutanix": drive("config-2", "/openstack/latest/user_data"),
    "powervs": drive("config-2", "/openstack/latest/user_data"),
    "proxmoxve": drive("cidata", "/user-data"),
}
WITHOUT_NETWORK = {
    "file": file,
    "nvidiabluefield": fifo,
    "qemu": firmware,
    "zvm": reader,
    **DRIVES,
}
"""How such a platform gets a config. Other guest channels have tests of whole phases in their own files."""


@pytest.mark.parametrize("platform", WITHOUT_NETWORK)
def test_offline_config_is_cached_without_network(
    platform: str, machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    WITHOUT_NETWORK[platform](machine, CONFIG)
    assert run(machine, "fetch-offline", platform=platform) == 0
    assert cached(machine)["passwd"]["users"][0]["name"] == "hush"
    assert sources(machine) == ["system", platform]
    assert not (machine.folder / "run/neednet").exists()
    log = "".join(capfd.readouterr())
    assert "parsing config with SHA512: " in log
    assert "hush" not in log


@pytest.mark.parametrize("platform", ["metal", *WITHOUT_NETWORK])
def test_offline_platform_without_config_caches_an_empty_one(
    platform: str, machine: Machine
) -> None:
    if platform != "metal":
        WITHOUT_NETWORK[platform](machine, b"")
    assert run(machine, "fetch-offline", platform=platform) == 0
    assert cached(machine)["passwd"] == {}
    assert sources(machine) == ["system"]
    assert not (machine.folder / "run/neednet").exists()


@pytest.mark.parametrize("platform", WITHOUT_NETWORK)
def test_user_data_that_is_no_config_fails_the_phase(platform: str, machine: Machine) -> None:
    WITHOUT_NETWORK[platform](machine, b"\x1f\x8b\x08\x00 packed")
    assert run(machine, "fetch-offline", platform=platform) == 1
    assert cached(machine) is None
    assert not (machine.folder / "run/neednet").exists()


@pytest.mark.parametrize(("platform", "attach"), DRIVES.items(), ids=DRIVES)
def test_unreadable_file_on_a_drive(
    platform: str, attach: Callable[[Machine, bytes], None], machine: Machine
) -> None:
    """A directory is in its place. Only Proxmox VE has a second file to try."""
    attach(machine, b"")
    for found in (machine.folder / "drives").rglob("user*data"):
        os.unlink(found)
        found.mkdir()
    machine.settings.wait_fetch = 1
    if platform in ("proxmoxve", "ibmcloud"):
        assert platforms.provider(platform).fetch(machine.context()) == b""
        assert "Is a directory" in "\n".join(machine.lines)
        return
    with pytest.raises(Failure) as caught:
        platforms.provider(platform).fetch(machine.context())
    assert "Is a directory" in caught.value.text + caught.value.hint


@pytest.mark.parametrize("platform", providers.MODULES)
def test_platforms_that_can_delete_their_config(platform: str) -> None:
    can_delete = platforms.with_delete(platform) is not None
    assert can_delete == (platform in ("virtualbox", "vmware"))
