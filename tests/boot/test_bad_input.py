# SPDX-License-Identifier: Apache-2.0
"""Bad input stops the boot with a cause, a code and a position on the console."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.testbed.httpserver import Answer, HttpServer
from tests.support.boot import Boot, BootResult

V = {"ignition": {"version": "3.6.0"}}
HELLO = {
    **V,
    "storage": {"files": [{"path": "/etc/hello", "contents": {"source": "data:,hi"}}]},
}


def console_of(result: BootResult) -> str:
    """The console without colours and carriage returns."""
    text = result.console.replace("\r", "")
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m"):
        text = text.replace(code, "")
    return text


def assert_refused(result: BootResult, phase: str, *texts: str) -> None:
    """The console names the phase and every text; nothing was provisioned."""
    console = console_of(result)
    assert f"Ignition failed in phase {phase}:" in console
    for text in texts:
        assert text in console, f"not on the console: {text}\n{console[-4000:]}"
    assert "Traceback" not in console


@pytest.mark.parametrize(
    ("config", "texts"),
    [
        pytest.param(
            '{\n  "ignition": {"version": "3.6.0"},\n  "storage": {,}\n}',
            ("IGN10", "user config from qemu:3:", "invalid character ','"),
            id="not-json",
        ),
        pytest.param(
            '{"ignition": {"version": "3.6.0"},\n "storage": {"files": {"path": "/a"}}}',
            ("IGN10", "user config from qemu:2:"),
            id="wrong-shape",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"ignition": {"version": "3.99.0"}},
            ("IGN10", "unsupported config version", "3.99.0"),
            id="unknown-version",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_an_invalid_config_is_refused(boot: Boot, config: Any, texts: tuple[str, ...]) -> None:
    result = boot(config=config, network=False, expect="emergency")
    assert_refused(result, "fetch-offline", *texts)


def test_a_missing_config_url_is_refused(boot: Boot) -> None:
    with HttpServer() as server:
        url = server.url("/none.ign?token=secret", host="10.0.2.2")
        result = boot(cmdline=f"ignition.config.url={url}", expect="emergency")
        assert server.paths() == ["/none.ign"]
    assert_refused(result, "fetch", "IGN4", "resource not found", "/none.ign")
    assert "secret" not in result.log("ignition")


def test_a_config_url_that_fails_three_times_is_retried(boot: Boot) -> None:
    import json

    answers = [Answer(500), Answer(500), Answer(500), Answer(body=json.dumps(HELLO).encode())]
    with HttpServer({"/c.ign": answers}) as server:
        url = server.url("/c.ign", host="10.0.2.2")
        result = boot(cmdline=f"ignition.config.url={url}", paths=["/etc/hello"])
        assert len(server.requests) == 4
    assert result.file("/etc/hello").text == "hi"


@pytest.mark.slow
def test_a_config_url_that_never_responds_times_out(boot: Boot) -> None:
    with HttpServer({"/c.ign": Answer(delay=3600)}) as server:
        url = server.url("/c.ign", host="10.0.2.2")
        result = boot(
            cmdline=f"ignition.config.url={url} ignition.wait.fetch=15", expect="emergency"
        )
        assert server.requests
    assert_refused(result, "fetch", "IGN4", "/c.ign")


def test_a_disk_that_does_not_exist_is_named(boot: Boot) -> None:
    config = {
        **V,
        "storage": {"disks": [{"device": "/dev/vdz", "partitions": [{"number": 1}]}]},
    }
    result = boot(config=config, cmdline="ignition.wait.device=5", expect="emergency")
    assert_refused(result, "disks", "IGN2", "/dev/vdz", "/storage/disks/0")


def test_a_partition_that_does_not_fit_changes_nothing(boot: Boot) -> None:
    config = {
        **V,
        "storage": {
            "disks": [
                {
                    "device": "/dev/vdb",
                    "wipeTable": True,
                    "partitions": [{"number": 1, "label": "big", "sizeMiB": 100000}],
                }
            ]
        },
    }
    result = boot(config=config, disks=[64], expect="emergency")
    assert_refused(result, "disks", "IGN2", "/storage/disks/0/partitions/0")
    with result.disks[1].open("rb") as disk:
        assert not any(disk.read(1 << 20)), "the disk was written to"


@pytest.mark.parametrize(
    ("cmdline", "text"),
    [
        pytest.param(
            "ignition.platform.id=", "is not a valid platform", id="none", marks=pytest.mark.slow
        ),
        pytest.param("ignition.platform.id=qemo", "qemo is not a valid platform", id="unknown"),
    ],
)
def test_an_unknown_platform_is_refused_with_a_list(boot: Boot, cmdline: str, text: str) -> None:
    result = boot(config=HELLO, cmdline=cmdline, network=False, expect="emergency")
    console = console_of(result)
    assert text in console
    assert "IGN6003" in console
    assert "digitalocean" in console


def test_a_root_that_cannot_be_written_is_refused(boot: Boot) -> None:
    result = boot(config=HELLO, network=False, write_protected=True, expect="emergency")
    console = console_of(result)
    assert "IGN6220  /sysroot cannot be made writable" in console
    assert "write-protected" in console


@pytest.mark.parametrize(
    "config",
    [pytest.param(b"", id="empty", marks=pytest.mark.slow), pytest.param(None, id="none")],
)
def test_a_machine_without_a_config_boots(boot: Boot, config: bytes | None) -> None:
    result = boot(config=config, network=False)
    assert result.report is not None
    assert result.report["userConfigProvided"] is False
