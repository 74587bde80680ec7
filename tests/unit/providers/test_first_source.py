# SPDX-License-Identifier: Apache-2.0
"""OpenStack and CloudStack: a drive and a metadata service in parallel, with a fake `mount` that copies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.providers import first_source
from ignition.testbed.httpserver import Answer, HttpServer
from tests.support import network
from tests.unit.providers.clouds import asked, fake, fetch, later, needs_network, served

Machine = Any
CONFIG = b'{"ignition": {"version": "3.4.0"}}'
IPV6 = "fe80::a9fe:a9fe"
pytestmark = needs_network


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_source, "GRACE_PERIOD", 5.0)
    monkeypatch.setattr(first_source, "POLL_INTERVAL", 0.05)


@contextmanager
def ipv6_service(answer: Any) -> Iterator[HttpServer]:
    """A metadata service at the IPv6 link-local address on eth0, and none on IPv4."""
    with network.own_network("169.254.169.254"):
        network.add_link("eth0", "host")
        network.add_address(IPV6, "eth0")
        with HttpServer(host=f"{IPV6}%eth0", port=80, service=answer) as server:
            yield server


@pytest.mark.parametrize("label", ["config-2", "CONFIG-2"])
@pytest.mark.parametrize(
    ("platform", "path"),
    [
        ("openstack", "/openstack/latest/user_data"),
        ("brightbox", "/openstack/latest/user_data"),
        ("cloudstack", "/cloudstack/userdata/user_data.txt"),
    ],
)
def test_config_on_the_drive_alone(platform: str, path: str, label: str, machine: Machine) -> None:
    machine.settings.platform = platform
    machine.attach(label, {path: CONFIG})
    with network.own_network():
        assert fetch(platform, machine) == CONFIG
    assert f"the config comes from {label}" in machine.lines
    assert not list(Path(machine.settings.run_dir).iterdir()), "no mount point is left"


@pytest.mark.parametrize("platform", ["openstack", "cloudstack"])
@pytest.mark.parametrize("kind", ["404", "empty"])
def test_empty_service_leaves_time_for_the_drive(
    platform: str, kind: str, machine: Machine
) -> None:
    path = "/openstack/latest/user_data"
    if platform == "cloudstack":
        path = "/cloudstack/userdata/user_data.txt"
    service = fake(platform, None if kind == "404" else b"")
    with served(platform, service, machine):
        machine.attach("config-2", {path: CONFIG})
        assert fetch(platform, machine) == CONFIG


def test_empty_drive_leaves_time_for_the_service(machine: Machine) -> None:
    machine.attach("config-2", {})
    service = fake("openstack", CONFIG)
    with served("openstack", service, machine) as server:
        server.first(service.path, Answer(503))
        assert fetch("openstack", machine) == CONFIG
    assert "config-2 has no config" in machine.lines


def test_no_source_has_a_config(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_source, "GRACE_PERIOD", 0.5)
    machine.attach("config-2", {})
    begin = time.monotonic()
    with served("openstack", fake("openstack", None), machine):
        assert fetch("openstack", machine) == b""
    assert time.monotonic() - begin >= first_source.GRACE_PERIOD, (
        "the drive CONFIG-2 might have come"
    )


def test_empty_answer_counts_even_with_a_shorter_limit(machine: Machine) -> None:
    machine.settings.wait_fetch = 1
    with served("openstack", fake("openstack", None), machine):
        assert fetch("openstack", machine) == b""


def test_both_sources_have_a_config(machine: Machine) -> None:
    machine.attach("config-2", {"/openstack/latest/user_data": b"drive"})
    with served("openstack", fake("openstack", b"service"), machine):
        assert fetch("openstack", machine) in (b"drive", b"service")


def test_threads_stop_when_the_search_is_over(machine: Machine) -> None:
    machine.attach("config-2", {"/openstack/latest/user_data": CONFIG})
    service = fake("openstack", CONFIG)
    with served("openstack", service, machine) as server:
        server.answer(service.path, Answer(503))
        assert fetch("openstack", machine) == CONFIG
        time.sleep(1.5)
        assert len(server.requests) <= 2


def test_drive_that_cannot_be_mounted(machine: Machine) -> None:
    machine.attach("config-2", {})
    machine.program("mount", "echo bad superblock >&2; exit 32")
    service = fake("openstack", CONFIG)
    with served("openstack", service, machine) as server:
        server.first(service.path, Answer(503), Answer(503))
        assert fetch("openstack", machine) == CONFIG
    assert any("no config from config-2" in line for line in machine.lines)


def test_all_sources_failed_is_no_config_as_in_ignition(machine: Machine) -> None:
    for label in ("config-2", "CONFIG-2"):
        machine.attach(label, {})
    machine.program("mount", "exit 32")
    service = fake("openstack", CONFIG)
    with served("openstack", service, machine) as server:
        server.answer(service.path, Answer(403))
        assert fetch("openstack", machine) == b""


def test_wait_is_announced_and_bounded(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ignition.resource.watch.ANNOUNCE_INTERVAL", 0.3)
    machine.settings.wait_fetch = 1
    with network.own_network(), pytest.raises(Failure) as caught:
        fetch("openstack", machine)
    assert caught.value.code == "IGN5510"
    assert "no drive labelled config-2" in caught.value.hint
    assert any(line.startswith("waiting 0 s for a drive labelled") for line in machine.progress)


def test_openstack_by_ipv6(machine: Machine) -> None:
    service = fake("openstack", CONFIG)
    with ipv6_service(service.answer) as server:
        assert fetch("openstack", machine) == CONFIG
        assert asked(server) == [f"GET {service.path}"]
        host = server.requests[0].headers["host"]
    assert host == f"[{IPV6}]", "the zone is this machine's own business"


def test_openstack_404_by_ipv4_and_a_config_by_ipv6(machine: Machine) -> None:
    with (
        ipv6_service(fake("openstack", CONFIG).answer),
        HttpServer(host="169.254.169.254", port=80),
    ):
        assert fetch("openstack", machine) == CONFIG


def test_late_interface_is_asked_too(machine: Machine) -> None:
    service = fake("openstack", CONFIG)

    def bring_up() -> None:
        network.add_link("eth0", "host")
        network.add_address(IPV6, "eth0")

    with (
        network.own_network(),
        HttpServer(host="::", port=80, service=service.answer),
    ):
        thread = later(0.3, bring_up)
        assert fetch("openstack", machine) == CONFIG
        thread.join()


def test_late_dhcp_lease(machine: Machine) -> None:
    service = fake("cloudstack", CONFIG)
    with served("cloudstack", service, machine):
        lease = machine.folder / "leases/2"
        text = lease.read_text()
        lease.write_text("ADDRESS=10.1.1.7\n")
        machine.write("leases/11", text.encode())
        assert fetch("cloudstack", machine) == CONFIG
    assert "the DHCP server is 10.1.1.1" in machine.lines
