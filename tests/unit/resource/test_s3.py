# SPDX-License-Identifier: Apache-2.0
"""S3 objects, from moto behind the real host names, with and without an instance role."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure, NotFound
from ignition.config import x509
from ignition.config.model import Resource
from ignition.resource.context import FetchContext, Transport
from ignition.resource.fetch import fetch_bytes, fetch_to
from ignition.resource.schemes import s3_role
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer
from ignition.testbed.metadata.aws import Aws
from tests.support import network, s3_service

Bench = Any
# Documentation addresses, because loopback is never proxied.
IPV4, IPV6 = "192.0.2.7", "2001:db8::7"
# A role with a key that is not valid in a header.
TWO_LINES = (
    b'{"AccessKeyId": "a\\nb", "SecretAccessKey": "s", "Token": "t",'
    b' "Expiration": "2199-01-01T00:00:00Z"}'
)

pytestmark = pytest.mark.skipif(bool(network.missing()), reason=network.missing())


@pytest.fixture(scope="module")
def cloud() -> s3_service.Cloud:
    return s3_service.Cloud()


@pytest.fixture(scope="session")
def certificate(issue: Callable[..., Path]) -> Path:
    return issue(*s3_service.certified())


class Site:
    """S3 and, on EC2, the metadata service."""

    def __init__(self, s3: HttpServer, imds: HttpServer | None, bench: Bench, pem: bytes) -> None:
        self.s3 = s3
        self.imds = imds
        self._bench = bench
        self._trusted = x509.parse_certificates(pem, None)

    def context(self, total: int = 30, **more: Any) -> FetchContext:
        ctx: FetchContext = self._bench.context(
            Transport(total=total, authorities=self._trusted, **more)
        )
        return ctx

    def get(self, url: str, **more: Any) -> bytes:
        return fetch_bytes(self.context(), url, **more)

    def asked(self) -> list[str]:
        """Method, bucket host and target of each request to S3."""
        return [
            f"{seen.method} {seen.headers['host'].split('.amazonaws')[0]} {seen.target}"
            for seen in self.s3.requests
        ]

    def names(self) -> list[bool]:
        """For each request, whether it is signed."""
        return ["authorization" in seen.headers for seen in self.s3.requests]


@pytest.fixture
def site(
    cloud: s3_service.Cloud, certificate: Path, authority: Authority, bench: Bench
) -> Callable[..., Any]:
    @contextmanager
    def make(
        imds: Aws | None = None,
        *,
        address: str = IPV4,
        platform: str = "",
        metadata_address: str = Aws.address,
    ) -> Iterator[Site]:
        bench.settings.platform = platform or ("aws" if imds else "metal")
        with ExitStack() as stack:
            stack.enter_context(network.own_network(address, metadata_address))
            hosts = {name: [address] for name in s3_service.names()}
            stack.enter_context(network.own_names(hosts))
            s3 = stack.enter_context(s3_service.served(cloud, address, certificate))
            metadata = imds and stack.enter_context(
                HttpServer(host=metadata_address, port=80, service=imds.answer)
            )
            yield Site(s3, metadata or None, bench, authority.pem)

    return make


@pytest.fixture
def elsewhere(site: Callable[..., Any]) -> Iterator[Site]:
    """A machine outside EC2."""
    with site() as made:
        yield made


@pytest.fixture
def instance(site: Callable[..., Any], cloud: s3_service.Cloud) -> Iterator[Site]:
    """An instance with a role."""
    with site(Aws(None, role=cloud.role)) as made:
        yield made


def refused(site: Site, url: str, **more: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        site.get(url, **more)
    return caught.value


def test_public_object(elsewhere: Site) -> None:
    assert elsewhere.get("s3://pub/public") == b"pub public"
    assert elsewhere.asked() == [
        "HEAD pub.s3.dualstack.us-east-1 /",
        "GET pub.s3.dualstack.us-east-1 /public",
    ]
    assert elsewhere.names() == [False, False]


def test_bucket_of_another_region(elsewhere: Site) -> None:
    assert elsewhere.get("s3://away/public") == b"away public"
    assert elsewhere.asked() == [
        "HEAD away.s3.dualstack.us-east-1 /",
        "GET away.s3.dualstack.eu-central-1 /public",
    ]


def test_region_is_requested_once_per_run(elsewhere: Site) -> None:
    ctx = elsewhere.context()
    for _ in range(2):
        fetch_bytes(ctx.with_transport(ctx.transport), "s3://away/public")
    assert [line.split()[0] for line in elsewhere.asked()] == ["HEAD", "GET", "GET"]


def test_bucket_name_with_dots(elsewhere: Site) -> None:
    assert elsewhere.get("s3://dotted.name/public") == b"dotted.name public"
    assert elsewhere.asked() == [
        "HEAD s3.dualstack.us-east-1 /dotted.name/",
        "GET s3.dualstack.us-east-1 /dotted.name/public",
    ]


def test_ipv6_only_route(site: Callable[..., Any]) -> None:
    with site(address=IPV6) as made:
        assert made.get("s3://away/public") == b"away public"


def test_version(elsewhere: Site, cloud: s3_service.Cloud) -> None:
    first, second = cloud.versions
    assert elsewhere.get(f"s3://pub/versioned?versionId={first}") == b"first"
    assert elsewhere.get(f"arn:aws:s3:::pub/versioned?versionId={second}&versionId=no") == b"second"
    assert elsewhere.get("s3://pub/versioned") == b"second"


def test_arn_selects_the_partition(elsewhere: Site) -> None:
    assert elsewhere.get("arn:aws-cn:s3:::china/public") == b"china public"
    assert elsewhere.asked()[0] == "HEAD china.s3.dualstack.cn-north-1 /"


def test_url_never_leaves_its_partition(elsewhere: Site) -> None:
    failure = refused(elsewhere, "s3://china/public")
    assert isinstance(failure, NotFound)
    assert (failure.code, failure.status) == ("IGN4202", 404)
    assert failure.text == 'could not find bucket "china": 404 Not Found'
    assert "ARN" in failure.hint


def test_keys_are_used_literally(elsewhere: Site) -> None:
    expected = f"pub {s3_service.ODD_KEY}".encode()
    assert elsewhere.get("arn:aws:s3:::pub/" + s3_service.ODD_KEY) == expected
    assert elsewhere.get("s3://pub/a/../b//c%20d+%C3%A9%2520.ign") == expected


def test_missing_object(elsewhere: Site) -> None:
    failure = refused(elsewhere, "s3://pub/no/such key")
    assert isinstance(failure, NotFound)
    assert failure.code == "IGN4204"
    assert failure.text == (
        'error fetching object "no/such key" from bucket "pub" anonymously: NoSuchKey'
    )


def test_missing_version(elsewhere: Site) -> None:
    failure = refused(
        elsewhere, "s3://pub/versioned?versionId=0badc0de-0bad-c0de-0bad-c0de0badc0de"
    )
    assert failure.code == "IGN4204"
    assert failure.text.endswith("NoSuchVersion")
    assert "0badc0de" not in failure.text + failure.hint


def test_missing_bucket(elsewhere: Site) -> None:
    failure = refused(elsewhere, "s3://missing/k")
    assert failure.code == "IGN4202"
    assert failure.text == 'could not find bucket "missing": 404 Not Found'


@pytest.mark.parametrize("region", [None, "us-east-1.evil.example"])
def test_bucket_of_unknown_region(elsewhere: Site, region: str | None) -> None:
    headers = {} if region is None else {"x-amz-bucket-region": region}
    elsewhere.s3.answer("/", Answer(403, headers=headers))
    failure = refused(elsewhere, "s3://pub/public")
    assert failure.code == "IGN4203"
    assert failure.text == 'couldn\'t determine the region for bucket "pub": 403 Forbidden'
    assert len(elsewhere.s3.requests) == 1


def test_off_ec2_requests_are_anonymous(elsewhere: Site) -> None:
    failure = refused(elsewhere, "s3://pub/private")
    assert (failure.code, failure.status) == ("IGN4205", 403)  # type: ignore[attr-defined]
    assert failure.text.startswith('error fetching object "private" from bucket "pub" anonymously')
    assert "platform aws only" in failure.hint
    assert elsewhere.names() == [False, False]


def test_instance_signs_with_its_role(instance: Site) -> None:
    assert instance.get("s3://away/private") == b"away private"
    assert instance.names() == [False, True]


@pytest.mark.parametrize("platform", ["aws", "ec2"])
def test_platform_aliases(site: Callable[..., Any], cloud: s3_service.Cloud, platform: str) -> None:
    with site(Aws(None, role=cloud.role), platform=platform) as made:
        assert made.get("s3://pub/private") == b"pub private"


def test_signature_is_valid_for_odd_keys_and_versions(
    instance: Site, cloud: s3_service.Cloud
) -> None:
    expected = f"pub {s3_service.ODD_KEY}".encode()
    assert instance.get("arn:aws:s3:::pub/" + s3_service.ODD_KEY) == expected
    assert instance.get(f"s3://pub/versioned?versionId={cloud.versions[0]}") == b"first"
    assert instance.get("s3://dotted.name/private") == b"dotted.name private"


def test_access_point(instance: Site) -> None:
    """moto has no access points: the tests' own checks the request, with moto's judge."""
    assert instance.get(f"{s3_service.ACCESS_POINT}/object/public") == b"away public"
    host = "door-123456789012.s3-accesspoint.dualstack.eu-central-1"
    assert instance.asked() == [f"GET {host} /public"]


def test_no_anonymous_request_after_a_refusal(instance: Site) -> None:
    failure = refused(instance, "s3://pub/forbidden")
    assert failure.code == "IGN4205"
    assert failure.text == 'error fetching object "forbidden" from bucket "pub": AccessDenied'
    assert "s3:GetObject" in failure.hint
    assert len(instance.s3.requests) == 2


def test_role_is_looked_up_once_per_run(instance: Site) -> None:
    ctx = instance.context()
    for url in ("s3://pub/private", "s3://away/private"):
        fetch_bytes(ctx.with_transport(ctx.transport), url)
    assert instance.imds is not None
    assert instance.imds.paths() == [
        "/latest/api/token",
        "/latest/dynamic/instance-identity/document",
        "/latest/api/token",
        "/latest/meta-data/iam/security-credentials/",
        "/latest/meta-data/iam/security-credentials/node",
    ]


def test_expiring_credentials_are_renewed(
    site: Callable[..., Any], cloud: s3_service.Cloud
) -> None:
    import dataclasses

    imds = Aws(None, role=dataclasses.replace(cloud.role, lasts=60))
    with site(imds) as made:
        ctx = made.context()
        # The expiring credentials are used, since there are no newer ones.
        assert fetch_bytes(ctx, "s3://pub/private") == b"pub private"
        asked = len(made.imds.requests)
        imds.role = None
        with pytest.raises(Failure) as caught:
            fetch_bytes(ctx, "s3://pub/private")
        assert len(made.imds.requests) > asked
        assert "anonymously" in caught.value.text


def test_credentials_that_expire_between_attempts(
    site: Callable[..., Any], cloud: s3_service.Cloud
) -> None:
    role = cloud.role
    ended = {
        "AccessKeyId": role.access_key,
        "SecretAccessKey": role.secret_key,
        "Token": role.token,
        "Expiration": "2001-01-01T00:00:00Z",
    }
    with site(Aws(None, role=role)) as made:
        made.imds.answer(
            "/latest/meta-data/iam/security-credentials/node",
            [Answer(body=json.dumps(ended).encode()), Answer(404)],
        )
        failure = refused(made, "s3://pub/private")
        assert failure.code == "IGN4206"
        assert failure.text.startswith("the credentials of this instance ended")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02T00:00:01Z", 86401),
        ("2026-03-01T06:30:15Z", 1772346615),
        ("2026-03-01", 0),
        ("soon", 0),
        ("2026-13-01T00:00:00Z", 0),
        ("9" * 30 + "-01-01T00:00:00Z", 0),
    ],
)
def test_expiry_of_credentials(text: str, seconds: float) -> None:
    assert s3_role.parse_time(text) == seconds


def test_everything_over_ipv6(site: Callable[..., Any], cloud: s3_service.Cloud) -> None:
    imds = Aws(None, role=cloud.role)
    with site(imds, address=IPV6, metadata_address="fd00:ec2::254") as made:
        assert made.get("s3://away/private") == b"away private"


def test_instance_without_a_role_is_anonymous(site: Callable[..., Any]) -> None:
    with site(Aws(None)) as made:
        assert made.get("s3://pub/public") == b"pub public"
        failure = refused(made, "s3://pub/private")
        assert failure.code == "IGN4205"
        assert "no role of this instance" in failure.hint
        assert made.names() == [False] * 4


def test_imdsv1(site: Callable[..., Any], cloud: s3_service.Cloud) -> None:
    with site(Aws(None, v1=True, role=cloud.role)) as made:
        assert made.get("s3://pub/private") == b"pub private"


def test_missing_metadata_service_costs_ten_seconds_once(
    site: Callable[..., Any], bench: Bench
) -> None:
    with site(platform="aws") as made:
        ctx = made.context(total=0)
        assert fetch_bytes(ctx, "arn:aws:s3:::pub/public") == b"pub public"
        first = bench.now
        assert s3_role.LIMIT <= first <= s3_role.LIMIT + 6
        assert fetch_bytes(ctx, "arn:aws:s3:::away/public") == b"away public"
        assert bench.now == first


@pytest.mark.parametrize(
    "answer",
    [
        *(Answer(403), Answer(200), Answer(body=b"<html>"), Answer(body=b"[]"), Answer(body=b"{}")),
        Answer(body=TWO_LINES),
    ],
    ids=["forbidden", "empty", "html", "list", "nothing in it", "two lines"],
)
def test_malformed_metadata(
    site: Callable[..., Any], cloud: s3_service.Cloud, answer: Answer
) -> None:
    with site(Aws(None, role=cloud.role)) as made:
        made.imds.answer("/latest/meta-data/iam/security-credentials/node", answer)
        made.imds.answer("/latest/dynamic/instance-identity/document", answer)
        assert made.get("s3://pub/public") == b"pub public"
        assert made.names() == [False, False]


def test_instance_region_selects_the_partition(
    site: Callable[..., Any], cloud: s3_service.Cloud
) -> None:
    with site(Aws(None, region="cn-north-1")) as made:
        assert made.get("s3://china/public") == b"china public"


def test_environment_and_home_directory_are_ignored(
    elsewhere: Site, monkeypatch: pytest.MonkeyPatch, cloud: s3_service.Cloud, tmp_path: Path
) -> None:
    role = cloud.role
    (tmp_path / ".aws").mkdir()
    for name in ("config", "credentials"):
        (tmp_path / ".aws" / name).write_text(
            f"[default]\nregion=eu-central-1\naws_access_key_id={role.access_key}\n"
            f"aws_secret_access_key={role.secret_key}\naws_session_token={role.token}\n"
        )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", role.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", role.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", role.token)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    assert refused(elsewhere, "s3://pub/private").code == "IGN4205"
    assert elsewhere.names() == [False, False]


def test_public_object_without_botocore(instance: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    assert instance.get("s3://pub/public") == b"pub public"
    failure = refused(instance, "s3://pub/private")
    assert "botocore" in failure.hint
    assert instance.imds is not None
    assert not [path for path in instance.imds.paths() if "security-credentials" in path]


def test_compression_is_refused(elsewhere: Site) -> None:
    failure = refused(elsewhere, "s3://pub/public", compression="gzip")
    assert (failure.code, failure.text) == (
        "IGN4200",
        "compression is not supported with that scheme",
    )
    assert elsewhere.s3.requests == []


@pytest.mark.parametrize("kind", ["sha256", "sha512"])
def test_hash(elsewhere: Site, kind: str) -> None:
    right = hashlib.new(kind, b"pub public").hexdigest()
    assert elsewhere.get("s3://pub/public", verification=f"{kind}-{right}") == b"pub public"
    wrong = hashlib.new(kind, b"").hexdigest()
    assert refused(elsewhere, "s3://pub/public", verification=f"{kind}-{wrong}").code == "IGN4011"


def test_resource_of_a_config(instance: Site, tmp_path: Path) -> None:
    resource = Resource({"source": "s3://pub/big"})
    fileno = os.open(tmp_path / "big", os.O_RDWR | os.O_CREAT)
    try:
        fetch_to(instance.context(), resource, fileno, None)
        assert os.pread(fileno, 4_000_000, 0) == b"x" * 3_000_000
    finally:
        os.close(fileno)


def test_service_errors_are_retried(instance: Site, bench: Bench) -> None:
    instance.s3.first("/", Answer(503), Answer(500))
    instance.s3.first("/private", Answer(503, b"<Error><Code>SlowDown</Code></Error>"))
    assert instance.get("s3://pub/private") == b"pub private"
    assert len(instance.s3.requests) == 5
    assert bench.sleeps[-3:] == [0.2, 0.4, 0.2]


def test_each_attempt_is_signed_again(instance: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime

    times = iter(range(1, 100))
    monkeypatch.setattr(
        "botocore.auth.get_current_datetime",
        lambda: datetime.datetime(2026, 1, 1, next(times), tzinfo=datetime.UTC),
    )
    instance.s3.first("/private", Answer(503))
    assert instance.get("s3://pub/private") == b"pub private"
    dates = [seen.headers["x-amz-date"] for seen in instance.s3.requests[1:]]
    assert dates == ["20260101T010000Z", "20260101T020000Z"]


def test_interrupted_object_is_resumed(instance: Site) -> None:
    whole = b"x" * 3_000_000
    instance.s3.first(
        "/big",
        Answer(body=whole, cut=1000, headers={"ETag": '"t"', "Accept-Ranges": "bytes"}),
        Answer(
            206,
            whole[1000:],
            {"ETag": '"t"', "Content-Range": f"bytes 1000-2999999/{len(whole)}"},
        ),
    )
    assert instance.get("s3://pub/big") == whole
    last = instance.s3.requests[-1]
    assert last.headers["range"] == "bytes=1000-"
    assert "authorization" in last.headers


def test_object_that_is_always_interrupted_is_never_used(elsewhere: Site) -> None:
    elsewhere.s3.answer("/public", Answer(body=b"pub public", cut=3))
    assert refused(elsewhere, "s3://pub/public").code == "IGN4007"


def test_one_time_limit_covers_all_requests(elsewhere: Site) -> None:
    elsewhere.s3.first("/", Answer(403, headers={"x-amz-bucket-region": "us-east-1"}, delay=2))
    elsewhere.s3.answer("/public", Answer(body=b"pub public", drip=0.5))
    ctx = elsewhere.context(total=3)
    ctx.clock, ctx.sleep = time.monotonic, time.sleep
    started = time.monotonic()
    with pytest.raises(Failure) as caught:
        fetch_bytes(ctx, "s3://pub/public")
    assert caught.value.code == "IGN4006"
    assert "s3://pub/public" in caught.value.text
    assert "gave up after 3 s" in caught.value.hint
    # With one limit per request it would take five.
    assert 2.5 < time.monotonic() - started < 4.5


def test_wrong_clock_is_reported(instance: Site) -> None:
    skewed = b"<Error><Code>RequestTimeTooSkewed</Code></Error>"
    instance.s3.answer("/private", Answer(403, skewed))
    failure = refused(instance, "s3://pub/private")
    assert "RequestTimeTooSkewed" in failure.text
    assert "the clock of this machine is wrong" in failure.hint


def test_https_proxy_and_no_proxy(instance: Site) -> None:
    with HttpServer(host=IPV4) as proxy:
        through = Transport(
            total=5,
            https_proxy=f"http://{IPV4}:{proxy.port}",
            no_proxy=("pub.s3.dualstack.us-east-1.amazonaws.com",),
            authorities=instance.context().transport.authorities,
        )
        ctx = instance.context().with_transport(through)
        assert fetch_bytes(ctx, "s3://pub/private") == b"pub private"
        assert proxy.requests == []
        proxy.answer("away.s3.dualstack.us-east-1.amazonaws.com:443", Answer(403))
        with pytest.raises(Failure):
            fetch_bytes(ctx, "s3://away/private")
        hosts = {seen.target for seen in proxy.requests}
        assert hosts == {"away.s3.dualstack.us-east-1.amazonaws.com:443"}


def test_untrusted_server_gets_no_request(instance: Site) -> None:
    with pytest.raises(Failure) as caught:
        fetch_bytes(instance.context().with_transport(Transport(total=1)), "s3://pub/private")
    assert "certificate is not trusted" in caught.value.hint
    assert instance.s3.requests == []


def test_secrets_are_not_logged(instance: Site, bench: Bench, cloud: s3_service.Cloud) -> None:
    instance.get("s3://pub/private")
    refused(instance, "s3://pub/forbidden")
    for secret in (cloud.role.secret_key, cloud.role.token, cloud.role.access_key):
        assert secret not in bench.text
