# SPDX-License-Identifier: Apache-2.0
"""What `make install` lays down works from where it lies."""

from __future__ import annotations

import importlib.util
import marshal
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
UNCHECKED_HASH = b"\1\0\0\0"
"""PEP 552: the flags of bytecode that is taken as it is."""

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="no make")


def install(folder: Path, *variables: str) -> None:
    # DEPS=system: nothing is fetched from an index.
    subprocess.run(
        [
            "make",
            "-s",
            "install",
            f"DESTDIR={folder}",
            "DEPS=system",
            f"PYTHON={sys.executable}",
            *variables,
        ],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    install(folder)
    return folder


@pytest.mark.parametrize(
    "path",
    [
        "bin/ignition",
        "bin/ignition-validate",
        "libexec/ignition-apply",
        "libexec/ignition-firstboot-complete",
        "libexec/ignition-rmcfg",
        "lib/dracut/modules.d/30ignition/ignition-generator",
        "lib/dracut/modules.d/30ignition/ignition.py",
        "lib/dracut/modules.d/30ignition/module-setup.sh",
    ],
)
def test_programs(installed: Path, path: str) -> None:
    assert os.access(installed / "usr" / path, os.X_OK)


@pytest.mark.parametrize(
    "path",
    [
        "bootupd/grub2-static/configs.d/05_ignition.cfg",
        "dracut/modules.d/30ignition/ignition-complete.target",
        "dracut/modules.d/30ignition/substitutes/urllib3_http2/__init__.py",
        "ignition-firstboot/ignition/providers/qemu.py",
        "ignition-firstboot/ignition/schemas/ignition-3.4.0.json",
        "ignition-firstboot/ignition/stages/files.py",
        "systemd/system-preset/80-ignition-firstboot.preset",
        "systemd/system/ignition-delete-config.service",
        "systemd/system/ignition-firstboot-complete.service",
    ],
)
def test_files(installed: Path, path: str) -> None:
    file = installed / "usr/lib" / path
    assert file.is_file()
    assert not file.parent.is_symlink()


def test_bytecode_counts_without_a_look_at_the_source(installed: Path) -> None:
    """Image builders set all times to one, and /usr may be read-only: nothing else would be used or made."""
    sources = list((installed / "usr/lib/ignition-firstboot").rglob("*.py"))
    assert len(sources) > 100
    for source in sources:
        head = Path(importlib.util.cache_from_source(str(source))).read_bytes()[:16]
        assert head[:4] == importlib.util.MAGIC_NUMBER
        assert head[4:8] == UNCHECKED_HASH, source
        assert head[8:] == importlib.util.source_hash(source.read_bytes()), source


def test_bytecode_knows_its_place_on_the_installed_system(installed: Path) -> None:
    home = installed / "usr/lib/ignition-firstboot"
    path = importlib.util.cache_from_source(str(home / "ignition/__main__.py"))
    code = marshal.loads(Path(path).read_bytes()[16:])
    assert code.co_filename == "/usr/lib/ignition-firstboot/ignition/__main__.py"


def test_the_same_source_makes_the_same_bytecode(installed: Path, tmp_path: Path) -> None:
    install(tmp_path)
    for file in installed.rglob("*.pyc"):
        assert file.read_bytes() == (tmp_path / file.relative_to(installed)).read_bytes(), file


@pytest.mark.parametrize(
    "path", ["bin/ignition", "bin/ignition-validate", "libexec/ignition-rmcfg"]
)
def test_the_launcher_finds_the_engine(installed: Path, path: str) -> None:
    done = subprocess.run(
        [sys.executable, "-IB", installed / "usr" / path, "--version"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Ignition ")


def test_a_prefix_of_ones_own(tmp_path: Path) -> None:
    install(tmp_path, "PREFIX=/usr/local")
    unit = tmp_path / "usr/local/lib/systemd/system/ignition-firstboot-complete.service"
    assert "ExecStart=/usr/local/libexec/ignition-firstboot-complete\n" in unit.read_text()
    setup = tmp_path / "usr/local/lib/dracut/modules.d/30ignition/module-setup.sh"
    assert "\nignition_source=/usr/local/lib/ignition-firstboot\n" in setup.read_text()


def test_installing_again_leaves_nothing_of_the_old_engine(tmp_path: Path) -> None:
    install(tmp_path)
    old = tmp_path / "usr/lib/ignition-firstboot/ignition/gone.py"
    old.touch()
    install(tmp_path)
    assert not old.exists()
