# SPDX-License-Identifier: Apache-2.0
"""Interrupted downloads are resumed if the server supports it, and never mix two versions."""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.config.model import Resource
from ignition.resource.context import Transport
from ignition.resource.fetch import RequestOptions, fetch_bytes, fetch_to
from ignition.testbed.httpserver import Answer, HttpServer, Seen

Bench = Any
ORIGIN = Origin("config.ign", "/storage/files/0/contents")
BODY = Random(5).randbytes(1000)
OTHER = Random(6).randbytes(1000)
TAG = {"ETag": '"v1"', "Accept-Ranges": "bytes"}
OLD = "Tue, 24 Nov 2020 08:00:00 GMT"
NEW = "Tue, 24 Nov 2020 08:00:59 GMT"


class Ranges:
    """A server with range support that interrupts each body after `at_once` bytes."""

    def __init__(
        self, body: bytes = BODY, at_once: int = 300, headers: Mapping[str, str] = TAG
    ) -> None:
        self.body = body
        self.at_once = at_once
        self.headers = headers
        self.last: dict[str, str] = {}

    def answer(self, seen: Seen) -> Answer:
        start = int(seen.headers.get("range", "bytes=0-")[6:-1])
        current = self.headers.get("ETag") or self.headers.get("Last-Modified")
        if seen.headers.get("if-range", current) != current:
            start = 0
        headers = {**self.headers}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        headers |= self.last if start else {}
        return Answer(206 if start else 200, self.body[start:], headers, cut=self.at_once)


def ranges(server: HttpServer) -> list[str]:
    return [seen.headers.get("range", "") for seen in server.requests]


def test_interrupted_download_is_resumed(bench: Bench, tmp_path: Path) -> None:
    with HttpServer(service=Ranges().answer) as server, open(tmp_path / "a", "wb+") as file:
        contents = {
            "source": server.url("/a"),
            "verification": {"hash": "sha512-" + hashlib.sha512(BODY).hexdigest()},
        }
        fetch_to(bench.context(), Resource(contents), file.fileno(), ORIGIN)
        assert (tmp_path / "a").read_bytes() == BODY
        assert ranges(server) == ["", "bytes=300-", "bytes=600-", "bytes=900-"]
        assert {seen.headers.get("if-range") for seen in server.requests[1:]} == {'"v1"'}
    assert bench.sleeps == [0.2, 0.2, 0.2], "what was gained makes the next pause short"


def test_compressed_download_is_resumed(bench: Bench) -> None:
    packed = zlib.compress(BODY, wbits=31)
    with HttpServer(service=Ranges(packed).answer) as server:
        assert fetch_bytes(bench.context(), server.url("/a"), compression="gzip") == BODY
        assert len(server.requests) > 3


def test_attempts_with_progress_are_not_counted(bench: Bench) -> None:
    with HttpServer(service=Ranges(at_once=20).answer) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == BODY
        assert len(server.requests) == 50


def test_attempts_without_progress_are_counted(bench: Bench) -> None:
    service = Ranges()

    def answer(seen: Seen) -> Answer:
        if len(server.requests) == 3:
            service.at_once = 0
        return service.answer(seen)

    with HttpServer(service=answer) as server, pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), server.url("/a"), origin=ORIGIN)
    assert (caught.value.code, caught.value.origin) == ("IGN4007", ORIGIN)
    assert ranges(server) == ["", "bytes=300-", "bytes=600-", "bytes=600-", "bytes=600-"]


def test_500_in_between_keeps_the_received_part(bench: Bench) -> None:
    with HttpServer(service=Ranges(at_once=600).answer) as server:
        server.first("/a", Answer(body=BODY, headers=TAG, cut=100), Answer(500))
        assert fetch_bytes(bench.context(), server.url("/a")) == BODY
        assert ranges(server) == ["", "bytes=100-", "bytes=100-", "bytes=700-"]


def test_partial_range_is_used_and_the_rest_requested(bench: Bench) -> None:
    span = {**TAG, "Content-Range": "bytes 100-499/1000"}
    with HttpServer(service=Ranges(at_once=2000).answer) as server:
        server.first(
            "/a",
            Answer(body=BODY, headers=TAG, cut=100),
            Answer(206, BODY[100:500], span),
        )
        assert fetch_bytes(bench.context(), server.url("/a")) == BODY
        assert ranges(server) == ["", "bytes=100-", "bytes=500-"]


