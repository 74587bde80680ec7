# SPDX-License-Identifier: Apache-2.0
"""First boots in clouds: QEMU's network forwards 169.254.169.254 to a fake metadata service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer
from ignition.testbed.metadata import FAKES
from ignition.testbed.metadata.packet import Packet
from tests.support.boot import Boot

CONFIG = {
    "ignition": {"version": "3.4.0"},
    "storage": {"files": [{"path": "/etc/from-the-cloud", "contents": {"source": "data:,yes"}}]},
}


BY_NAME = {"packet": "metadata.packet.net"}
"""Platforms whose service has a name and a certificate."""


@pytest.mark.parametrize(
    "platform",
    [
        *("aws", "azure", "gcp"),
        # Like aws without the token; tests/unit/providers has them at their real address.
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("digitalocean", "openstack")),
    ],
)
def test_config_from_the_metadata_service(platform: str, boot: Boot) -> None:
    service = FAKES[platform](json.dumps(CONFIG).encode())
    with HttpServer(service=service.answer) as server:
        # In clouds the service may start after the machine.
        server.first(service.path, Answer(503))
        result = boot(
            metadata=server.port,
            cmdline=f"ignition.platform.id={platform}",
            paths=["/etc/from-the-cloud"],
        )
    assert result.file("/etc/from-the-cloud").text == "yes"


def test_packet_by_name_and_https_with_an_event_after_each_phase(
    boot: Boot, tmp_path: Path
) -> None:
    name, authority = BY_NAME["packet"], Authority(tmp_path)
    service = Packet(json.dumps(CONFIG).encode(), home=f"https://{name}/phone-home")
    with HttpServer(service=service.answer, tls=authority.issue(name)) as server:
        server.first(service.path, Answer(503))
        result = boot(
            metadata=server.port,
            cmdline="ignition.platform.id=packet",
            initramfs={
                "/etc/hosts": f"169.254.169.254 {name}\n".encode(),
                "/etc/ssl/certs/ca-certificates.crt": authority.pem,
            },
            paths=["/etc/from-the-cloud"],
        )
    assert result.file("/etc/from-the-cloud").text == "yes"
    assert {seen.headers["host"] for seen in server.requests} == {name}
    # No event after fetch-offline, which has no network. No phase is skipped, although most are idle.
    assert service.events == [
        {"state": "running", "message": f"[{phase}] Ignition status: finished successfully"}
        for phase in ("fetch", "kargs", "disks", "mount", "files", "umount")
    ]
    assert "failed to report status" not in result.log("ignition")
