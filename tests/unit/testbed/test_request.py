# SPDX-License-Identifier: Apache-2.0
"""What the guest is asked for."""

from __future__ import annotations

import io
import tarfile

from ignition.testbed.expectations.model import (
    Command,
    Expectations,
    File,
    Link,
    Port,
    Unit,
    User,
)
from ignition.testbed.request import RESULT_FILE, Request, request_for
from tests.support.judging import HERE

EXPECTED = Expectations(
    "web.expect.yaml",
    items=(
        File(place=HERE, path="/etc/motd"),
        File(place=HERE, path="/etc/motd", mode=0o644),
        Link(place=HERE, path="/etc/again", target="/etc/motd2", hard=True),
        Link(place=HERE, path="/etc/link", target="motd"),
        User(place=HERE, name="core", keys=("ssh-ed25519 AAAA",)),
        User(place=HERE, name="web"),
        Unit(place=HERE, name="web.service", active=True, within=9.5),
        Unit(place=HERE, name="web.service", enabled=True),
        Unit(place=HERE, name="off.service", active=False, within=9),
        Command(place=HERE, run="id\ncore", timeout=2.5),
        Port(place=HERE, port=443),
        Port(place=HERE, port=22, listening=False),
    ),
)


def parts(request: Request) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(request.pack())) as tar:
        files = {entry.name: tar.extractfile(entry) for entry in tar}
        return {name: file.read() for name, file in files.items() if file is not None}


def test_a_request_asks_for_what_is_expected() -> None:
    request = request_for(EXPECTED, second_boot=False)
    assert parts(request) == {
        "paths": b"/etc/motd\n/etc/again\n/etc/motd2\n/etc/link\n",
        "units": b"web.service\noff.service\n",
        "users": b"core\n",
        "waits": b"10 web.service\n",
        "ports": b"tcp 01BB\n",
        "commands/0001/run": b"id\ncore",
        "commands/0001/timeout": b"3\n",
    }


def test_two_boots_are_compared_by_the_result_file_too() -> None:
    assert RESULT_FILE in request_for(EXPECTED, second_boot=True).paths
    assert RESULT_FILE not in request_for(EXPECTED, second_boot=False).paths


def test_equal_requests_are_equal_bytes() -> None:
    assert request_for(EXPECTED, second_boot=True).pack() == (
        request_for(EXPECTED, second_boot=True).pack()
    )


def test_a_name_that_would_be_two_lines_is_not_asked_for() -> None:
    assert parts(Request(paths=("/a\n/etc/shadow", "/b"), units=("",))) == {"paths": b"/b\n"}


def test_a_shell_and_a_script_are_asked_for() -> None:
    assert parts(Request(shell=True, script="id\n")) == {"script": b"id\n", "shell": b"yes\n"}
