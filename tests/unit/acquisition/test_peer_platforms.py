# SPDX-License-Identifier: Apache-2.0
"""Ignition and this engine send the same requests to the service of a cloud, with the same outcome.

The same fake service answers both, at its real address. Differences are listed with their reasons.
Ignition here is release 2.14, which knows eleven of the clouds.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ignition.providers import first_source
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer
from ignition.testbed.metadata import FAKES, Fake
from ignition.testbed.metadata.packet import Packet
from ignition.testbed.programs import run
from tests.support import network, peer
from tests.unit.acquisition.comparison import CONFIG, Pair, Servers, differences

Change = Callable[[HttpServer, Fake], None]

CLOUDS = (
    "aliyun",
    "aws",
    "azure",
    "brightbox",
    "cloudstack",
    "digitalocean",
    "exoscale",
    "gcp",
    "openstack",
    "packet",
    "vultr",
)
RACING = ("brightbox", "cloudstack", "openstack")
"""These keep waiting for a drive if the service refuses."""
NAME = "metadata.packet.net"
HOME = f"https://{NAME}/phone-home"

pytestmark = [
    pytest.mark.skipif(not peer.engine(), reason=peer.MISSING),
    pytest.mark.skipif(bool(network.missing()), reason=network.missing()),
]


def as_it_is(server: HttpServer, service: Fake) -> None:
    """The service gives its usual answers."""


def always(answer: Answer | bytes) -> Change:
    return lambda server, service: server.answer(service.path, answer)


def first(*answers: Answer) -> Change:
    return lambda server, service: server.first(service.path, *answers)


SITUATIONS: dict[str, Change] = {
    "a config": as_it_is,
    "403": always(Answer(403)),
    "404": always(Answer(404)),
    "500 once": first(Answer(500)),
    "empty": always(b""),
    "HTML": always(b"<html><body>please log in</body></html>"),
}
MORE: dict[str, Change] = {
    "400": always(Answer(400)),
    "401": always(Answer(401)),
    "410": always(Answer(410)),
    "429": always(Answer(429)),
    "hangs up once": first(Answer(hang_up=True)),
    "204": always(Answer(204)),
    "206": always(Answer(206, CONFIG)),
    "blank": always(b"\n"),
    "cloud-config": always(b"#cloud-config\n{}\n"),
}
ENDLESS = {
    "azure": ("404", "empty"),  # it retries, or waits for a DVD
    **dict.fromkeys(RACING, ("403",)),
}
DIFFERENCES = {
    # The answer of an instance in security hardening mode, which hands out a token.
    ("aliyun", "403"): {"requests"},
    # Later releases of Ignition retry after these.
    ("azure", "404 once"): {"online", "cache", "configs", "modes", "requests"},
    ("azure", "410 once"): {"online", "cache", "configs", "modes", "requests"},
    ("azure", "429 once"): {"online", "cache", "configs", "modes", "requests"},
}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_source, "GRACE_PERIOD", 0.2)
    monkeypatch.setattr(first_source, "POLL_INTERVAL", 0.05)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Path:
    return authority.issue(NAME)


class Cloud:
    """The network of both machines with the address of the service, and for some platforms its discovery."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority, certificate: Path
    ) -> None:
        self._folder = folder
        self._certificate = certificate
        self._authorities = str(authority.certificate)
        monkeypatch.setenv("SSL_CERT_FILE", self._authorities)

    def machine(self, platform: str) -> Pair:
        environment = {"SSL_CERT_FILE": self._authorities}
        return Pair(self._folder, platform, environment=environment)

    @contextlib.contextmanager
    def network(self, platform: str) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(network.own_network(FAKES[platform].address))
            if platform == "packet":
                stack.enter_context(network.own_names({NAME: ["127.0.0.1"]}))
            if platform == "cloudstack":
                stack.enter_context(network.own_mounts())
                run(["mount", "-t", "tmpfs", "tmpfs", "/run"])
                leases = Path("/run/systemd/netif/leases")
                leases.mkdir(parents=True)
                address = FAKES[platform].address
                (leases / "1").write_text(f"ADDRESS=10.1.1.7\nSERVER_ADDRESS={address}\n")
            yield

    def servers(
        self, platform: str, change: Change = as_it_is, data: bytes | None = CONFIG
    ) -> Servers:
        @contextlib.contextmanager
        def serve() -> Iterator[Sequence[HttpServer]]:
            service = Packet(data, home=HOME) if platform == "packet" else FAKES[platform](data)
            tls = self._certificate if platform == "packet" else None
            port = 443 if tls else 80
            host = service.address
            with HttpServer(host=host, port=port, tls=tls, service=service.answer) as server:
                change(server, service)
                yield [server]

        return serve


