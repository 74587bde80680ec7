# SPDX-License-Identifier: Apache-2.0
"""The apply tier, with small roots: what it reports, what it refuses, and that it leaves the host alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.testbed import apply_tier
from ignition.testbed.apply import job, namespace
from ignition.testbed.expectations.model import (
    Directory,
    Expectation,
    Expectations,
    File,
    Link,
    Mount,
    Unit,
    User,
)
from ignition.testbed.report import Report
from tests.support.skeleton import TABLES

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts, so it needs root")
PLACE = Origin("x.expect.yaml")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rv3kV7uVsmvWfMxBmF6gPZL5nTq2yDxgkQk1bTbCi ada@example"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with account tables only."""
    folder = tmp_path / "root"
    for name, text in TABLES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def config(**sections: Any) -> bytes:
    return json.dumps({"ignition": {"version": "3.4.0"}, **sections}).encode()


def files(*entries: dict[str, Any]) -> bytes:
    return config(storage={"files": list(entries)})


def apply(data: bytes, root: Path, folder: Path, *items: Expectation, **more: Any) -> Report:
    expectations = Expectations("x.expect.yaml", items=items)
    return apply_tier.apply(data, "x.ign", expectations, folder, image=root, **more)


def snapshot(folder: Path) -> dict[str, tuple[int, int, int, bytes]]:
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        body = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path)] = (status.st_mode, status.st_uid, status.st_mtime_ns, body)
    return found


def test_files_links_and_directories_are_reported_as_a_guest_does(
    root: Path, tmp_path: Path
) -> None:
    data = config(
        storage={
            "directories": [{"path": "/srv/d", "mode": 0o750, "user": {"name": "core"}}],
            "files": [
                {
                    "path": "/srv/d/f",
                    "mode": 0o640,
                    "group": {"id": 233},
                    "contents": {"source": "data:,hi"},
                }
            ],
            "links": [{"path": "/srv/l", "target": "d/f"}],
        }
    )
    report = apply(
        *(data, root, tmp_path / "case"),
        Directory(place=PLACE, path="/srv/d"),
        File(place=PLACE, path="/srv/d/f", content=b"hi"),
        Link(place=PLACE, path="/srv/l"),
        File(place=PLACE, path="/srv/none", exists=False),
    )
    assert report.state == "applied"
    assert report.files is not None
    folder, file, link = (report.files[path] for path in ("/srv/d", "/srv/d/f", "/srv/l"))
    assert (folder.kind, folder.mode, folder.uid) == ("directory", 0o750, 500)
    assert (file.kind, file.mode, file.gid, file.data, file.size) == (
        *("file", 0o640, 233, b"hi", 2),
    )
    assert (link.kind, link.target) == ("link", "d/f")
    assert "/srv/none" in report.missing
    assert "/srv/none" not in report.files


def test_accounts_and_keys(root: Path, tmp_path: Path) -> None:
    data = config(
        passwd={
            "groups": [{"name": "ops", "gid": 1600}],
            "users": [{"name": "ada", "groups": ["ops"], "sshAuthorizedKeys": [KEY]}],
        }
    )
    report = apply(
        *(data, root, tmp_path / "case"),
        User(place=PLACE, name="ada", keys=(KEY,)),
    )
    assert report.passwd is not None
    assert report.groups is not None
    assert report.files is not None
    assert report.shadow is not None
    assert not {"/home/ada/.ssh/authorized_keys"} - report.missing
    assert report.passwd["ada"].uid == 1000
    assert report.passwd["ada"].home == "/home/ada"
    assert report.groups["ops"].members == ("ada",)
    assert report.shadow["ada"] == "*"
    keys = report.files["/home/ada/.ssh/authorized_keys.d/ignition"]
    assert (keys.uid, keys.mode, keys.text.strip()) == (1000, 0o600, KEY)


def test_links_lead_inside_the_root(root: Path, tmp_path: Path) -> None:
    (root / "srv").symlink_to(tmp_path / "outside")  # absolute: the root's own, at a boot
    data = files({"path": "/srv/f", "contents": {"source": "data:,hi"}})
    report = apply(data, root, tmp_path / "case", File(place=PLACE, path="/srv/f"))
    assert report.files is not None
    assert report.files["/srv/f"].data == b"hi"
    assert not (tmp_path / "outside").exists()


