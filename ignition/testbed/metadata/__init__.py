# SPDX-License-Identifier: Apache-2.0
"""Fake metadata services of clouds, written from their documentation: `FAKES[platform](user_data)`.

A fake checks the whole request and refuses what its cloud refuses. `user_data` is what the owner of the
machine gave to the platform, or None; the fake encodes it as its cloud does.

    fake = FAKES["aws"](b'{"ignition": {"version": "3.0.0"}}')
    with HttpServer(host=fake.address, port=80, service=fake.answer) as server: ...

The address is that of the real service: bind it in a separate network namespace.
"""

from __future__ import annotations

from ignition.testbed.metadata.akamai import Akamai
from ignition.testbed.metadata.aliyun import Aliyun
from ignition.testbed.metadata.aws import Aws
from ignition.testbed.metadata.azure import Azure
from ignition.testbed.metadata.gcp import Gcp
from ignition.testbed.metadata.oraclecloud import OracleCloud
from ignition.testbed.metadata.packet import Packet
from ignition.testbed.metadata.plain import (
    CloudStack,
    DigitalOcean,
    Exoscale,
    Hetzner,
    OpenStack,
    UpCloud,
    Vultr,
)
from ignition.testbed.metadata.scaleway import Scaleway
from ignition.testbed.metadata.service import Fake, FakeOf

FAKES: dict[str, FakeOf] = {
    "akamai": Akamai,
    "aliyun": Aliyun,
    "aws": Aws,
    "azure": Azure,
    "brightbox": OpenStack,
    "cloudstack": CloudStack,
    "digitalocean": DigitalOcean,
    "exoscale": Exoscale,
    "gcp": Gcp,
    "hetzner": Hetzner,
    "openstack": OpenStack,
    "oraclecloud": OracleCloud,
    "packet": Packet,
    "scaleway": Scaleway,
    "upcloud": UpCloud,
    "vultr": Vultr,
}
"""Platform id -> fake."""

__all__ = ["FAKES", "Fake", "FakeOf"]