@pytest.fixture
def cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority, certificate: Path
) -> Cloud:
    return Cloud(tmp_path, monkeypatch, authority, certificate)


def compared(platform: str, theirs: list[str], ours: list[str]) -> tuple[list[str], list[str]]:
    """The requests of both, without what always differs on this platform."""
    if platform == "aws":
        theirs = without_region(theirs)
    if platform == "packet":
        theirs, ours = ([without_wording(each) for each in side] for side in (theirs, ours))
    return theirs, ours


def without_region(requests: list[str]) -> list[str]:
    """Ignition asks for the region in every phase; this engine only for an s3: URL."""
    library = [index for index, each in enumerate(requests) if "user-agent=aws-sdk-go" in each]
    return requests[library[-1] + 1 :] if library else requests


def without_wording(request: str) -> str:
    """An event without the headers of Ignition's second client, and without the URL at the end of our
    message."""
    if not request.startswith("POST "):
        return request
    request = re.sub(r" (accept|accept-encoding|user-agent)=\S+", "", request)
    return re.sub(r": https:\S*\"", '"', request)


def check(cloud: Cloud, platform: str, name: str, change: Change, data: bytes | None) -> None:
    with cloud.network(platform):
        theirs, ours = cloud.machine(platform).boot(cloud.servers(platform, change, data))
    expected = set(DIFFERENCES.get((platform, name), set()))
    found = differences(theirs, ours) - {"requests"}
    seen = compared(platform, theirs.requests, ours.requests)
    assert found == expected - {"requests"}
    if "requests" in expected:
        assert seen[0] != seen[1]
    else:
        assert seen[0] == seen[1]
    assert theirs.neednet
    assert theirs.requests


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        (platform, name)
        for platform in CLOUDS
        for name in SITUATIONS
        if name not in ENDLESS.get(platform, ())
    ],
)
def test_same_requests_and_same_outcome(platform: str, name: str, cloud: Cloud) -> None:
    check(cloud, platform, name, SITUATIONS[name], CONFIG)


@pytest.mark.parametrize("name", MORE)
@pytest.mark.parametrize("platform", ["aws", "gcp"])
def test_same_requests_and_same_outcome_for_unusual_answers(
    platform: str, name: str, cloud: Cloud
) -> None:
    check(cloud, platform, name, MORE[name], CONFIG)


@pytest.mark.parametrize("platform", [name for name in CLOUDS if name != "azure"])
def test_instance_without_user_data(platform: str, cloud: Cloud) -> None:
    check(cloud, platform, "nothing", as_it_is, None)


@pytest.mark.parametrize("status", [404, 410, 429])
def test_azure_status_that_means_try_later(status: int, cloud: Cloud) -> None:
    check(cloud, "azure", f"{status} once", first(Answer(status)), CONFIG)