def test_download_of_unknown_length_is_resumed(bench: Bench) -> None:
    with HttpServer(service=Ranges(at_once=2000).answer) as server:
        server.first("/a", Answer(body=BODY, headers=TAG, chunked=True, cut=500))
        assert fetch_bytes(bench.context(), server.url("/a")) == BODY
        assert ranges(server)[1].startswith("bytes=4")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="nothing offered"),
        pytest.param({"ETag": '"v1"'}, id="no ranges"),
        pytest.param({"ETag": '"v1"', "Accept-Ranges": "none"}, id="ranges refused"),
        pytest.param({"ETag": 'W/"v1"', "Accept-Ranges": "bytes"}, id="weak tag"),
        pytest.param({"Accept-Ranges": "bytes"}, id="no validator"),
        pytest.param(
            {"Accept-Ranges": "bytes", "Last-Modified": OLD, "ETag": 'W/"v1"'},
            id="weak tag beside a time",
        ),
        pytest.param({"Accept-Ranges": "bytes", "Last-Modified": "long ago"}, id="no time"),
    ],
)
def test_without_ranges_or_validator_the_download_starts_over(
    bench: Bench, headers: dict[str, str]
) -> None:
    with HttpServer(service=Ranges(headers=headers, at_once=2000).answer) as server:
        server.first("/a", Answer(body=BODY, headers=headers, cut=100))
        assert fetch_bytes(bench.context(), server.url("/a")) == BODY
        assert ranges(server) == ["", ""]


@pytest.mark.parametrize(("age", "expected"), [(90, "bytes=100-"), (30, "")])
def test_last_modified_is_a_validator_only_if_a_minute_old(
    bench: Bench, age: int, expected: str
) -> None:
    changed = formatdate(time.time() - age, usegmt=True)
    headers = {"Accept-Ranges": "bytes", "Last-Modified": changed}
    with HttpServer(service=Ranges(headers=headers, at_once=2000).answer) as server:
        server.first("/a", Answer(body=BODY, headers=headers, cut=100))
        assert fetch_bytes(bench.context(), server.url("/a")) == BODY
        assert ranges(server)[1] == expected
        assert server.requests[1].headers.get("if-range", "") == (changed if expected else "")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("Range", RequestOptions(), id="the config asks for a range"),
        pytest.param("If-Range", RequestOptions(), id="and for a version"),
        pytest.param("X-A", RequestOptions("POST"), id="no GET"),
    ],
)
def test_only_a_plain_get_is_resumed(bench: Bench, name: str, options: RequestOptions) -> None:
    with HttpServer({"/a": [Answer(body=BODY, headers=TAG, cut=9), Answer(body=BODY)]}) as server:
        got = fetch_bytes(bench.context(), server.url("/a"), headers=[(name, "x")], options=options)
    assert got == BODY
    assert "range" not in server.requests[1].headers or name == "Range"


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(Answer(206, BODY[300:], TAG), id="no range said"),
        pytest.param(
            Answer(206, BODY[200:], {**TAG, "Content-Range": "bytes 200-999/1000"}), id="too early"
        ),
        pytest.param(
            Answer(206, BODY[400:], {**TAG, "Content-Range": "bytes 400-999/1000"}), id="too late"
        ),
        pytest.param(
            Answer(206, BODY[300:], {**TAG, "Content-Range": "bytes 300-999/*"}), id="no length"
        ),
        pytest.param(
            Answer(206, BODY[300:], {**TAG, "Content-Range": "bytes 300-1000/1000"}), id="too far"
        ),
        pytest.param(
            Answer(206, BODY[300:], {**TAG, "Content-Range": "bytes 300-899/1000"}),
            id="range and length disagree",
        ),
        pytest.param(
            Answer(206, BODY[300:], {"Content-Range": "bytes 300-999/1000"}), id="no validator"
        ),
        pytest.param(
            Answer(
                206,
                BODY[300:] + b"x",
                {**TAG, "Content-Range": "bytes 300-999/1000"},
                chunked=True,
            ),
            id="more than the range",
        ),
        pytest.param(Answer(416, b"", {"Content-Range": "bytes */1000"}), id="416"),
        pytest.param(Answer(200, BODY, TAG), id="all of it"),
    ],
)
def test_wrong_range_starts_over(bench: Bench, bad: Answer) -> None:
    with HttpServer(
        {"/a": [Answer(body=BODY, headers=TAG, cut=300), bad, Answer(200, BODY, TAG)]}
    ) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == BODY
    assert ranges(server)[2:] in ([], [""]), "such a server is not asked for a rest again"


