# SPDX-License-Identifier: Apache-2.0
"""`ignition render` as a subprocess."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.cli.command import run

CHILD = {
    "ignition": {"version": "3.6.0"},
    "storage": {"files": [{"path": "/b"}, {"path": "/a", "mode": 384}]},
}


def parent(source: str, version: str = "3.1.0") -> str:
    config = {
        "ignition": {"version": version, "config": {"merge": [{"source": source}]}},
        "storage": {"files": [{"path": "/a", "contents": {"source": "data:,a"}}]},
    }
    return json.dumps(config, indent=1)


def inline(config: Any) -> str:
    return "data:," + quote(json.dumps(config))


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/child.ign" else 403)
            self.end_headers()
            self.wfile.write(json.dumps(CHILD).encode())

        def log_message(self, *_: object) -> None:
            pass

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


WHOLE = {
    "ignition": {"version": "3.6.0"},
    "storage": {
        "files": [
            {"path": "/a", "contents": {"source": "data:,a"}, "mode": 384},
            {"path": "/b"},
        ]
    },
}


def test_references_are_merged_and_removed() -> None:
    done = run("ignition", "render", "-", stdin=parent(inline(CHILD)).encode())
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == WHOLE


def test_a_reference_is_fetched(server: str) -> None:
    done = run("ignition", "render", "-", stdin=parent(f"{server}/child.ign").encode())
    assert json.loads(done.stdout) == WHOLE


def test_offline_fetches_nothing(server: str) -> None:
    text = parent(f"{server}/child.ign").encode()
    done = run("ignition", "render", "--offline", "-", stdin=text)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error IGN4003: resource requires networking" in done.stderr
    assert "at /ignition/config/merge/0" in done.stderr


def test_rejected_fetch_has_a_location(server: str) -> None:
    text = parent(f"{server}/secret?key=hidden").encode()
    done = run("ignition", "render", "--timeout", "1", "-", stdin=text)
    assert done.returncode == 1
    assert "IGN40" in done.stderr
    assert "hidden" not in done.stderr


def test_origins_name_the_source_of_each_value(tmp_path: Path) -> None:
    (tmp_path / "p.ign").write_text(parent(inline(CHILD)))
    done = run("ignition", "render", "--origins", "p.ign", cwd=tmp_path)
    rows = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    child = "config inline in p.ign: /ignition/config/merge/0"
    assert rows == [
        ["/storage/files/0/path", '"/a"', f"{child} /storage/files/1/path"],
        ["/storage/files/0/contents/source", '"data:,a"', "p.ign:17:16"],
        ["/storage/files/0/mode", "384", f"{child} /storage/files/1/mode"],
        ["/storage/files/1/path", '"/b"', f"{child} /storage/files/0/path"],
    ]


def test_origins_mask_secrets() -> None:
    config = {
        "ignition": {"version": "3.6.0"},
        "passwd": {"users": [{"name": "u", "passwordHash": "$6$hidden"}]},
    }
    done = run("ignition", "render", "--origins", "-", stdin=json.dumps(config).encode())
    assert "/passwd/users/0/passwordHash" in done.stdout
    assert "hidden" not in done.stdout


def test_lossy_target_version_names_the_member() -> None:
    config = {**WHOLE, "kernelArguments": {"shouldExist": ["a"]}}
    text = parent(inline(config)).encode()
    done = run("ignition", "render", "--to", "3.2", "-", stdin=text)
    assert (done.returncode, done.stdout) == (1, "")
    assert "kernelArguments would be lost" in done.stderr
    assert "config inline in standard input" in done.stderr


def test_invalid_merge_is_refused() -> None:
    child = {
        "ignition": {"version": "3.6.0"},
        "storage": {"files": [{"path": "/a", "user": {"name": "n"}}]},
    }
    config = json.loads(parent(inline(child)))
    config["storage"]["files"][0]["user"] = {"id": 1}
    for args in ([], ["--origins"]):
        done = run("ignition", "render", *args, "-", stdin=json.dumps(config).encode())
        assert (done.returncode, done.stdout) == (1, "")
        assert "error IGN1401: cannot set both id and name" in done.stderr


def test_unreadable_file_is_a_usage_error(tmp_path: Path) -> None:
    done = run("ignition", "render", "none.ign", cwd=tmp_path)
    assert done.returncode == 2
    assert "IGN6311" in done.stderr
