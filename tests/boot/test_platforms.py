# SPDX-License-Identifier: Apache-2.0
"""First boots in clouds: an emulated network leads from 169.254.169.254 to a service that plays them."""

from __future__ import annotations

import json

import pytest

from ignition.testbed.boot import Boot
from ignition.testbed.httpserver import Answer, HttpServer
from ignition.testbed.metadata import FAKES

CONFIG = {
    "ignition": {"version": "3.4.0"},
    "storage": {"files": [{"path": "/etc/from-the-cloud", "contents": {"source": "data:,yes"}}]},
}


@pytest.mark.parametrize("platform", ["aws", "azure", "gcp", "digitalocean", "openstack"])
def test_config_from_the_metadata_service(platform: str, boot: Boot) -> None:
    service = FAKES[platform](json.dumps(CONFIG).encode())
    with HttpServer(service=service.answer) as server:
        # A service that is not up yet is part of the life of clouds.
        server.first(service.path, Answer(503))
        result = boot(
            metadata=server.port,
            cmdline=f"ignition.platform.id={platform}",
            paths=["/etc/from-the-cloud"],
        )
    assert result.file("/etc/from-the-cloud").text == "yes"
