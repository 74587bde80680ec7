# SPDX-License-Identifier: Apache-2.0
"""References are fetched as Ignition fetches them: when, with which headers, through which proxy.

Differences are listed with their reasons. Ignition here is release 2.14.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer
from tests.support import network, peer
from tests.unit.acquisition.comparison import CONFIG, BootResult, Pair, differences

HOST = "10.9.9.9"
NAME = "configs.test"
HERE = f"http://{HOST}"
PROXY = f"http://{HOST}:8080"
SHA512 = hashlib.sha512(CONFIG).hexdigest()
SHA256 = hashlib.sha256(CONFIG).hexdigest()
PACKED = gzip.compress(CONFIG, mtime=0)
WRONG = "0" * 128
Routes = Mapping[str, bytes | Answer | Sequence[Answer]]

pytestmark = [
    pytest.mark.skipif(not peer.engine(), reason=peer.MISSING),
    pytest.mark.skipif(bool(network.missing()), reason=network.missing()),
]


def config(*, references: Any = None, storage: Any = None, **section: Any) -> dict[str, Any]:
    section = {"version": "3.3.0", **section}
    if references is not None:
        section["config"] = references
    return {"ignition": section, "storage": storage or {}}


def merge(path: str = "/c", **more: Any) -> dict[str, Any]:
    return {"merge": [{"source": HERE + path, **more}]}


def replace(path: str = "/c", **more: Any) -> dict[str, Any]:
    return {"replace": {"source": HERE + path, **more}}


def header(name: str, value: str) -> dict[str, Any]:
    return {"httpHeaders": [{"name": name, "value": value}]}


def hashed(text: str) -> dict[str, Any]:
    return {"verification": {"hash": text}}


def text(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


def boot(
    folder: Path,
    value: dict[str, Any],
    routes: Routes,
    proxied: Routes | None = None,
    *,
    tls: Path | None = None,
    **more: Any,
) -> tuple[BootResult, BootResult]:
    """Boots both with this config. `proxied` is what the proxy at port 8080 returns."""

    @contextlib.contextmanager
    def servers() -> Iterator[Sequence[HttpServer]]:
        with (
            HttpServer(routes, host=HOST, port=80) as plain,
            HttpServer(proxied, host=HOST, port=8080) as proxy,
            HttpServer(routes, host=HOST, port=443, tls=tls) as secure,
        ):
            yield plain, proxy, secure

    machine = Pair(folder, "file", config=text(value), **more)
    with network.own_network(HOST), network.own_names({NAME: [HOST]}):
        return machine.boot(servers)


FOUND: Routes = {"/c": CONFIG}
REFERENCES: dict[str, tuple[dict[str, Any], Routes]] = {
    "merge": (merge(), FOUND),
    "replace": (replace(), FOUND),
    "two": ({"merge": [{"source": HERE + "/c"}, {"source": HERE + "/d"}]}, {**FOUND, "/d": CONFIG}),
    "below": (merge("/p"), {"/p": text(config(references=merge())), **FOUND}),
    "replaced below": (merge("/p"), {"/p": text(config(references=replace())), **FOUND}),
    "503 once": (merge(), {"/c": [Answer(503), Answer(body=CONFIG)]}),
    "404": (merge(), {}),
    "403": (replace(), {"/c": Answer(403)}),
    "HTML": (merge(), {"/c": b"<html>"}),
    "query": (merge("/c?a=b&c=d"), FOUND),
    "header": (merge(**header("X-Token", "secret")), FOUND),
    "header over ours": (merge(**header("accept", "text/plain")), FOUND),
    "header user-agent": (merge(**header("User-Agent", "me")), FOUND),
    "header host": (merge(**header("HOST", "elsewhere")), FOUND),
    "header of UTF-8": (merge(**header("X-Token", "\u00fc")), FOUND),
    "header without value": (merge(httpHeaders=[{"name": "X"}]), FOUND),
    "header twice": (
        merge(httpHeaders=[{"name": "X", "value": "1"}, {"name": "x", "value": "2"}]),
        FOUND,
    ),
    "gzip": (merge(compression="gzip"), {"/c": PACKED}),
    "gzip that is none": (merge(compression="gzip"), FOUND),
    "gzip that is cut": (merge(compression="gzip"), {"/c": PACKED[:-4]}),
    "gzip of two members": (
        merge(compression="gzip"),
        {"/c": PACKED + gzip.compress(b" ", mtime=0)},
    ),
    "gzip and more": (merge(compression="gzip"), {"/c": PACKED + b"more"}),
    "gzip unnamed": (merge(), {"/c": PACKED}),
    "compression unknown": (merge(compression="xz"), FOUND),
    "sha512": (merge(**hashed(f"sha512-{SHA512}")), FOUND),
    "sha256": (replace(**hashed(f"sha256-{SHA256}")), FOUND),
    "sha512 of what is packed": (
        merge(compression="gzip", **hashed(f"sha512-{SHA512}")),
        {"/c": PACKED},
    ),
    "sha512 differs": (merge(**hashed(f"sha512-{WRONG}")), FOUND),
    "sha1": (merge(**hashed("sha1-0")), FOUND),
    "ftp": ({"merge": [{"source": f"ftp://{HOST}/c"}]}, FOUND),
    "gzip over s3": ({"merge": [{"source": "s3://b/c", "compression": "gzip"}]}, FOUND),
    # From here on, the two differ.
    "empty": (merge(), {"/c": b""}),
    "replaced by an empty config": (replace(), {"/c": Answer(204)}),
    "sha512 in upper case": (merge(**hashed(f"sha512-{SHA512.upper()}")), FOUND),
    "too many redirects": (
        merge("/0"),
        {f"/{step}": Answer(302, headers={"Location": f"/{step + 1}"}) for step in range(11)}
        | {"/11": CONFIG},
    ),
    "cut once": (merge(), {"/c": [Answer(body=CONFIG, cut=20), Answer(body=CONFIG)]}),
}
DIFFERENCES = {
    # Ignition drops the user config and boots.
    "empty": {"online", "cache", "modes"},
    "replaced by an empty config": {"online", "cache", "modes"},
    # Ignition fails.
    "sha512 in upper case": {"online", "cache", "configs", "modes"},
    "cut once": {"online", "cache", "configs", "modes", "requests"},
    # Both fail, Ignition before it requests the network.
    "header without value": {"offline", "online", "neednet", "configs", "modes"},
    # Ignition never ends.
    "too many redirects": {"online", "cache", "configs", "modes", "requests"},
}


@pytest.mark.parametrize("name", REFERENCES)
def test_reference_to_a_config(name: str, tmp_path: Path) -> None:
    references, routes = REFERENCES[name]
    theirs, ours = boot(tmp_path, config(references=references), routes)
    assert differences(theirs, ours) == DIFFERENCES.get(name, set())


@pytest.mark.parametrize("target", ["/d", f"{HERE}/d", f"{PROXY}/d"])
@pytest.mark.parametrize("name", ["X-Token", "Authorization", "Accept", "User-Agent"])
def test_redirect_drops_the_headers(name: str, target: str, tmp_path: Path) -> None:
    """After it, this engine still sends its User-Agent and Accept; Ignition sends those of its library."""
    routes: Routes = {"/c": Answer(302, headers={"Location": target}), "/d": CONFIG}
    references = merge(**header(name, "secret"))
    theirs, ours = boot(tmp_path, config(references=references), routes, {"/d": CONFIG})
    assert differences(theirs, ours) == {"requests"}
    for side in (theirs, ours):
        assert ["secret" in request for request in side.requests] == [True, False]


@pytest.mark.parametrize("body", [PACKED, CONFIG, b""], ids=["gzip", "none", "empty"])
def test_content_encoding_after_a_redirect(body: bytes, tmp_path: Path) -> None:
    packed = Answer(body=body, headers={"Content-Encoding": "gzip"})
    routes: Routes = {"/c": Answer(302, headers={"Location": "/d"}), "/d": packed}
    theirs, ours = boot(tmp_path, config(references=merge()), routes, {})
    assert (theirs.cache is None) == (body != PACKED) or not body
    if body:
        assert (theirs.online, theirs.cache) == (ours.online, ours.cache)


STORAGE: dict[str, dict[str, Any]] = {
    "file": {"files": [{"path": "/a", "contents": {"source": HERE + "/c"}}]},
    "file inline": {"files": [{"path": "/a", "contents": {"source": "data:,x"}}]},
    "appended": {"files": [{"path": "/a", "append": [{"source": "tftp://h/c"}]}]},
    "empty source": {"files": [{"path": "/a", "contents": {"source": ""}}]},
    "key": {"luks": [{"name": "a", "device": "/dev/a", "keyFile": {"source": "s3://b/c"}}]},
    "tang": {
        "luks": [
            {
                "name": "a",
                "device": "/dev/a",
                "clevis": {"tang": [{"url": HERE, "thumbprint": "t"}]},
            }
        ]
    },
    "pin": {
        "luks": [
            {
                "name": "a",
                "device": "/dev/a",
                "clevis": {"custom": {"pin": "sss", "config": "{}", "needsNetwork": True}},
            }
        ]
    },
    "pin without network": {
        "luks": [
            {
                "name": "a",
                "device": "/dev/a",
                "clevis": {"custom": {"pin": "tpm2", "config": "{}"}},
            }
        ]
    },
}


@pytest.mark.parametrize("name", STORAGE)
def test_files_fetched_by_later_phases_need_the_network(name: str, tmp_path: Path) -> None:
    """The cache is written, and fetch does not run. Release 2.14 ignores pins."""
    theirs, ours = boot(tmp_path, config(storage=STORAGE[name]), {})
    assert differences(theirs, ours) == ({"neednet", "modes"} if name == "pin" else set())
    assert ours.neednet == (name not in ("file inline", "empty source", "pin without network"))
    assert (theirs.online, theirs.requests) == (None, [])


@pytest.mark.parametrize(
    ("proxy", "found"),
    [
        ({"httpProxy": PROXY}, "proxy"),
        ({"httpsProxy": PROXY}, "server"),
        ({"httpProxy": PROXY.replace("//", "//u:p%40@")}, "proxy"),
        ({"httpProxy": PROXY, "noProxy": [HOST]}, "server"),
        ({"httpProxy": PROXY, "noProxy": ["10.9.0.0/16"]}, "server"),
        ({"httpProxy": PROXY, "noProxy": [f"{HOST}:81"]}, "proxy"),
        ({"httpProxy": PROXY, "noProxy": ["*"]}, "server"),
        ({"httpProxy": PROXY, "noProxy": ["9.9"]}, "server"),
        ({"httpProxy": PROXY, "noProxy": [".9.9:80"]}, "server"),
        ({"httpProxy": PROXY, "noProxy": ["10.9.9"]}, "proxy"),
        ({"httpProxy": PROXY, "noProxy": [f"{HOST}:"]}, "server"),
        ({"httpProxy": PROXY, "noProxy": [f"{HOST}:080"]}, "proxy"),
        ({"httpProxy": PROXY, "noProxy": [f"[{HOST}]"]}, "proxy"),
    ],
)
def test_proxies_of_the_config(proxy: dict[str, Any], found: str, tmp_path: Path) -> None:
    value = config(references=merge("/c?a=b"), proxy=proxy)
    proxied = {f"{HERE}/c": CONFIG}
    theirs, ours = boot(tmp_path, value, FOUND, proxied)
    assert theirs == ours
    assert theirs.online == 0
    assert theirs.requests[0].startswith(f"GET {HERE}/c" if found == "proxy" else "GET /c")


def test_proxy_of_a_child_applies_to_its_children(tmp_path: Path) -> None:
    child = text(config(references=merge("/d"), proxy={"httpProxy": PROXY}))
    theirs, ours = boot(tmp_path, config(references=merge()), {"/c": child}, {f"{HERE}/d": CONFIG})
    assert theirs == ours
    assert theirs.configs == ["file False", "/c True", "/d True"]


@pytest.mark.parametrize(
    ("timeouts", "answers", "status"),
    [
        ({"httpTotal": 1}, [Answer(503)], 1),
        ({"httpTotal": 1}, [Answer(body=CONFIG, pause=5)], 1),
        ({"httpResponseHeaders": 1}, [Answer(body=CONFIG, delay=2), Answer(body=CONFIG)], 0),
        ({"httpResponseHeaders": 1, "httpTotal": 0}, [Answer(body=CONFIG, pause=1.3)], 0),
    ],
    ids=["errors", "body", "headers", "slow-body"],
)
def test_timeouts_of_the_config(
    timeouts: dict[str, int], answers: list[Answer], status: int, tmp_path: Path
) -> None:
    value = config(references=merge(), timeouts=timeouts)
    theirs, ours = boot(tmp_path, value, {"/c": answers})
    assert differences(theirs, ours) <= {"requests"}, "how many there were is of the machine"
    assert set(theirs.requests) == set(ours.requests)
    assert theirs.online == status


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Path:
    return authority.issue(NAME)


def trusting(source: str, *, total: int = 20, **more: Any) -> dict[str, Any]:
    """A config that trusts the authority at `source` and references another config by https."""
    return config(
        references={"merge": [{"source": f"https://{NAME}/c"}]},
        timeouts={"httpTotal": total},
        security={"tls": {"certificateAuthorities": [{"source": source, **more}]}},
    )


@pytest.mark.parametrize(
    ("name", "status"),
    [("inline", 0), ("fetched", 0), ("packed", 0), ("hashed", 1), ("404", 1), ("empty", 1)],
)
def test_authorities_of_the_config(
    name: str, status: int, authority: Authority, certificate: Path, tmp_path: Path
) -> None:
    inline = "data:," + quote(authority.pem.decode())
    value = {
        "inline": trusting(inline),
        "fetched": trusting(HERE + "/ca"),
        "packed": trusting(HERE + "/ca.gz", compression="gzip"),
        "hashed": trusting(HERE + "/ca", **hashed(f"sha512-{WRONG}")),
        "404": trusting(HERE + "/missing"),
        "empty": trusting("data:,", total=1),
    }[name]
    routes = {**FOUND, "/ca": authority.pem, "/ca.gz": gzip.compress(authority.pem)}
    theirs, ours = boot(tmp_path, value, routes, tls=certificate)
    assert theirs == ours
    assert (theirs.cache is None) == bool(status)
    assert status == (theirs.online if theirs.online is not None else theirs.offline)


@pytest.mark.parametrize(
    ("text_of", "differs"),
    [
        ("before\n{}", False),
        ("{}after\n", False),
        # This engine accepts an empty line after the last certificate.
        ("{}\n\n", True),
    ],
)
def test_text_around_certificates(
    text_of: str, differs: bool, authority: Authority, certificate: Path, tmp_path: Path
) -> None:
    source = "data:," + quote(text_of.format(authority.pem.decode()))
    theirs, ours = boot(tmp_path, trusting(source), FOUND, tls=certificate)
    assert (theirs != ours) == differs
    if differs:
        assert (theirs.offline, ours.online) == (1, 0)


TARGETS = [
    "/a/b",
    "//a",
    "/a b",
    "/a b!'()*[]",
    "/a;b=c,d!$&'()*+@:[]",
    "/\u00fc",
    '/a"b\\c^d`e{f}|g',
    "/a?b?c",
    "?x=1",
    "/a#b",
    "/a%2Fb",
    "/a%2fb",
    "/%7Ea",
    "/a/./b/../c",
    "/a?",
    '/a?b="c"&d=%7e',
]


@pytest.mark.parametrize("target", TARGETS)
def test_target_of_the_request(target: str, tmp_path: Path) -> None:
    theirs, ours = boot(tmp_path, config(references=merge(target)), {})
    assert theirs == ours
    assert theirs.requests


def test_target_of_the_request_through_a_proxy(tmp_path: Path) -> None:
    value = config(references=merge("/a/../%7eb?"), proxy={"httpProxy": PROXY})
    theirs, ours = boot(tmp_path, value, {}, {})
    assert theirs == ours
    assert theirs.requests[0].startswith(f"GET {HERE}/a/../%7eb? ")
