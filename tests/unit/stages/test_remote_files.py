# SPDX-License-Identifier: Apache-2.0
"""Remote files, from a server on this machine."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ignition.base.errors import Failure, FailureGroup, Refused
from ignition.engine import view
from ignition.stages.common.parallel import ProgressCounter
from ignition.stages.files.contents import CONNECTIONS
from ignition.testbed.httpserver import Answer, HttpServer
from tests.support.target import Target


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def remote(server: HttpServer, path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "contents": {"source": server.url(path)}, **more}


def names(target: Target, path: str) -> list[str]:
    folder = target.at(path)
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []


def test_contents(target: Target, server: HttpServer) -> None:
    server.answer("/d/f", b"from afar")
    target.storage(files=[remote(server, "/d/f", mode=0o600, user={"id": 5})])
    assert target.at("/d/f").read_bytes() == b"from afar"
    assert (target.mode("/d/f"), target.owner("/d/f")) == (0o600, (5, 0))


def test_not_found(target: Target, server: HttpServer) -> None:
    server.answer("/d/other", b"x")
    with pytest.raises(Failure, match="not found") as caught:
        target.storage(files=[remote(server, "/d/f")])
    assert str(caught.value.origin) == "config.ign: /storage/files/0"
    assert names(target, "/d") == []


def test_headers(target: Target, server: HttpServer) -> None:
    server.answer("/f", b"x")
    file = remote(server, "/f")
    file["contents"]["httpHeaders"] = [{"name": "X-Auth", "value": "secret"}]
    target.storage(files=[file])
    assert server.requests[0].headers["x-auth"] == "secret"
    assert not any("secret" in line for line in target.log)


def test_wrong_hash(target: Target, server: HttpServer) -> None:
    server.answer("/d/f", b"tampered")
    target.put("/d/f", "old")
    file = remote(server, "/d/f", overwrite=True)
    file["contents"]["verification"] = {"hash": f"sha256-{hashlib.sha256(b'wanted').hexdigest()}"}
    with pytest.raises(Failure, match="hash verification failed"):
        target.storage(files=[file])
    assert target.at("/d/f").read_text() == "old"
    assert names(target, "/d") == ["f"]


def test_directory_is_kept_until_everything_is_fetched(target: Target, server: HttpServer) -> None:
    server.answer("/d", Answer(body=b"whole", cut=2))
    target.put("/d/child", "precious")
    target.settings.wait_fetch = 1
    with pytest.raises(Failure):
        target.storage(files=[remote(server, "/d", overwrite=True)])
    assert target.at("/d/child").read_text() == "precious"
    server.answer("/d", b"whole")
    target.storage(files=[remote(server, "/d", overwrite=True)])
    assert target.at("/d").read_bytes() == b"whole"


def test_parts_from_everywhere(target: Target, server: HttpServer) -> None:
    server.answer("/two", b"two,")
    append = [{"source": server.url("/two")}, {"source": "data:,three"}, {"source": ""}]
    contents = {"source": "data:,one%2C"}
    target.storage(files=[{"path": "/f", "contents": contents, "append": append}])
    assert target.at("/f").read_text() == "one,two,three"


def test_retried_part(target: Target, server: HttpServer) -> None:
    server.answer("/f", b"one,")
    server.answer("/two", [Answer(503), Answer(body=b"two")])
    target.storage(files=[remote(server, "/f", append=[{"source": server.url("/two")}])])
    assert target.at("/f").read_text() == "one,two"


def test_appended_once(target: Target, server: HttpServer) -> None:
    server.answer("/more", b"more")
    target.put("/f", "one,")
    for _ in range(2):
        target.storage(files=[{"path": "/f", "append": [{"source": server.url("/more")}]}])
    assert target.at("/f").read_text() == "one,more"


def test_failed_append_leaves_the_file(target: Target, server: HttpServer) -> None:
    server.answer("/more", b"more")
    target.put("/f", "one")
    append = [{"source": server.url("/more")}, {"source": server.url("/missing")}]
    with pytest.raises(Failure):
        target.storage(files=[{"path": "/f", "append": append}])
    assert target.at("/f").read_text() == "one"
    assert names(target, "/") == ["etc", "f"]


@pytest.mark.parametrize("there", ["", "from", "from afar", "other"])
def test_existing_file_is_refused_before_fetching(
    target: Target, server: HttpServer, there: str
) -> None:
    server.answer("/f", b"from afar")
    target.put("/f", there)
    with pytest.raises(Refused, match="overwrite is false") as caught:
        target.storage(files=[remote(server, "/f")])
    assert caught.value.code == "IGN3103"
    assert target.at("/f").read_text() == there
    assert names(target, "/") == ["f"]
    assert server.paths() == []


@pytest.mark.parametrize("there", ["", "from", "from afar", "torn"])
def test_file_of_an_interrupted_run(target: Target, server: HttpServer, there: str) -> None:
    server.answer("/f", b"from afar")
    target.storage(files=[remote(server, "/f")])
    target.put("/f", there)
    target.storage(files=[remote(server, "/f")])
    assert target.at("/f").read_text() == "from afar"
    assert names(target, "/") == ["etc", "f"]


@pytest.mark.parametrize("there", ["", "from", "from afar", "from afar and more", "fRom afar"])
def test_file_changed_since_a_complete_run(target: Target, server: HttpServer, there: str) -> None:
    server.answer("/f", b"from afar")
    config = {"storage": {"files": [remote(server, "/f")]}}
    target.run(config, "files", "finish")
    target.put("/f", there)
    for _ in range(2):  # the second run must not take the file for its own
        if there == "from afar":
            target.run(config, "files", "finish")
            continue
        with pytest.raises(Refused, match="overwrite is false"):
            target.run(config, "files", "finish")
        assert target.at("/f").read_text() == there


def test_many_are_fetched_at_once(target: Target, server: HttpServer) -> None:
    paths = [f"/d{number % 3}/{number}" for number in range(64)]
    for path in paths:
        server.answer(path, Answer(body=path.encode(), delay=0.3))
    started = time.monotonic()
    steps = target.storage(
        directories=[{"path": "/d0", "mode": 0o700}],
        files=[remote(server, path) for path in paths],
    )
    assert steps == [
        "record existing files",
        "make /d0",
        "fetch and write 64 files in 3 folders",
    ]
    assert {path: target.at(path).read_text() for path in paths} == dict(
        zip(paths, paths, strict=True)
    )
    assert time.monotonic() - started < 64 * 0.3 / 2
    assert len({request.peer for request in server.requests}) <= CONNECTIONS
    assert target.mode("/d0") == 0o700


def test_one_progress_line_for_all_files(
    target: Target, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "PROGRESS_INTERVAL", 0.25)
    paths = [f"/d/{number}" for number in range(48)]
    for path in paths:
        server.answer(path, Answer(body=b"x", delay=0.2))
    reading, writing = os.pipe()
    target.view = view.View(writing, colour=False)
    target.storage(files=[remote(server, path) for path in paths])
    os.close(writing)
    with open(reading) as console:
        notes, *lines, last = console.read().splitlines()
    assert notes.startswith("ignition : record existing files ")
    assert last.startswith("ignition : fetch and write 48 files in /d ")
    assert 0 < len(lines) <= 6
    for line in lines:
        assert re.fullmatch(r"ignition : fetch and write 48 files in /d: \d+ of 48 done", line)


def test_message_of_a_single_job_has_no_count() -> None:
    shown: list[str] = []
    many = ProgressCounter(3, shown.append)
    many.job_done()
    many.report("waiting 30 s for http://host/a: no answer yet")
    ProgressCounter(1, shown.append).report("waiting 30 s for http://host/a: no answer yet")
    assert shown == [
        "1 of 3 done",
        "1 of 3 done; waiting 30 s for http://host/a: no answer yet",
        "waiting 30 s for http://host/a: no answer yet",
    ]


def test_no_fetch_starts_after_a_failure(target: Target, server: HttpServer) -> None:
    files = [remote(server, "/missing")]
    for number in range(200):
        server.answer(f"/{number}", Answer(body=b"x", delay=1))
        files.append(remote(server, f"/{number}"))
    with pytest.raises(Failure):
        target.storage(files=files)
    assert len(server.requests) < 100
    assert not [path for path in target.tree() if "tmp" in path]


def test_all_failures_are_reported(target: Target, server: HttpServer) -> None:
    files = [remote(server, "/a"), remote(server, "/b")]
    server.answer("/a", Answer(404, delay=0.3))
    server.answer("/b", Answer(404, delay=0.3))
    with pytest.raises(FailureGroup) as caught:
        target.storage(files=files)
    assert sorted(str(one.origin) for one in caught.value.failures) == [
        "config.ign: /storage/files/0",
        "config.ign: /storage/files/1",
    ]