def answers_after_a_change(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    return {
        "all of it": Answer(200, body, headers),
        "the rest": Answer(
            206,
            body[300:],
            {**headers, "Content-Range": f"bytes 300-{len(body) - 1}/{len(body)}"},
        ),
    }


@pytest.mark.parametrize(
    ("before", "after", "body"),
    [
        pytest.param(TAG, {**TAG, "ETag": '"v2"'}, OTHER, id="tag"),
        pytest.param({"ETag": 'W/"v1"'}, {"ETag": 'W/"v2"'}, OTHER, id="weak tag"),
        pytest.param({"Last-Modified": OLD}, {"Last-Modified": NEW}, OTHER, id="time"),
        pytest.param({}, {}, OTHER + b"x", id="length"),
        pytest.param(TAG, TAG, OTHER[:900], id="length beside the same tag"),
        pytest.param({}, {}, b"", id="nothing any more"),
    ],
)
def test_changed_resource_is_an_error_and_never_used(
    bench: Bench, before: dict[str, str], after: dict[str, str], body: bytes
) -> None:
    script = [Answer(200, BODY, before, cut=300), Answer(200, body, after)]
    with HttpServer({"/a": script}) as server, pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), server.url("/a"), origin=ORIGIN)
    assert (caught.value.code, caught.value.origin) == ("IGN4022", ORIGIN)
    assert "300 bytes" in caught.value.hint and "verification.hash" in caught.value.hint
    assert len(server.requests) == 2


def test_range_of_another_version_is_an_error(bench: Bench) -> None:
    span = {**TAG, "ETag": '"v2"', "Content-Range": "bytes 300-999/1000"}
    script = [Answer(200, BODY, TAG, cut=300), Answer(206, OTHER[300:], span)]
    with HttpServer({"/a": script}) as server, pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), server.url("/a"))
    assert caught.value.code == "IGN4022"


@pytest.mark.parametrize("status", [200, 206])
def test_changed_resource_is_accepted_if_its_hash_matches(bench: Bench, status: int) -> None:
    after = {**TAG, "ETag": '"v2"'}
    span = {**after, "Content-Range": "bytes 300-999/1000"} if status == 206 else after
    script = [
        Answer(200, OTHER, TAG, cut=300),
        Answer(status, BODY[300:] if status == 206 else BODY, span),
        Answer(200, BODY, after),
    ]
    verification = "sha256-" + hashlib.sha256(BODY).hexdigest()
    with HttpServer({"/a": script}) as server:
        assert fetch_bytes(bench.context(), server.url("/a"), verification=verification) == BODY


def test_change_before_the_first_byte_is_harmless(bench: Bench) -> None:
    script = [Answer(200, BODY, TAG, cut=0), Answer(200, OTHER, {**TAG, "ETag": '"v2"'})]
    with HttpServer({"/a": script}) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == OTHER


def test_entity_tag_of_another_location_is_ignored(bench: Bench) -> None:
    """Mirrors: each attempt may be redirected to another one."""
    first = Answer(200, BODY, TAG, cut=300)
    second = Answer(200, BODY, {**TAG, "ETag": '"mirror"'})
    with HttpServer({"/one": first, "/two": second}) as server:
        server.answer("/a", [Answer(302, headers={"Location": to}) for to in ("/one", "/two")])
        assert fetch_bytes(bench.context(), server.url("/a")) == BODY
        assert ranges(server) == ["", "", "", ""]


def test_redirected_download_is_resumed_at_its_target(bench: Bench) -> None:
    with HttpServer(service=Ranges(at_once=600).answer) as files, HttpServer() as server:
        to = [Answer(302, headers={"Location": files.url(f"/b?sig={n}")}) for n in (1, 2)]
        server.answer("/a", to)
        assert fetch_bytes(bench.context(), server.url("/a")) == BODY
        assert ranges(files) == ["", "bytes=600-"]
        assert ranges(server) == ["", ""]


def test_wrong_hash_after_resuming_is_an_error(bench: Bench, tmp_path: Path) -> None:
    """A server with a wrong entity tag: the rest belongs to another version."""
    span = {**TAG, "Content-Range": "bytes 300-999/1000"}
    script = [Answer(200, BODY, TAG, cut=300), Answer(206, OTHER[300:], span)]
    contents: dict[str, Any] = {
        "verification": {"hash": "sha256-" + hashlib.sha256(BODY).hexdigest()}
    }
    descriptor = os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT)
    with HttpServer({"/a": script}) as server, pytest.raises(Failure) as caught:
        contents["source"] = server.url("/a")
        fetch_to(bench.context(), Resource(contents), descriptor, ORIGIN)
    os.close(descriptor)
    assert caught.value.code == "IGN4011"


def test_time_limit_holds_for_a_resumed_download(bench: Bench) -> None:
    with HttpServer(service=Ranges(at_once=1).answer) as server, pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(Transport(total=5)), server.url("/a"))
    assert caught.value.code == "IGN4006"
    assert len(server.requests) == 25
