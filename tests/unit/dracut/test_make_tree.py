# SPDX-License-Identifier: Apache-2.0
"""make-tree puts into an initrd what the dracut module puts into its own, as docs/uki.md says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.dracut.conftest import CHECKOUT, MODULE

MAKE_TREE = CHECKOUT / "dracut-module/mkosi-initrd/make-tree"
SETUP = (MODULE / "module-setup.sh").read_text()
ELSEWHERE = {"/usr/sbin/ignition-kargs-helper": "/usr/bin/ignition-kargs-helper"}
"""Paths of the dracut module -> of make-tree. /usr/sbin may be a link, which a tree must not replace."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    home = folder / "ignition-firstboot"
    home.mkdir()
    (home / "engine").touch()
    environment = {**os.environ, "IGNITION_HOME": str(home), "IGNITION_MODULE": str(MODULE)}
    subprocess.run([MAKE_TREE, folder / "tree"], env=environment, check=True)
    return folder / "tree"


def test_all_files_of_the_module(tree: Path) -> None:
    expected = {
        path.replace("$ignition_home", "usr/lib/ignition-firstboot")
        .replace("$systemdsystemunitdir", "/usr/lib/systemd/system")
        .replace("$systemdutildir", "/usr/lib/systemd")
        .replace("$udevdir", "/usr/lib/udev")
        for path in re.findall(r'inst_\w+ "\$moddir/[^"$]+" \\?\s*"?([^"\s]+)"?', SETUP)
    }
    assert len(expected) >= 11
    for path in expected:
        assert (tree / ELSEWHERE.get(path, path).lstrip("/")).is_file(), path
    assert (tree / "usr/lib/ignition-firstboot/engine").exists()


def test_all_units_in_the_same_targets(tree: Path) -> None:
    names = [
        path.name for ending in ("service", "target", "path") for path in MODULE.glob(f"*.{ending}")
    ]
    folder = tree / "usr/lib/systemd/system"
    assert {path.name for path in folder.iterdir() if path.is_file()} == set(names)
    (phases,) = re.findall(
        r"for _unit in ([a-z -]+fetch-offline[a-z -]*|fetch-offline[a-z -]+); do", SETUP
    )
    required = {f"ignition-{phase}.service" for phase in phases.split()}
    required.add("ignition-network.service")
    assert links(folder / "ignition-complete.target.requires") == required
    assert links(folder / "ignition-diskful.target.requires") == {
        "ignition-remount-sysroot.service"
    }
    assert links(folder / "emergency.target.wants") == {"ignition-failure.service"}


def links(folder: Path) -> set[str]:
    """The names of links that lead to a file."""
    return {path.name for path in folder.iterdir() if path.resolve().is_file()}


def test_every_program_of_a_unit_is_there_and_executable(tree: Path) -> None:
    for unit in (tree / "usr/lib/systemd/system").glob("*.service"):
        for program in re.findall(r"^Exec\w+=(\S+)", unit.read_text(), re.MULTILINE):
            assert os.access(tree / program.lstrip("/"), os.X_OK), (unit.name, program)


def test_the_page_calls_it() -> None:
    page = (CHECKOUT / "docs/uki.md").read_text()
    for path in re.findall(r"dracut-module/\S+", page):
        assert list(CHECKOUT.glob(path.rstrip("`")))
    assert "dracut-module/mkosi-initrd/make-tree /usr/lib/mkosi-initrd/mkosi.extra" in page


def test_python_no_longer_depends_on_the_package_that_mkosi_removes(tmp_path: Path) -> None:
    status = tmp_path / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    others = "Package: debconf\nDepends: dpkg (>= 1.1)\n"
    minimal = "Package: python3-minimal\nDepends: dpkg (>= 1.13.20), zlib1g\n"
    status.write_text(f"{others}\n{minimal}\n{others}")
    environment = {**os.environ, "BUILDROOT": str(tmp_path)}
    script = MAKE_TREE.parent / "mkosi.postinst"
    subprocess.run([script], env=environment, check=True)
    kept = "Package: python3-minimal\nDepends: libc6, zlib1g\n"
    assert status.read_text() == f"{others}\n{kept}\n{others}"
    status.unlink()  # another distribution
    subprocess.run([script], env=environment, check=True)
