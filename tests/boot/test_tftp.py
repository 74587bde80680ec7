# SPDX-License-Identifier: Apache-2.0
"""A first boot with a config and a file from TFTP, as in a network boot."""

from __future__ import annotations

import hashlib
import json

from tests.support.boot import Boot
from tests.support.tftp_server import Fault, TftpServer

HOST = "10.0.2.2"
"""This machine, as the guest sees it."""
VERSION = {"version": "3.4.0"}


def test_config_and_file_over_tftp(boot: Boot) -> None:
    data = bytes(range(256)) * 1000
    with TftpServer({"/pxe/data": data}, faults=[Fault(silent=True)]) as server:
        digest = hashlib.sha512(data).hexdigest()
        contents = {
            "source": server.url("/pxe/data", HOST),
            "verification": {"hash": f"sha512-{digest}"},
        }
        files = [{"path": "/etc/data", "contents": contents}]
        child = {"ignition": VERSION, "storage": {"files": files}}
        server.serve("/pxe/child.ign", json.dumps(child).encode())
        merge = [{"source": server.url("/pxe/child.ign", HOST)}]
        result = boot(
            config={"ignition": {**VERSION, "config": {"merge": merge}}}, paths=["/etc/data"]
        )
    assert result.file("/etc/data").data == data
    assert server.delivered == ["/pxe/child.ign", "/pxe/data"]
