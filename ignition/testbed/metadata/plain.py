# SPDX-License-Identifier: Apache-2.0
"""Services that only need a GET of one path."""

from __future__ import annotations

from ignition.testbed.httpserver import Answer, Seen
from ignition.testbed.metadata.service import LINK_LOCAL, NOT_FOUND, WRONG_METHOD, found


class Plain:
    """Without user data: 404."""

    address = LINK_LOCAL
    path = ""

    def __init__(self, user_data: bytes | None) -> None:
        self.user_data = user_data

    def answer(self, seen: Seen) -> Answer:
        if seen.method != "GET":
            return WRONG_METHOD
        return found(self.user_data) if seen.target == self.path else NOT_FOUND


class Exoscale(Plain):
    path = "/1.0/user-data"


class Hetzner(Plain):
    path = "/hetzner/v1/userdata"


class UpCloud(Plain):
    path = "/metadata/v1/user_data"


class Vultr(Plain):
    path = "/user-data/user-data"


class OpenStack(Plain):
    """nova-api-metadata on IPv4. On IPv6 it has a link-local address and the same path."""

    path = "/openstack/latest/user_data"


class CloudStack(Plain):
    """The web server of the virtual router, which is also the DHCP server."""

    address = "10.1.1.1"
    path = "/latest/user-data"


class DigitalOcean(Plain):
    """Without user data: an empty response. Other paths: 404."""

    path = "/metadata/v1/user-data"

    def answer(self, seen: Seen) -> Answer:
        answer = super().answer(seen)
        if seen.target == self.path and self.user_data is None and seen.method == "GET":
            return Answer(200, b"", {"Content-Type": "text/plain"})
        return answer
