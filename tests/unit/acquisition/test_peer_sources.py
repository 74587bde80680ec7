# SPDX-License-Identifier: Apache-2.0
"""Kernel command line, user.ign, drives and hypervisors: the same config as Ignition finds.

Differences are listed with their reasons. Ignition here is release 2.14.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ignition.providers import first_source
from ignition.testbed import drives
from ignition.testbed.httpserver import Answer, HttpServer
from ignition.testbed.metadata import FAKES
from tests.support import network, peer
from tests.unit.acquisition.comparison import CONFIG, WAITS, Pair, Servers, differences, private_dev

URL = "ignition.config.url="
SERVICE = "http://169.254.169.254"
NAMED = URL + SERVICE
OTHER = b'{"ignition": {"version": "3.1.0"}}'
OF_THE_CLOUD = "/computeMetadata/v1/instance/attributes/user-data"
EVERYTHING = {"offline", "online", "neednet", "cache", "configs", "modes", "requests"}
no_loops = not Path("/dev/loop-control").exists() or shutil.which("losetup") is None

pytestmark = [
    pytest.mark.skipif(not peer.engine(), reason=peer.MISSING),
    pytest.mark.skipif(bool(network.missing()), reason=network.missing()),
]
needs_loops = pytest.mark.skipif(no_loops, reason="drives take loop devices and losetup")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_source, "GRACE_PERIOD", 0.2)
    monkeypatch.setattr(first_source, "POLL_INTERVAL", 0.05)


def cloud(routes: Mapping[str, bytes | Answer | Sequence[Answer]]) -> Servers:
    """A Google Cloud instance with the config `CONFIG`; its server also answers other paths."""

    @contextlib.contextmanager
    def serve() -> Iterator[Sequence[HttpServer]]:
        service = FAKES["gcp"](CONFIG)
        host = service.address
        with HttpServer(routes, host=host, port=80, service=service.answer) as server:
            yield [server]

    return serve


@contextlib.contextmanager
def nothing() -> Iterator[Sequence[HttpServer]]:
    yield ()


@pytest.mark.parametrize(
    ("cmdline", "source"),
    [
        (NAMED + "/a", "cmdline"),
        (f"{URL}{SERVICE.upper()}/a", "cmdline"),
        (f"{NAMED}/b {NAMED}/a", "cmdline"),
        (f"{NAMED}/a {URL}", "gcp"),
        (f"{NAMED}/a ignition.config.url", "cmdline"),
        (URL, "gcp"),
        (NAMED.upper() + "/a", "gcp"),
        (f"x{NAMED}/a", "gcp"),
        (NAMED + "/q?a=b&c=d#e", "cmdline"),
        (NAMED.replace("//", "//u:p@") + "/a", "cmdline"),
        (NAMED + "/ü", "cmdline"),
        (NAMED, "cmdline"),
        (NAMED + "/missing", "none"),
        (NAMED + "/none", "empty"),
        (NAMED + "/later", "cmdline"),
        (NAMED + "/packed", "none"),
        (NAMED + "/chunks", "cmdline"),
        (NAMED + "/endless", "cmdline"),
        (URL + "data:,%7B%22ignition%22:%7B%22version%22:%223.0.0%22%7D%7D", "cmdline"),
        (URL + "data:,", "empty"),
        (URL + "data:;base64,@@", "none"),
        (URL + "a/path", "empty"),
    ],
)
def test_kernel_command_line_comes_first(cmdline: str, source: str, tmp_path: Path) -> None:
    routes: dict[str, bytes | Answer | Sequence[Answer]] = {
        **dict.fromkeys(("/a", "/q", "/%C3%BC", "/"), OTHER),
        "/none": Answer(204),
        "/later": [Answer(503), Answer(body=OTHER)],
        "/packed": Answer(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}),
        "/chunks": Answer(body=OTHER, chunked=True),
        "/endless": Answer(body=OTHER, length=""),
    }
    with network.own_network("169.254.169.254"):
        theirs, ours = Pair(tmp_path, "gcp", cmdline=cmdline).boot(cloud(routes))
    assert theirs == ours
    got = theirs.configs[0].removesuffix(" False") if theirs.configs else "none"
    assert got == (source if theirs.cache and source != "empty" else "none")
    assert (theirs.cache is None) == (source == "none")


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        # Later releases ignore text that is not a URL; this one fails.
        ("http://[::1", EVERYTHING),
        (f'"{SERVICE}/a"', EVERYTHING),
        (f"{SERVICE}/%zz", EVERYTHING),
        # This engine does not request the network for an unknown scheme. Both fail.
        ("ftp://169.254.169.254/a", {"offline", "online", "neednet", "configs", "modes"}),
    ],
)
def test_known_differences_of_the_command_line(url: str, fields: set[str], tmp_path: Path) -> None:
    with network.own_network("169.254.169.254"):
        theirs, ours = Pair(tmp_path, "gcp", cmdline=URL + url).boot(cloud({}))
    assert differences(theirs, ours) == fields
    assert theirs.cache is None


@pytest.mark.parametrize(
    "user_ign",
    [
        CONFIG,
        b"",
        b"\n",
        b"no config",
        json.dumps(
            {
                "ignition": {
                    "version": "3.1.0",
                    "config": {"merge": [{"source": SERVICE + "/a"}]},
                }
            }
        ).encode(),
    ],
    ids=["config", "empty", "blank", "bad", "refers"],
)
@pytest.mark.parametrize("cmdline", ["", NAMED + "/a"], ids=["alone", "and-the-command-line"])
def test_user_ign_comes_before_the_platform(cmdline: str, user_ign: bytes, tmp_path: Path) -> None:
    machine = Pair(tmp_path, "gcp", cmdline=cmdline, user_ign=user_ign)
    with network.own_network("169.254.169.254"):
        theirs, ours = machine.boot(cloud({"/a": OTHER}))
    assert theirs == ours
    assert not any(OF_THE_CLOUD in request for request in theirs.requests)


@pytest.mark.parametrize("source", ["cmdline", "user.ign"])
def test_aws_is_not_asked_if_an_earlier_source_has_a_config(source: str, tmp_path: Path) -> None:
    """Ignition asks for the region in every phase, so it needs the network anyway."""
    inline = URL + "data:,%7B%22ignition%22:%7B%22version%22:%223.0.0%22%7D%7D"
    machine = Pair(tmp_path, "aws")
    if source == "cmdline":
        machine.cmdline = inline
    else:
        machine.user_ign = OTHER

    @contextlib.contextmanager
    def servers() -> Iterator[Sequence[HttpServer]]:
        service = FAKES["aws"](CONFIG)
        with HttpServer(host=service.address, port=80, service=service.answer) as server:
            yield [server]

    with network.own_network("169.254.169.254"):
        theirs, ours = machine.boot(servers)
    assert theirs.online == 0
    assert (ours.offline, ours.online, ours.neednet, ours.requests) == (0, None, False, [])
    if source == "user.ign":
        assert theirs.cache == ours.cache
        assert theirs.configs == ours.configs


USER_DATA = "/user-data"
OPENSTACK = "/openstack/latest/user_data"
CLOUDSTACK = "/cloudstack/userdata/user_data.txt"


@needs_loops
@pytest.mark.parametrize("data", [CONFIG, None, b"<html>"], ids=["config", "none", "html"])
@pytest.mark.parametrize(
    ("platform", "label", "path"),
    [
        ("ibmcloud", "cidata", USER_DATA),
        ("kubevirt", "config-2", OPENSTACK),
        ("nutanix", "config-2", OPENSTACK),
        ("powervs", "config-2", OPENSTACK),
    ],
)
def test_config_on_a_drive(
    platform: str, label: str, path: str, data: bytes | None, tmp_path: Path
) -> None:
    files = {"/other": b""} if data is None else {path: data}
    image = drives.ext4(tmp_path / "image", label, files)
    with network.own_network(), private_dev({f"disk/by-label/{label}": image}):
        theirs, ours = Pair(tmp_path, platform).boot(nothing)
    assert theirs == ours
    assert (theirs.offline, theirs.neednet) == (int(data == b"<html>"), False)


@needs_loops
@pytest.mark.parametrize("label", ["config-2", "CONFIG-2"])
@pytest.mark.parametrize(
    ("platform", "path"),
    [("openstack", OPENSTACK), ("brightbox", OPENSTACK), ("cloudstack", CLOUDSTACK)],
)
def test_drive_of_a_cloud_without_a_metadata_service(
    platform: str, path: str, label: str, tmp_path: Path
) -> None:
    image = drives.ext4(tmp_path / "image", label, {path: CONFIG})
    with network.own_network(), private_dev({f"disk/by-label/{label}": image}):
        theirs, ours = Pair(tmp_path, platform).boot(nothing)
    assert theirs == ours
    assert (theirs.neednet, theirs.online) == (True, 0), "they ask for the network at once"


@needs_loops
def test_drive_whose_config_needs_the_network(tmp_path: Path) -> None:
    """Ignition reads the drive again; this engine has cached the config."""
    references = {"replace": {"source": SERVICE + "/a"}}
    config = json.dumps({"ignition": {"version": "3.1.0", "config": references}}).encode()
    image = drives.ext4(tmp_path / "image", "cidata", {USER_DATA: config})
    with (
        network.own_network("169.254.169.254"),
        private_dev({"disk/by-label/cidata": image}),
    ):
        theirs, ours = Pair(tmp_path, "ibmcloud").boot(cloud({"/a": OTHER}))
    assert theirs == ours
    assert theirs.configs == ["ibmcloud False", "/a True"]


@needs_loops
@pytest.mark.parametrize("platform", ["azurestack", "kubevirt"])
def test_wait_for_a_drive_that_never_appears(platform: str, tmp_path: Path) -> None:
    """`ignition.wait.fetch=`, which only this engine has, ends the wait."""
    with network.own_network(), private_dev({}):
        theirs, ours = Pair(tmp_path, platform, limit=1, wait=1).boot(nothing)
    assert (theirs.offline, ours.offline) == (WAITS, 1)
    assert (theirs.neednet, ours.neednet) == (False, False)


@pytest.mark.parametrize("platform", ["metal", "file", "vmware", "virtualbox", "qemu", "zvm"])
def test_without_the_hypervisor(platform: str, tmp_path: Path, monkeypatch: Any) -> None:
    """The test environment cannot load kernel modules."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "modprobe").write_text("#!/bin/sh\nexit 1\n")
    (programs / "modprobe").chmod(0o755)
    path = f"{programs}:/usr/bin:/bin"
    monkeypatch.setenv("PATH", path)
    with network.own_network():
        theirs, ours = Pair(tmp_path, platform).boot(nothing)
    assert theirs == ours
    assert theirs.offline == (0 if platform == "metal" else 1)


def provided(machine: Pair, side: str, phase: Callable[[str], int]) -> Any:
    """The result file after the files phase. Ignition fails later, for lack of an SELinux policy."""
    phase("files")
    result = (machine.folder / side / "root/etc/.ignition-result.json").read_text()
    return json.loads(result)["userConfigProvided"]


@pytest.mark.parametrize(
    ("platform", "options", "expected"),
    [
        ("metal", {}, False),
        ("file", {"config": CONFIG}, True),
        ("file", {"config": b""}, False),
        ("metal", {"user_ign": OTHER}, True),
        ("metal", {"user_ign": b""}, False),
        ("metal", {"cmdline": URL + "a/path"}, False),
    ],
    ids=["nothing", "config", "empty", "user.ign", "empty-user.ign", "no-scheme"],
)
def test_result_file_records_whether_there_was_a_config(
    platform: str, options: dict[str, Any], expected: bool, tmp_path: Path
) -> None:
    machine = Pair(tmp_path, platform, **options)
    with network.own_network():
        theirs, ours = machine.boot(nothing)
        assert theirs == ours
        assert provided(machine, "theirs", machine.theirs) is expected
        assert provided(machine, "ours", machine.ours) is expected