@pytest.mark.parametrize("status", [301, 307])
@pytest.mark.parametrize("platform", ["aws", "azure", "gcp"])
def test_redirect_to_another_host_drops_the_headers(
    platform: str, status: int, cloud: Cloud
) -> None:
    """After it, this engine still sends its User-Agent and Accept; Ignition sends those of its library."""

    def change(server: HttpServer, service: Fake) -> None:
        elsewhere = f"http://{service.address}:81/other"
        server.answer(service.path, Answer(status, headers={"Location": elsewhere}))

    data = b"e30=" if platform == "azure" else b"{}"

    @contextlib.contextmanager
    def servers() -> Iterator[Sequence[HttpServer]]:
        with (
            cloud.servers(platform, change)() as running,
            HttpServer({"/other": data}, host=FAKES[platform].address, port=81) as other,
        ):
            yield [*running, other]

    with cloud.network(platform):
        theirs, ours = cloud.machine(platform).boot(servers)
    assert differences(theirs, ours) == {"requests"}
    _, theirs_second = without_region(theirs.requests)[-2:]
    _, ours_second = ours.requests[-2:]
    for request in (theirs_second, ours_second):
        assert request.startswith("GET /other ")
        assert "metadata" not in request, "what only the service may see"
    assert "user-agent=Ignition" in ours_second


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("none, as in the first version", {"token": Answer(404), "data": Answer(body=CONFIG)}),
        ("refused by 400", {"token": Answer(400)}),
        ("refused by 401", {"token": Answer(401)}),
        ("refused by 403", {"token": Answer(403)}),
        ("wrong method", {"token": Answer(405)}),
    ],
)
def test_tokens_of_aws(name: str, answers: dict[str, Answer], cloud: Cloud) -> None:
    paths = {"token": "/latest/api/token", "data": "/2019-10-01/user-data"}

    def change(server: HttpServer, _: Fake) -> None:
        for which, answer in answers.items():
            server.answer(paths[which], answer)

    check(cloud, "aws", name, change, CONFIG)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"e30", id="unpadded"),
        pytest.param(b"e30=e30=", id="twice"),
        pytest.param(b"e3 0=", id="blank"),
        pytest.param(b"e-_=", id="url alphabet"),
        pytest.param(b"{}", id="json"),
        pytest.param(base64.encodebytes(CONFIG), id="lines"),
        pytest.param(base64.b64encode(base64.b64encode(CONFIG)), id="encoded twice"),
        pytest.param(base64.b64encode(gzip.compress(CONFIG)), id="gzip"),
    ],
)
def test_base64_of_azure(body: bytes, cloud: Cloud) -> None:
    check(cloud, "azure", "base64", always(body), CONFIG)


def test_backoff_between_retries(cloud: Cloud) -> None:
    """200 ms, doubling, plus the time that the machine takes."""
    times: list[list[float]] = []

    @contextlib.contextmanager
    def servers() -> Iterator[Sequence[HttpServer]]:
        change = first(Answer(503), Answer(500), Answer(599))
        with cloud.servers("gcp", change)() as running:
            yield running
            times.append([seen.time for seen in running[0].requests])

    with cloud.network("gcp"):
        theirs, ours = cloud.machine("gcp").boot(servers)
    assert theirs == ours
    for side in times:
        pauses = [after - before for before, after in itertools.pairwise(side)]
        for pause, expected in zip(pauses, (0.2, 0.4, 0.8), strict=True):
            assert 0.9 * expected < pause < expected + 0.4


@pytest.mark.parametrize(
    "answer", [Answer(503), Answer(body=CONFIG, pause=5)], ids=["errors", "half a body"]
)
def test_fetch_timeout_ends_the_retries(answer: Answer, cloud: Cloud) -> None:
    machine = cloud.machine("gcp")
    machine.fetch_timeout = 1
    with cloud.network("gcp"):
        theirs, ours = machine.boot(cloud.servers("gcp", always(answer)))
    assert differences(theirs, ours) <= {"requests"}, "how many there were is of the machine"
    assert set(theirs.requests) == set(ours.requests)
    assert theirs.online == 1


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
def test_proxy_of_the_environment(
    variable: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    machine = cloud.machine("gcp")
    machine.environment = {variable: "http://127.0.0.1:1"}
    with cloud.network("gcp"):
        theirs, ours = machine.boot(cloud.servers("gcp"))
    assert theirs == ours
    assert theirs.online == 0
