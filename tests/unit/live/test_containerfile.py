# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/container/Containerfile, in a chroot with the mounts that it asks for.

This is not podman: the chroot has an /etc of its own and the programs of this machine, each RUN is done by
`chroot` with container=oci set, and the base image is such a root without programs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.live.conftest import CHECKOUT, make_root

FOLDER = CHECKOUT / "docs/container"
SYSTEM = ("usr", "bin", "sbin", "lib", "lib64")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="takes root to mount and to chroot")


def commands() -> list[tuple[dict[str, str], str]]:
    """For each RUN its mounts, target -> source, and its command."""
    text = (FOLDER / "Containerfile").read_text().replace("\\\n", " ")
    found: list[tuple[dict[str, str], str]] = []
    for line in re.findall(r"^RUN (.*)$", text, re.M):
        mounts: dict[str, str] = {}
        for mount in re.findall(r"--mount=(\S+)", line):
            options: dict[str, str] = dict(part.split("=") for part in mount.split(","))
            assert options["type"] == "bind"
            mounts[options["target"]] = options.get("source", options.get("from", ""))
        found.append((mounts, re.sub(r"--mount=\S+", "", line).strip()))
    return found


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """What `make install` makes, with the checkout in place of a copy."""
    usr = tmp_path / "engine/usr"
    for name in ("bin", "libexec", "lib/ignition-firstboot"):
        (usr / name).mkdir(parents=True)
    shutil.copy(CHECKOUT / "dracut-module/system/ignition.py", usr / "bin/ignition")
    (usr / "bin/ignition").chmod(0o755)
    (usr / "libexec/ignition-apply").symlink_to("../bin/ignition")
    return usr.parent


def run(number: int, image: Path, engine: Path) -> subprocess.CompletedProcess[str]:
    """Does a RUN in `image`, whose programs are this machine's."""
    mounts, command = commands()[number]
    lines = []
    for name in SYSTEM:
        host = Path("/", name)
        if host.is_symlink():
            if not (image / name).is_symlink():
                (image / name).symlink_to(os.readlink(host))
        elif host.is_dir():
            (image / name).mkdir(exist_ok=True)
            lines.append(f"mount --rbind -o ro {host} {image / name}")
    for target, source in mounts.items():
        path = engine if source == "engine" else FOLDER / source
        place = image / target[1:]
        place.parent.mkdir(exist_ok=True)
        place.mkdir() if path.is_dir() else place.touch()
        lines.append(f"mount --bind {path} {place}")
        if source == "engine":
            lines.append(f"mount --bind {CHECKOUT} {place}/usr/lib/ignition-firstboot")
    lines += [f"mkdir -p {image}/dev {image}/tmp", f"mount --rbind /dev {image}/dev"]
    lines.append(f"exec chroot {image} env -i container=oci PATH=$PATH sh -c {command!r}")
    return subprocess.run(
        ["unshare", "--mount", "sh", "-ec", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_layer(tmp_path: Path, engine: Path) -> None:
    image = make_root(tmp_path / "image")
    done = run(0, image, engine)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (image / "srv/www/index.html").read_text() == "It works\n"
    assert os.readlink(image / "srv/www/default") == "index.html"
    assert (image / "etc/systemd/system/web.service").is_file()
    presets = (image / "etc/systemd/system-preset/20-ignition.preset").read_text()
    assert presets == "enable web.service\n"


def test_the_whole_image(tmp_path: Path, engine: Path) -> None:
    tools = make_root(tmp_path / "tools")
    base = make_root(tools / "rootfs")  # COPY --from=base / /rootfs
    done = run(1, tools, engine)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (base / "etc/motd").read_text() == "A web server\n"
    assert "web:x:1800:1800:" in (base / "etc/passwd").read_text()
    assert (base / "home/web/.ssh").stat().st_uid == 1800
    assert "User=web" in (base / "etc/systemd/system/web.service.d/user.conf").read_text()
    assert not (tools / "etc/motd").exists()


def test_the_containerfile_names_files_that_exist() -> None:
    sources = {source for mounts, _ in commands() for source in mounts.values()} - {"engine"}
    assert sources == {path.name for path in FOLDER.glob("*.ign")}
