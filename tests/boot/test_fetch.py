# SPDX-License-Identifier: Apache-2.0
"""First boots with remote resources: network on demand, and TLS with a CA from the config."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path

from ignition.base.journal import FETCHED_CONFIG
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer
from tests.support.boot import Boot

HOST = "10.0.2.2"
"""This machine, as the guest sees it."""
TEXT = b"fetched, unpacked and verified\n" * 1000


def test_configs_and_files_come_by_https(boot: Boot, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    inline = "data:;base64," + base64.b64encode(authority.pem).decode()
    with HttpServer(tls=authority.issue(HOST)) as server:
        contents = {
            "source": server.url("/file", HOST),
            "compression": "gzip",
            "verification": {"hash": f"sha512-{hashlib.sha512(TEXT).hexdigest()}"},
        }
        child = {
            "ignition": {"version": "3.0.0"},
            "storage": {
                "files": [{"path": "/etc/child", "mode": 384, "contents": {"source": "data:,c"}}]
            },
        }
        config = {
            "ignition": {
                "version": "3.4.0",
                "config": {"merge": [{"source": server.url("/child?token=hush", HOST)}]},
                "security": {"tls": {"certificateAuthorities": [{"source": inline}]}},
            },
            "storage": {"files": [{"path": "/etc/parent", "contents": contents}]},
        }
        server.answer("/child", [Answer(503), Answer(body=json.dumps(child).encode())])
        broken = Answer(body=zlib.compress(TEXT, wbits=31), cut=20, reset=True)
        server.answer("/file", [broken, Answer(body=zlib.compress(TEXT, wbits=31))])
        result = boot(
            config=config,
            paths=["/etc/child", "/etc/parent"],
            script="ls /run/ignition; ip -brief address",
        )
        assert server.paths() == ["/child", "/child", "/file", "/file"]
    assert result.file("/etc/parent").data == TEXT
    assert result.file("/etc/child").text == "c"
    assert result.file("/etc/child").mode == 0o600
    log = result.log("ignition")
    reason = "asking for the network: resource requires networking: https://10.0.2.2"
    assert reason in log
    assert "user config from qemu: /ignition/config/merge/0" in log
    assert "hush" not in log
    assert "provider-config" not in result.script.output
    told = [entry for entry in result.journal if entry.get("MESSAGE_ID") == FETCHED_CONFIG]
    assert [
        [entry[f"IGNITION_CONFIG_{name}"] for name in ("TYPE", "SRC", "REFERENCED")]
        for entry in told
    ] == [["base", "system", "false"], ["user", "qemu", "false"], ["user", "/child", "true"]]
    assert result.report is not None
    sources = [source["source"] for source in result.report["engine"]["sources"]]
    assert sources == ["user config from qemu", server.url("/child", HOST)]


def test_untrusted_server_is_refused_with_the_reason(boot: Boot, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with HttpServer({"/c": b"{}"}, tls=authority.issue(HOST)) as server:
        url = server.url("/c", HOST)
        result = boot(
            cmdline=f"ignition.config.url={url} ignition.wait.fetch=10", expect="emergency"
        )
        assert server.requests == []
    assert "certificate is not trusted" in result.console
    assert "IGN4006" in result.console
