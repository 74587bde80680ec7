# SPDX-License-Identifier: Apache-2.0
"""The initramfs has network only while a config needs it, and leaves no trace in the real root."""

from __future__ import annotations

import re

from ignition.testbed.httpserver import HttpServer
from tests.support.boot import Boot

HOST = "10.0.2.2"
"""This machine, as the guest sees it."""
VERSION = {"version": "3.4.0"}
LOOK = "cat /sys/class/net/e*/operstate; networkctl --no-pager --lines=0 status e*"


def test_a_config_without_urls_brings_no_interface_up(boot: Boot) -> None:
    result = boot(config={"ignition": VERSION}, script=LOOK)
    assert "ignition-network" not in result.log("systemd-networkd")
    assert re.search("network for the first boot (was )?skipped", result.log("systemd"))
    assert result.script.output.startswith("down\n")


def test_interfaces_are_restored_before_switch_root(boot: Boot) -> None:
    with HttpServer({"/file": b"fetched"}) as server:
        url = server.url("/file", HOST)
        files = [{"path": "/etc/fetched", "contents": {"source": url}}]
        result = boot(
            config={"ignition": VERSION, "storage": {"files": files}},
            paths=["/etc/fetched"],
            script=LOOK,
        )
    assert result.file("/etc/fetched").text == "fetched"
    assert "zz-ignition-default.network" in result.log("systemd-networkd")
    operstate, _, status = result.script.output.partition("\n")
    assert operstate == "down"
    assert "10.0.2." not in status
    assert "zz-ignition-default.network" not in status


def test_an_address_from_the_kernel_command_line(boot: Boot) -> None:
    with HttpServer({"/file": b"fetched"}) as server:
        url = server.url("/file", HOST)
        files = [{"path": "/etc/fetched", "contents": {"source": url}}]
        result = boot(
            config={"ignition": VERSION, "storage": {"files": files}},
            cmdline=f"ip=10.0.2.77::{HOST}:255.255.255.0:::none nameserver=10.0.2.3",
            paths=["/etc/fetched"],
            script=LOOK,
        )
        assert server.requests
    assert result.file("/etc/fetched").text == "fetched"
    # Not from DHCP. The real root reads the same command line, so it has the address too.
    assert "DHCPv4 address" not in result.log("systemd-networkd")


def test_a_machine_without_a_network_card_reports_it(boot: Boot) -> None:
    files = [{"path": "/etc/fetched", "contents": {"source": f"http://{HOST}:9/file"}}]
    result = boot(
        config={"ignition": VERSION, "storage": {"files": files}},
        network=False,
        cmdline="ignition.wait.network=2 ignition.wait.fetch=3",
        expect="emergency",
    )
    assert "no network address after 2 s: there is no wired network interface" in result.console
    assert "Ignition stopped this boot:" in result.console
    assert "IGN4006" in result.console