def test_what_needs_a_machine_is_not_applied_and_not_known(root: Path, tmp_path: Path) -> None:
    data = config(
        storage={
            "disks": [{"device": "/dev/vdb", "wipeTable": True}],
            "filesystems": [{"device": "/dev/vdb", "format": "ext4", "path": "/data"}],
            "files": [{"path": "/data/f", "contents": {"source": "data:,hi"}}],
        },
        kernelArguments={"shouldExist": ["quiet"]},
    )
    report = apply(
        *(data, root, tmp_path / "case"),
        File(place=PLACE, path="/data/f"),
        Mount(place=PLACE, path="/data"),
        Unit(place=PLACE, name="a.service", active=True),
    )
    assert report.files is not None
    assert report.files["/data/f"].data == b"hi"
    for unknown in ("mounts", "blocks", "blkid", "devices", "luks", "sockets", "cmdline"):
        assert getattr(report, unknown) is None, unknown
    assert report.journal is None
    assert report.commands is None
    assert report.units is None  # this root has no systemctl


def test_volumes_are_not_applied_and_not_known(root: Path, tmp_path: Path) -> None:
    data = config(
        storage={
            "luks": [{"name": "v", "device": "/dev/vdb"}],
            "files": [{"path": "/etc/f", "contents": {"source": "data:,hi"}}],
        }
    )
    paths = ("/etc/f", "/etc/luks/v", "/etc/crypttab")
    items = [File(place=PLACE, path=path) for path in paths]
    report = apply(data, root, tmp_path / "case", *items)
    assert report.files is not None
    assert set(report.files) == {"/etc/f"}
    assert not report.missing


def test_what_a_boot_mounts_over_is_not_known(root: Path, tmp_path: Path) -> None:
    data = files({"path": "/run/f", "contents": {"source": "data:,hi"}})
    items = [File(place=PLACE, path=path) for path in ("/run/f", "/tmp/none", "/runs")]
    report = apply(data, root, tmp_path / "case", *items)
    assert report.files == {}
    assert report.missing == {"/runs"}


def test_a_failure_is_told_as_in_the_emergency_shell(root: Path, tmp_path: Path) -> None:
    report = apply(
        files({"path": "/etc/passwd", "contents": {"source": "data:,hi"}}), root, tmp_path / "case"
    )
    assert report.state == "emergency"
    assert report.failure.startswith("Ignition failed in phase files:\n  IGN3103  ")
    assert "/storage/files/0" in report.failure
    assert '"/sysroot/etc/passwd"' in report.failure
    assert str(tmp_path) not in report.failure
    assert report.engine is not None
    assert [phase["phase"] for phase in report.engine] == ["fetch", "files"]


def test_a_config_that_is_refused(root: Path, tmp_path: Path) -> None:
    report = apply(b'{"ignition": {"version": "3.4.0"', root, tmp_path / "case")
    assert report.state == "emergency"
    assert "Ignition failed in phase fetch:" in report.failure


def test_the_image_is_not_changed_and_nothing_is_left(root: Path, tmp_path: Path) -> None:
    before = snapshot(root)
    case = tmp_path / "case"
    data = config(
        passwd={"users": [{"name": "ada"}, {"name": "core", "shell": "/bin/ada"}]},
        storage={
            "files": [
                {
                    "path": "/etc/skel/.profile",
                    "overwrite": True,
                    "contents": {"source": "data:,new"},
                }
            ]
        },
    )
    report = apply(data, root, case)
    assert (report.state, report.failure) == ("applied", "")
    assert snapshot(root) == before
    assert sorted(path.name for path in case.iterdir()) == sorted(
        ["child.log", job.CONFIG, job.FACTS, job.JOB, job.LOG]
    )


