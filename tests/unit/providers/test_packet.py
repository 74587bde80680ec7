# SPDX-License-Identifier: Apache-2.0
"""Equinix Metal: https, and status reports that never change the result of a phase."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ignition.engine import status
from ignition.providers import packet
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer
from ignition.testbed.metadata.packet import Packet
from tests.unit.providers.clouds import run

Machine = Any
CONFIG = {"ignition": {"version": "3.4.0"}, "kernelArguments": {"shouldExist": ["a"]}}


@pytest.fixture
def service() -> Iterator[tuple[Packet, HttpServer]]:
    played = Packet(json.dumps(CONFIG).encode())
    with HttpServer(service=played.answer) as server:
        played.home = server.url("/phone-home")
        yield played, server


def test_https_with_the_system_certificates(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with HttpServer(service=Packet(b"{}").answer, tls=authority.issue("127.0.0.1")) as server:
        machine.settings.metadata_base = server.url()
        assert packet.fetch(machine.context()) == b"{}"


@pytest.mark.parametrize("platform", ["packet", "equinix"])
def test_each_phase_is_reported(
    platform: str, service: tuple[Packet, HttpServer], machine: Machine
) -> None:
    played, server = service
    machine.program("ignition-kargs-helper", "exit 0")
    assert run(machine, "fetch", "kargs", "mount", base=server.url(), platform=platform) == 0
    assert played.events == [
        {"state": "running", "message": f"[{phase}] Ignition status: finished successfully"}
        for phase in ("fetch", "kargs", "mount")
    ]
    assert not list((machine.folder / "run").glob("idle-*")), "no phase is skipped here"


def test_failed_phase_is_reported_with_its_cause(
    service: tuple[Packet, HttpServer], machine: Machine
) -> None:
    played, server = service
    machine.program("ignition-kargs-helper", "exit 1")
    assert run(machine, "fetch", "kargs", "mount", base=server.url()) == 1
    assert [event["state"] for event in played.events] == ["running", "failed"]
    assert played.events[1]["message"].startswith("[kargs] Ignition error: ")


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/events", Answer(500)),
        ("/events", Answer(403)),
        ("/events", Answer(404)),
        ("/metadata", Answer(404)),
        ("/metadata", Answer(body=b"")),
        ("/metadata", Answer(body=b"[1]")),
        ("/metadata", Answer(body=b'{"phone_home_url": 5}')),
        ("/metadata", Answer(body=b'{"phone_home_url": "file:///etc/passwd"}')),
    ],
    ids=["e500", "e403", "e404", "m404", "empty", "list", "number", "file"],
)
def test_failed_report_changes_nothing(
    path: str,
    answer: Answer,
    machine: Machine,
    service: tuple[Packet, HttpServer],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    played, server = service
    monkeypatch.setattr(status, "LIMIT", 1)
    server.answer(path, answer)
    assert run(machine, "fetch", base=server.url()) == 0
    assert played.events == []
    assert "failed to report status to packet" in capfd.readouterr().out


def test_offline_phase_does_not_report(
    service: tuple[Packet, HttpServer], machine: Machine
) -> None:
    _, server = service
    assert run(machine, "fetch-offline", base=server.url()) == 0
    assert server.requests == []
    assert (machine.folder / "run/neednet").exists()


def test_other_platforms_do_not_report(
    service: tuple[Packet, HttpServer], machine: Machine
) -> None:
    _, server = service
    assert run(machine, "fetch", base=server.url(), platform="metal") == 0
    assert server.requests == []
