# SPDX-License-Identifier: Apache-2.0
"""Every verdict of `ignition test` is provoked here, with its exit status and its words.

The configs in broken/ are good ones with one mistake each. The command must name the line.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ignition.testbed.images import Images
from tests.support.ignition_test import CHECKOUT, Done, describe, ignition_test, place

BROKEN = CHECKOUT / "tests/boot/broken"
EXAMPLES = CHECKOUT / "examples"
STATUS = {
    "passed": 0,
    "expectation failed": 1,
    "config refused": 3,
    "provisioning failed": 4,
    "guest crashed": 5,
    "timeout": 6,
    "host problem": 7,
}


@dataclass(frozen=True)
class Mistake:
    """A config in broken/ and what must be said about it.

    code, words   of the cause
    line          where the cause points to, a regular expression
    options       of the command
    finding       code and line of a warning of lint that explains it
    note          the beginning of a note of the case
    """

    name: str
    verdict: str
    code: str
    words: str
    line: str
    options: tuple[str, ...] = ()
    finding: str = ""
    note: str = ""


WITHOUT_A_GUEST = (
    Mistake(
        *("wrong-hash", "provisioning failed", "IGN4011", "hash verification failed"),
        "wrong-hash.ign:7",
        finding="IGN1876 wrong-hash.ign:13",
    ),
    Mistake("bad-link", "config refused", "IGN1412", "includes link", "bad-link.ign:13"),
    Mistake("no-such-user", "provisioning failed", "IGN3102", "webmaster", "no-such-user.ign:7"),
    Mistake(
        "wrong-owner", "expectation failed", "IGN8426", "expected ada", "wrong-owner.expect.yaml:2"
    ),
    Mistake(
        *("wrong-mode", "expectation failed", "IGN8426", "expected 0644, found 0204"),
        "wrong-mode.expect.yaml:2",
        finding="IGN1851 wrong-mode.ign:9",
    ),
    Mistake("not-enabled", "expectation failed", "IGN8426", "enabled", "not-enabled.expect.yaml:2"),
)
STRICT = Mistake(
    *("no-install-section", "config refused", "IGN1905", "no install section"),
    "no-install-section.ign:10",
)
IN_A_GUEST = (
    Mistake(
        *("device-typo", "provisioning failed", "", "/dev/disk/by-partlabel/dta"),
        "device-typo.ign:2[01]",
        options=("--cmdline", "ignition.wait.device=10"),
        finding="IGN1821 device-typo.ign:21",
    ),
    Mistake("failing-unit", "expectation failed", "IGN8426", "fill.service", "failing-unit.ign:7"),
    Mistake("taken-port", "expectation failed", "IGN8426", "second.socket", "taken-port.ign:20"),
)
SLOW = (
    Mistake(  # systemd chooses which of the two does not start
        *("ordering-cycle", "expectation failed", "IGN8426", ".service: active"),
        "ordering-cycle.ign:(7|12)",
        note="IGN8415: the units have an ordering cycle",
    ),
    Mistake(
        *("no-mount-unit", "expectation failed", "IGN8426", "mount /var/lib/data"),
        "no-mount-unit.expect.yaml:3",
        finding="IGN1832 no-mount-unit.ign:23",
    ),
    Mistake("wrong-label", "expectation failed", "IGN8426", "dta", "wrong-label.expect.yaml:6"),
    Mistake(
        *("no-interpreter", "expectation failed", "IGN8426", "prepare.service"),
        "no-interpreter.ign:16",
    ),
)


def check_mistake(mistake: Mistake, case: Mapping[str, Any], done: Done) -> None:
    cause = case["cause"]
    assert case["verdict"] == mistake.verdict, describe(done)
    if mistake.code:
        assert cause["code"] == mistake.code
    assert mistake.words in cause["text"]
    assert re.fullmatch(mistake.line, place(cause)), describe(done)
    assert not mistake.note or any(note.startswith(mistake.note) for note in case["notes"])
    findings = [f"{finding['code']} {place(finding)}" for finding in case["findings"]]
    if mistake.finding:
        assert mistake.finding in findings
    assert case["repeat"].startswith("ignition test ")
    assert cause["code"] in done.text
    assert mistake.verdict in done.text


def test_all_broken_configs_are_tested() -> None:
    tested = [mistake.name for mistake in (*WITHOUT_A_GUEST, STRICT, *IN_A_GUEST, *SLOW)]
    assert sorted(tested) == sorted(path.stem for path in BROKEN.glob("*.ign"))
    assert len(tested) >= 12


def test_mistakes_that_need_no_guest(guest_images: Images, tmp_path: Path) -> None:
    configs = [BROKEN / f"{mistake.name}.ign" for mistake in WITHOUT_A_GUEST]
    done = ignition_test(tmp_path, "--tier", "apply", *configs)
    for mistake, case in zip(WITHOUT_A_GUEST, done.cases, strict=True):
        check_mistake(mistake, case, done)
    assert done.status == 4, "the worst of all cases"


def test_a_mistake_that_only_a_warning_tells(tmp_path: Path) -> None:
    """systemd takes a unit without an [Install] section as it is."""
    done = ignition_test(tmp_path, "--strict", BROKEN / f"{STRICT.name}.ign")
    check_mistake(STRICT, done.case, done)
    assert done.status == 3


@pytest.mark.parametrize(
    "mistake",
    [
        *(pytest.param(mistake, id=mistake.name) for mistake in IN_A_GUEST),
        *(pytest.param(mistake, id=mistake.name, marks=pytest.mark.slow) for mistake in SLOW),
    ],
)
def test_mistakes_in_a_guest(mistake: Mistake, guest_images: Images, tmp_path: Path) -> None:
    done = ignition_test(tmp_path, *mistake.options, BROKEN / f"{mistake.name}.ign")
    check_mistake(mistake, done.case, done)
    assert done.status == STATUS[mistake.verdict]
    artefacts = Path(done.case["artefacts"])
    assert (artefacts / "console.log").stat().st_size > 0


# -- each verdict ------------------------------------------------------------------------------------------


def write(folder: Path, **sections: Any) -> Path:
    config = folder / "x.ign"
    config.write_text(json.dumps({"ignition": {"version": "3.4.0"}, **sections}))
    return config


def unit(command: str) -> dict[str, Any]:
    """A section with a service that runs a command in the booted system."""
    contents = (
        f"[Service]\nType=oneshot\nExecStart=/bin/sh -c '{command}'\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )
    return {"units": [{"name": "x.service", "enabled": True, "contents": contents}]}


@pytest.mark.slow
def test_a_guest_that_crashes(guest_images: Images, tmp_path: Path) -> None:
    config = write(tmp_path, systemd=unit("echo c >/proc/sysrq-trigger"))
    done = ignition_test(tmp_path, config)
    assert (done.status, done.case["verdict"]) == (5, "guest crashed"), describe(done)
    assert done.case["cause"]["code"] == "IGN8410"
    assert "sysrq triggered crash" in done.case["cause"]["text"]


@pytest.mark.slow
def test_a_guest_that_takes_too_long(guest_images: Images, tmp_path: Path) -> None:
    """In phase files, which waits for a server that never answers."""
    with silent_server() as port:
        source = f"http://10.0.2.2:{port}/x"
        config = write(
            tmp_path, storage={"files": [{"path": "/x", "contents": {"source": source}}]}
        )
        done = ignition_test(tmp_path, "--timeout", "75", config)
    assert (done.status, done.case["verdict"]) == (6, "timeout"), describe(done)
    assert done.case["cause"]["code"] == "IGN8423"
    assert "not done after 75 s: it is in phase files" in done.case["cause"]["text"]


def test_applying_takes_too_long(guest_images: Images, tmp_path: Path) -> None:
    with silent_server() as port:
        source = f"http://127.0.0.1:{port}/x"
        config = write(
            tmp_path, storage={"files": [{"path": "/x", "contents": {"source": source}}]}
        )
        done = ignition_test(tmp_path, "--tier", "apply", "--timeout", "8", config)
    assert (done.status, done.case["verdict"]) == (6, "timeout"), describe(done)
    assert "not applied within 8 s: it is in phase files" in done.case["cause"]["text"]


def test_a_passed_case_keeps_nothing(guest_images: Images, tmp_path: Path) -> None:
    done = ignition_test(tmp_path, "--tier", "apply", EXAMPLES / "links.ign")
    assert (done.status, done.case["verdict"]) == (0, "passed"), describe(done)
    assert "artefacts" not in done.case


def test_a_host_without_qemu(tmp_path: Path) -> None:
    done = ignition_test(tmp_path, EXAMPLES / "service.ign", environ={"PATH": "/nonexistent"})
    assert (done.status, done.case["verdict"]) == (7, "host problem"), describe(done)
    assert done.case["cause"]["code"] == "IGN8001"
    assert "apt-get install" in done.case["cause"]["hint"]


def test_an_image_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "disk.qcow2").write_text("<html>404 not found</html>\n")
    image = tmp_path / "disk.qcow2"
    for tier in ("boot", "apply"):
        done = ignition_test(tmp_path, "--tier", tier, "--image", image, EXAMPLES / "links.ign")
        assert (done.status, done.case["verdict"]) == (7, "host problem"), describe(done)
        assert "disk.qcow2" in done.case["cause"]["text"]


def test_an_expected_failure_that_does_not_come(guest_images: Images, tmp_path: Path) -> None:
    config = write(tmp_path, storage={"files": [{"path": "/x", "contents": {"source": "data:,x"}}]})
    expect = tmp_path / "x.expect.yaml"
    expect.write_text("failure:\n  phase: files\n")
    done = ignition_test(tmp_path, "--tier", "apply", config)
    assert (done.status, done.case["verdict"]) == (1, "expectation failed"), describe(done)
    assert done.case["cause"]["code"] == "IGN8424"


def test_a_failure_other_than_expected(guest_images: Images, tmp_path: Path) -> None:
    source = "data:,x"
    config = write(
        tmp_path, storage={"files": [{"path": "/etc/passwd", "contents": {"source": source}}]}
    )
    (tmp_path / "x.expect.yaml").write_text("failure:\n  code: IGN3104\n")
    done = ignition_test(tmp_path, "--tier", "apply", config)
    assert (done.status, done.case["verdict"]) == (1, "expectation failed"), describe(done)
    assert done.case["cause"]["code"] == "IGN8425"
    assert "IGN3103" in done.case["cause"]["text"]


def test_a_flake_is_counted(guest_images: Images, tmp_path: Path) -> None:
    """The server has the file at the second request only, and a missing file is not tried again."""
    with forgetful_server() as port:
        source = f"http://127.0.0.1:{port}/x"
        config = write(
            tmp_path, storage={"files": [{"path": "/x", "contents": {"source": source}}]}
        )
        done = ignition_test(tmp_path, "--tier", "apply", "--retries", "1", config)
    assert (done.status, done.case["verdict"]) == (0, "passed"), describe(done)
    assert done.case["attempts"] == 2
    assert done.case["flaky"] is True
    assert "flaky" in done.text


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@contextmanager
def forgetful_server() -> Iterator[int]:
    """The port of a server that knows nothing at the first request."""

    class Handler(BaseHTTPRequestHandler):
        requests = 0

        def do_GET(self) -> None:  # the name is http.server's
            Handler.requests += 1
            self.send_response(404 if Handler.requests == 1 else 200)
            self.send_header("Content-Length", "1")
            self.end_headers()
            self.wfile.write(b"x")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
