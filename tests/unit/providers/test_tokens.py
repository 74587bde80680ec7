# SPDX-License-Identifier: Apache-2.0
"""Peculiarities of single clouds: tokens, source ports, IPv6, gzip."""

from __future__ import annotations

import gzip
import socket
from typing import Any

import pytest

from ignition.base.errors import Failure, NotFound
from ignition.resource import source_port
from ignition.testbed.httpserver import Answer, HttpServer
from ignition.testbed.metadata import FAKES
from ignition.testbed.metadata.aliyun import Aliyun
from ignition.testbed.metadata.aws import TOKEN, Aws
from tests.support import network
from tests.unit.providers.clouds import asked, fake, fetch, needs_network, served

Machine = Any
CONFIG = b'{"ignition": {"version": "3.4.0"}}'
TOKEN_PATHS = {"akamai": "/v1/token", "aws": "/latest/api/token", "aliyun": "/latest/api/token"}
pytestmark = needs_network


def service_with_tokens(platform: str) -> Any:
    if platform == "aliyun":
        return Aliyun(CONFIG, hardened=True)
    return FAKES[platform](CONFIG)


@pytest.mark.parametrize("token", [b" \n", b"a\r\nX-More: b", b"\xff", b"a\0b"])
@pytest.mark.parametrize("platform", TOKEN_PATHS)
def test_empty_token_is_an_error(platform: str, token: bytes, machine: Machine) -> None:
    """The same for a token that is not valid in a header."""
    with served(platform, service_with_tokens(platform), machine) as server:
        server.answer(TOKEN_PATHS[platform], token)
        with pytest.raises(Failure) as caught:
            fetch(platform, machine)
    assert caught.value.code == "IGN5502"


@pytest.mark.parametrize("platform", TOKEN_PATHS)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_token_is_final(platform: str, status: int, machine: Machine) -> None:
    service = service_with_tokens(platform)
    with served(platform, service, machine) as server:
        server.answer(TOKEN_PATHS[platform], Answer(status))
        with pytest.raises(Failure) as caught:
            fetch(platform, machine)
        assert f"PUT {TOKEN_PATHS[platform]}" == asked(server)[-1]
    assert caught.value.code == "IGN4005"
    assert TOKEN_PATHS[platform] in caught.value.text


@pytest.mark.parametrize("platform", ["akamai", "aliyun"])
def test_missing_token_endpoint_is_an_error_off_aws(platform: str, machine: Machine) -> None:
    """AWS has services without tokens; elsewhere that must not pass for "no user data"."""
    with served(platform, service_with_tokens(platform), machine) as server:
        server.answer(TOKEN_PATHS[platform], Answer(404))
        with pytest.raises(NotFound) as caught:
            fetch(platform, machine)
        assert f"PUT {TOKEN_PATHS[platform]}" == asked(server)[-1]
    assert caught.value.code == "IGN4004"


@pytest.mark.parametrize("platform", TOKEN_PATHS)
def test_token_is_requested_each_time_and_never_logged(platform: str, machine: Machine) -> None:
    with served(platform, service_with_tokens(platform), machine) as server:
        server.first(TOKEN_PATHS[platform], Answer(500), Answer(502))
        assert fetch(platform, machine) == CONFIG
    assert "session" not in "\n".join(machine.lines)


def test_aws_falls_back_to_imdsv1(machine: Machine) -> None:
    with served("aws", Aws(CONFIG, v1=True), machine) as server:
        assert fetch("aws", machine) == CONFIG
        assert asked(server) == ["PUT /latest/api/token", "GET /2019-10-01/user-data"]
    assert "the metadata service has no tokens: falling back to IMDSv1" in machine.lines


def test_aws_token_follows_no_redirect(machine: Machine) -> None:
    with (
        served("aws", fake("aws", CONFIG), machine) as server,
        HttpServer({"/other": CONFIG}) as other,
    ):
        server.answer(
            "/2019-10-01/user-data", Answer(302, headers={"Location": other.url("/other")})
        )
        server.answer("/here", CONFIG)
        assert fetch("aws", machine) == CONFIG
        server.answer("/2019-10-01/user-data", Answer(302, headers={"Location": "/here"}))
        assert fetch("aws", machine) == CONFIG
        for sent in (other.requests[0].headers, server.requests[-1].headers):
            assert TOKEN not in str(sent)
            assert "x-aws-ec2-metadata-token" not in sent


def test_aws_with_ipv6_alone(machine: Machine) -> None:
    machine.settings.platform = "aws"
    with network.own_network():
        network.add_link("eth0", "cable")
        network.add_address("2001:db8::1", "eth0")
        network.add_address("fd00:ec2::254")
        with HttpServer(host="fd00:ec2::254", port=80, service=Aws(CONFIG).answer):
            assert fetch("aws", machine) == CONFIG


def test_aws_prefers_ipv4(machine: Machine) -> None:
    service = Aws(CONFIG)
    with served("aws", service, machine):
        network.add_link("eth0", "cable")
        network.add_address("2001:db8::1", "eth0")
        network.add_route("eth0")
        assert fetch("aws", machine) == CONFIG


def test_aliyun_hardened_instance_gets_a_token(machine: Machine) -> None:
    with served("aliyun", Aliyun(CONFIG, hardened=True), machine) as server:
        assert fetch("aliyun", machine) == CONFIG
        data, token = "GET /latest/user-data", "PUT /latest/api/token"
        assert asked(server) == [data, token, data]


def test_akamai_decompresses_gzip(machine: Machine) -> None:
    with served("akamai", fake("akamai", gzip.compress(CONFIG)), machine):
        assert fetch("akamai", machine) == CONFIG


def test_akamai_truncated_gzip(machine: Machine) -> None:
    service = fake("akamai", gzip.compress(CONFIG)[:-6])
    with served("akamai", service, machine), pytest.raises(Failure) as caught:
        fetch("akamai", machine)
    assert caught.value.code == "IGN4009"


@pytest.mark.parametrize("platform", sorted(set(FAKES) - {"akamai"}))
def test_gzip_is_not_decompressed_elsewhere(platform: str, machine: Machine) -> None:
    packed = gzip.compress(CONFIG)
    with served(platform, fake(platform, packed), machine):
        assert fetch(platform, machine) == packed


def test_scaleway_skips_ports_in_use(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_port, "LOWEST", 700)
    monkeypatch.setattr(source_port, "HIGHEST", 701)
    service = fake("scaleway", CONFIG)
    with served("scaleway", service, machine) as server, socket.socket() as other:
        other.bind(("", 700))
        assert fetch("scaleway", machine) == CONFIG
        assert [seen.peer[1] for seen in server.requests] == [701]


def test_scaleway_with_all_ports_in_use(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_port, "LOWEST", 700)
    monkeypatch.setattr(source_port, "HIGHEST", 700)
    with served("scaleway", fake("scaleway", CONFIG), machine), socket.socket() as other:
        other.bind(("", 700))
        with pytest.raises(Failure) as caught:
            fetch("scaleway", machine)
    assert caught.value.code == "IGN4030"


def test_gcp_requires_its_header(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    from ignition.providers import gcp

    monkeypatch.setattr(gcp, "FLAVOR", ("Metadata-Flavor", "Vanilla"))
    with served("gcp", fake("gcp", CONFIG), machine), pytest.raises(Failure) as caught:
        fetch("gcp", machine)
    assert "403" in caught.value.hint
