# SPDX-License-Identifier: Apache-2.0
"""Platforms whose config comes by HTTP, each against its service at the real address.

The fakes refuse what the clouds refuse, so that a config that arrives was asked for rightly.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ignition.acquisition import platforms
from ignition.base.errors import Failure, InvalidConfig
from ignition.config.parse import parse
from ignition.providers import first_source
from ignition.testbed.httpserver import Answer, HttpServer
from ignition.testbed.metadata import FAKES
from tests.support import network
from tests.unit.providers.clouds import (
    RACING,
    asked,
    context,
    fake,
    fetch,
    later,
    needs_network,
    run,
    served,
)

Machine = Any
CONFIG = b'{"ignition": {"version": "3.4.0"}, "secret": "hush"}\n'
ALL = sorted(FAKES)
ALONE = [name for name in ALL if name not in RACING]
"""Platforms with a single source, whose failure is final."""
TOKEN = {
    "akamai": ["PUT /v1/token"],
    "aws": ["PUT /latest/api/token"],
}
"""Requests before the one for user data."""
BASE64 = ("akamai", "azure", "oraclecloud")
NOT_FOUND_IS_FATAL = ("akamai", "digitalocean", "packet")
ASKED_AGAIN = {"azure": (404, 410, 429), "oraclecloud": (429,)}
pytestmark = needs_network


@pytest.fixture(autouse=True)
def _short_race(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_source, "GRACE_PERIOD", 0.2)
    monkeypatch.setattr(first_source, "POLL_INTERVAL", 0.05)


def sources(machine: Machine) -> list[str]:
    """The sources of the configs in the state."""
    state = json.loads((machine.folder / "run/state").read_text())
    return [entry["source"] for entry in state["fetchedConfigs"]]


def failure_of(platform: str, machine: Machine, **options: int) -> Failure:
    with pytest.raises(Failure) as caught:
        fetch(platform, machine, **options)
    return caught.value


@pytest.mark.parametrize("platform", ALL)
def test_config_is_returned_unchanged(platform: str, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        assert fetch(platform, machine) == CONFIG
        assert asked(server) == [*TOKEN.get(platform, []), f"GET {service.path}"]
    assert "hush" not in "\n".join(machine.lines), "a config is never logged"


@pytest.mark.parametrize("platform", [name for name in ALL if name != "azure"])
def test_machine_without_a_config(platform: str, machine: Machine) -> None:
    with served(platform, fake(platform, None), machine):
        assert fetch(platform, machine) == b""


@pytest.mark.parametrize("platform", [name for name in ALL if name not in ASKED_AGAIN])
def test_404_is_no_config_or_an_error_with_a_hint(platform: str, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.answer(service.path, Answer(404))
        if platform not in NOT_FOUND_IS_FATAL:
            assert fetch(platform, machine) == b""
            return
        failure = failure_of(platform, machine)
    assert failure.code == "IGN5501"
    assert "another platform" in failure.hint


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("platform", ALONE)
def test_refusal_is_final_and_names_url_and_status(
    platform: str, status: int, machine: Machine
) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.answer(service.path, Answer(status))
        failure = failure_of(platform, machine)
    assert failure.code == "IGN4005"
    assert service.path in failure.text
    assert str(status) in failure.hint
    assert str(failure.origin) == f"user config from {platform}"


@pytest.mark.parametrize("platform", RACING)
def test_refusal_leaves_the_drive(platform: str, machine: Machine) -> None:
    machine.settings.wait_fetch = 1
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.answer(service.path, Answer(403))
        failure = failure_of(platform, machine)
    assert failure.code == "IGN5510"
    assert "no drive labelled config-2" in failure.hint
    assert "403" in failure.hint


@pytest.mark.parametrize("again", [Answer(503), Answer(hang_up=True)], ids=["503", "hangs up"])
@pytest.mark.parametrize("platform", ALL)
def test_temporary_server_errors_are_retried(
    platform: str, again: Answer, machine: Machine
) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.first(service.path, Answer(500), again)
        assert fetch(platform, machine) == CONFIG
        assert asked(server).count(f"GET {service.path}") == 3
    if platform not in RACING:
        assert machine.now == pytest.approx(0.2 + 0.4)


@pytest.mark.parametrize(
    ("platform", "status"),
    [(name, status) for name in ALL for status in ASKED_AGAIN.get(name, ())],
)
def test_not_ready_statuses_are_retried(platform: str, status: int, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.first(service.path, Answer(status))
        assert fetch(platform, machine) == CONFIG


@pytest.mark.parametrize("platform", [*TOKEN, "gcp"])
def test_silent_service_is_retried(platform: str, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.first(service.path, Answer(body=b"late", delay=1.5))
        assert fetch(platform, machine, headers=1) == CONFIG


@pytest.mark.parametrize("platform", ALONE)
def test_total_timeout_ends_the_fetch(platform: str, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.answer(service.path, Answer(500))
        failure = failure_of(platform, machine, total=5)
    assert failure.code == "IGN4006"
    assert "500" in failure.hint


@pytest.mark.parametrize("platform", ["aws", "openstack"])
def test_late_network(platform: str, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    machine.settings.platform = platform
    with network.own_network():
        ctx = context(platform, machine)
        ctx.sleep = time.sleep
        server = HttpServer(host="0.0.0.0", port=80, service=service.answer)

        def bring_up() -> None:
            network.add_address(service.address)

        with server:
            thread = later(0.5, bring_up)
            assert platforms.provider(platform).fetch(ctx) == CONFIG
            thread.join()
    assert any("network is unreachable" in line for line in machine.lines)


@pytest.mark.parametrize("platform", ALL)
def test_web_page_in_place_of_a_config(platform: str, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.answer(service.path, b"<html><body>please log in</body></html>")
        if platform in BASE64:
            assert failure_of(platform, machine).code == "IGN5503"
            return
        page = fetch(platform, machine)
    with pytest.raises(InvalidConfig) as caught:
        parse(page, "user config")
    assert "HTML" in caught.value.findings[0].hint


@pytest.mark.parametrize(
    "text",
    [b"e30", b"e30=e30=", b"e3 0=", b"e-_=", "ключ".encode(), b"=e30", b'{"ignition": {}}'],
    ids=["no-padding", "two-in-one", "blank", "url-alphabet", "utf-8", "padding-first", "json"],
)
@pytest.mark.parametrize("platform", BASE64)
def test_invalid_base64(platform: str, text: bytes, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.answer(service.path, text)
        failure = failure_of(platform, machine)
    assert failure.code == "IGN5503"
    assert text.decode() not in f"{failure} {failure.hint}"


@pytest.mark.parametrize("platform", BASE64)
def test_line_ends_in_base64_are_ignored(platform: str, machine: Machine) -> None:
    service = fake(platform, CONFIG)
    with served(platform, service, machine) as server:
        server.answer(service.path, b"e3\r\n0=\n")
        assert fetch(platform, machine) == b"{}"


@pytest.mark.parametrize("platform", ALL)
def test_offline_phase_requires_the_network_and_writes_no_cache(
    platform: str, machine: Machine
) -> None:
    assert run(machine, "fetch-offline", platform=platform) == 0
    assert (machine.folder / "run/neednet").exists()
    assert not (machine.folder / "run/ignition.json").exists()


@pytest.mark.parametrize("platform", [name for name in ALL if name != "azure"])
def test_no_user_data_is_an_empty_config_without_an_entry(platform: str, machine: Machine) -> None:
    with served(platform, fake(platform, None), machine):
        base = machine.settings.metadata_base
        assert run(machine, "fetch", platform=platform, base=base) == 0
    cached = json.loads((machine.folder / "run/ignition.json").read_text())
    assert cached["ignition"]["version"] == "3.7.0-experimental"
    assert sources(machine) == ["system"]


def test_alias_is_the_platform(machine: Machine) -> None:
    with served("aws", fake("aws", CONFIG), machine):
        assert run(machine, "fetch", platform="ec2") == 0
    assert sources(machine) == ["system", "aws"]


@pytest.mark.parametrize("platform", ALL)
def test_environment_proxies_are_ignored(
    platform: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with served(platform, fake(platform, CONFIG), machine):
        assert fetch(platform, machine) == CONFIG