def test_the_host_is_read_only_for_the_child(tmp_path: Path) -> None:
    """Everything outside the folder is read-only, and devices and sockets of the host cannot be seen."""
    case, other = tmp_path / "case", tmp_path / "other"
    case.mkdir()
    other.mkdir()
    script = f"""
import errno, os
from pathlib import Path
from ignition.testbed.apply import mounts
case, other = Path({str(case)!r}), Path({str(other)!r})
mounts.protect_host(case)
for place in (other, *map(Path, ("/etc", "/var/lib", "/usr", "/root", "/proc/sys/kernel", "/"))):
    try:
        (place / "hostname").write_text("changed")
    except OSError as error:
        assert error.errno == errno.EROFS, (place, error)
    else:
        raise SystemExit(f"{{place}} can be written")
scratch = case / "scratch"
scratch.mkdir()
mounts.mount("tmpfs", scratch, "tmpfs")
mounts.hide_host(scratch)
assert sorted(os.listdir("/dev")) == sorted(mounts.NODES), os.listdir("/dev")
assert not set(os.listdir("/run")) - {{"systemd", "resolvconf", "NetworkManager", "connman"}}
(case / "written").touch()
"""
    done = subprocess.run(
        [*namespace.AS_ROOT, sys.executable, "-c", script],
        env=namespace.environment(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (case / "written").exists()
    assert not list(other.iterdir())


def test_programs_of_the_engine_cannot_change_the_host(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A root without useradd takes the host's: here one that tries to leave files on the host."""
    case, program = tmp_path / "case", tmp_path / "bin/useradd"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\n>{case}/inside\n>{tmp_path}/outside\n>/etc/ignition-outside\nls /dev >{case}/devices\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    apply(config(passwd={"users": [{"name": "ada"}]}), root, case)
    assert (case / "inside").exists()
    assert not (tmp_path / "outside").exists()
    assert not Path("/etc/ignition-outside").exists()
    assert "null" in (case / "devices").read_text().split()
    assert "tty" not in (case / "devices").read_text().split()


def test_a_host_that_cannot_mount(root: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from ignition.base.errors import Failure\n"
        "from ignition.testbed.apply import namespace\n"
        "try: namespace.command(Path(sys.argv[1]))\n"
        "except Failure as failure: print(failure.code, failure, failure.hint)"
    )
    done = subprocess.run(
        [
            *("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-all"),
            *(sys.executable, "-c", script, str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=namespace.PACKAGE,
    )
    assert done.stdout.startswith("IGN8602 the apply tier takes a root that may mount")
    assert "--privileged" in done.stdout


def test_a_tar_archive_is_an_image(root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "root.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(root, arcname=".")
        device = tarfile.TarInfo("./dev/console")
        device.type = tarfile.CHRTYPE
        tar.addfile(device)
    data = files({"path": "/etc/f", "contents": {"source": "data:,hi"}})
    report = apply(
        *(data, archive, tmp_path / "case"),
        File(place=PLACE, path="/etc/f"),
    )
    assert report.files is not None
    assert report.files["/etc/f"].data == b"hi"


@pytest.mark.parametrize("start", [b"QFI\xfb\0\0\0\3", b"\0" * 4096, b"KDMV", b""])
def test_a_disk_image_can_only_be_booted(start: bytes, tmp_path: Path) -> None:
    image = tmp_path / "disk"
    image.write_bytes(start + b"\0" * (20 << 10 if start else 0))
    with pytest.raises(Failure, match="disk is neither a folder nor a tar archive") as caught:
        apply(config(), image, tmp_path / "case")
    assert caught.value.code == "IGN8601"
    assert "--tier boot" in caught.value.hint


def test_other_things_that_are_no_image(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for image, why in (("none", "cannot read"), ("empty", "it has no folder etc")):
        with pytest.raises(Failure, match=why) as caught:
            apply(config(), tmp_path / image, tmp_path / "case")
        assert caught.value.code == "IGN8601"


@pytest.fixture
def endless() -> Iterator[bytes]:
    """A config with a file from a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        yield files({"path": "/f", "contents": {"source": f"http://127.0.0.1:{port}/f"}})


def test_a_time_limit(endless: bytes, root: Path, tmp_path: Path) -> None:
    with pytest.raises(
        Failure, match=r"x\.ign was not applied within 3 s: it is in phase f"
    ) as caught:
        apply(endless, root, tmp_path / "case", limit=3)
    assert caught.value.code == "IGN8606"
    assert not children_of(tmp_path)


def test_an_interrupted_run(endless: bytes, root: Path, tmp_path: Path) -> None:
    cancel = threading.Event()
    threading.Timer(1, cancel.set).start()
    with pytest.raises(Failure) as caught:
        apply(endless, root, tmp_path / "case", cancel=cancel)
    assert caught.value.code == "IGN8607"
    assert not children_of(tmp_path)


def test_nothing_survives_a_killed_parent(endless: bytes, root: Path, tmp_path: Path) -> None:
    (tmp_path / "x.ign").write_bytes(endless)
    script = (
        "import sys; from pathlib import Path; from ignition.testbed import apply_tier\n"
        "from ignition.testbed.expectations.model import Expectations\n"
        "config, root, case = map(Path, sys.argv[1:])\n"
        "apply_tier.apply(config.read_bytes(), 'x', Expectations('x'), case, image=root)"
    )
    paths = [tmp_path / "x.ign", root, tmp_path / "case"]
    parent = subprocess.Popen([sys.executable, "-c", script, *paths], cwd=namespace.PACKAGE)
    wait_until(lambda: len(children_of(tmp_path / "case")) >= 2)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not children_of(tmp_path / "case"))


def children_of(folder: Path) -> list[str]:
    """The commands of the running processes that name something in `folder`."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = file.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in text and file.parent.name != str(os.getpid()):
            found.append(text)
    return found


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
