# SPDX-License-Identifier: Apache-2.0
"""Initramfs of machines that are not like a fresh Debian: made with hostonly, and as Fedora and SUSE have it.

No packages of Fedora are used. Python is built as Fedora configures it, and tests/support/imitate-fedora
arranges Debian's files; it lists what is not imitated. The target stays Debian's.
"""

from __future__ import annotations

import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed.cache import build_once, digest
from ignition.testbed.images import GUEST, build_initramfs, images
from ignition.testbed.roots import bootstrap, builder_root
from ignition.testbed.source import installed_tree
from ignition.testbed.user_namespace import run_with_mounts
from tests.boot.conftest import CANNOT_HERE
from tests.support.boot import Boot, scratch_folder

pytestmark = pytest.mark.slow
SUPPORT = Path(__file__).parents[1] / "support"
SUITE = "trixie"
MODULES = "systemd ignition ignition-test"
COMPILER = (
    *("gcc", "libc6-dev", "make", "pkg-config", "dpkg-dev", "xz-utils", "ca-certificates"),
    *("libssl-dev", "zlib1g-dev", "libffi-dev", "libexpat1-dev"),
)
HOME = "usr/lib/ignition-firstboot"
CONFIG = {
    "ignition": {"version": "3.4.0"},
    "storage": {
        "disks": [{"device": "/dev/vdb", "wipeTable": True, "partitions": [{"label": "data"}]}],
        "filesystems": [
            {
                "device": "/dev/disk/by-partlabel/data",
                "format": "xfs",
                "path": "/var/data",
                "label": "data",
            }
        ],
        "files": [{"path": "/var/data/hello", "contents": {"source": "data:,hello"}}],
    },
    "passwd": {"users": [{"name": "ada"}]},
}


def python() -> Path:
    """A tree with an interpreter as Fedora has it: /usr/bin/python3, /usr/lib64."""
    script = SUPPORT / "build-python"

    def make(folder: Path) -> None:
        bootstrap(SUITE, COMPILER, folder)
        run_with_mounts(["sh", script, folder / "root"], folder / "log-python")
        (folder / "root/out").rename(folder / "out")
        shutil.rmtree(folder / "root")

    key = digest(SUITE, *COMPILER, script)
    what = "a Python as in Fedora"
    return build_once("python", key, what, make, as_root=True, space_mib=3000) / "out"


def like_fedora(folder: Path) -> Path:
    """A builder root that looks like Fedora's, in `folder`."""
    root = folder / "root"
    subprocess.run(["cp", "-a", builder_root(SUITE), root], check=True)
    script: list[str | Path] = ["sh", SUPPORT / "imitate-fedora", root, python()]
    subprocess.run(script, check=True)
    return root


@pytest.fixture(scope="module", params=["debian", "like-fedora"])
def initramfs(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Made with hostonly."""
    folder = scratch_folder(f"hostonly-{request.param}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        root = builder_root(SUITE) if request.param == "debian" else like_fedora(folder)
        build_initramfs(root, folder, MODULES, installed_tree(), GUEST / "tree", hostonly=True)
    except Failure as failure:
        if failure.code in CANNOT_HERE:
            pytest.skip(f"{failure}: {failure.hint}")
        raise
    shutil.rmtree(folder / "root", ignore_errors=True)
    yield folder / "initramfs"
    shutil.rmtree(folder)


def test_content(initramfs: Path) -> None:
    files = read(initramfs)
    drivers = {Path(path).name.partition(".")[0] for path in files if "/modules/" in path}
    assert drivers >= {"xen-blkfront", "vmw_pvscsi", "ena", "gve", "dm-crypt", "xfs"}
    for program in ("mkfs.xfs", "mkfs.vfat", "mdadm", "useradd", "cryptsetup", "lsblk"):
        assert {f"usr/bin/{program}", f"usr/sbin/{program}"} & files.keys(), program
    rules = "usr/lib/udev/rules.d/"
    assert {f"{rules}60-cdrom_id.rules", f"{rules}63-md-raid-arrays.rules"} <= files.keys()
    if "debian" in initramfs.parent.name:
        return
    assert files["usr/sbin"][1] == b"bin"
    assert not [path for path in files if "x86_64-linux-gnu/lib" in path]
    library = f"{HOME}/lib64/python3.13"
    assert {
        f"{library}/os.pyc",
        f"{HOME}/bin/python3",
        "usr/lib64/libpython3.13.so.1.0",
    } <= files.keys()
    extensions = {Path(path).name.partition(".")[0] for path in files if "/lib-dynload/" in path}
    assert extensions >= {"_ssl", "_hashlib", "_json", "zlib", "math", "_socket"}
    assert b"BEGIN CERTIFICATE" in content(files, "usr/lib/ssl/cert.pem")
    assert b"MinProtocol" in content(files, "etc/crypto-policies/back-ends/opensslcnf.config")
    assert b"opensslcnf.config" in content(files, "usr/lib/ssl/openssl.cnf")
    assert b"systemd-network:" in content(files, "etc/passwd")


def test_first_boot(boot: Boot, initramfs: Path) -> None:
    boot.images = replace(images(SUITE), initramfs=initramfs)
    result = boot(CONFIG, disks=[512], paths=["/var/data/hello", "/etc/passwd"])
    assert result.file("/var/data/hello").text == "hello"
    assert "\nada:" in result.file("/etc/passwd").text
    assert set(result.phases) >= {"fetch-offline", "disks", "mount", "files"}


def read(initramfs: Path) -> dict[str, tuple[int, bytes]]:
    """Path -> mode and contents, of an image of uncompressed and zstd-compressed archives."""
    rest, found = initramfs.read_bytes(), {}
    while rest := rest.lstrip(b"\0"):
        if not rest.startswith(b"070701"):
            rest = subprocess.run(
                ["zstd", "-dcq"], input=rest, stdout=subprocess.PIPE, check=True
            ).stdout
            continue
        at = 0
        while True:
            fields = [int(rest[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
            mode, size, name_size = fields[1], fields[6], fields[11]
            name = rest[at + 110 : at + 109 + name_size].decode()
            start = (at + 110 + name_size + 3) // 4 * 4
            at = (start + size + 3) // 4 * 4
            if name == "TRAILER!!!":
                break
            found[name] = (mode, rest[start : start + size])
        rest = rest[at:]
    return found


def content(files: dict[str, tuple[int, bytes]], path: str) -> bytes:
    """A file's contents, through symlinks."""
    mode, data = files[path]
    if not stat.S_ISLNK(mode):
        return data
    target = Path("/", path).parent / data.decode()
    parts: list[str] = []
    for part in target.parts[1:]:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return content(files, "/".join(parts))
