# SPDX-License-Identifier: Apache-2.0
"""The result of `make install` works in place."""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
UNCHECKED_HASH = b"\1\0\0\0"
"""PEP 552: the flags of unchecked bytecode."""

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="no make")


def install(folder: Path, *variables: str, source: Path = CHECKOUT, umask: int = 0o022) -> None:
    # DEPS=system: nothing is downloaded.
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
        cwd=source,
        umask=umask,
        check=True,
        capture_output=True,
    )


def listing(folder: Path) -> dict[str, str]:
    """Path -> mode, for everything below a folder."""
    found = folder.rglob("*")
    return {str(each.relative_to(folder)): stat.filemode(each.lstat().st_mode) for each in found}


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
        "ignition-firstboot/ignition/stages/files/__init__.py",
        "systemd/system-preset/80-ignition-firstboot.preset",
        "systemd/system/ignition-delete-config.service",
        "systemd/system/ignition-firstboot-complete.service",
    ],
)
def test_files(installed: Path, path: str) -> None:
    file = installed / "usr/lib" / path
    assert file.is_file()
    assert not file.parent.is_symlink()


def test_the_testbed_is_not_installed(installed: Path) -> None:
    home = installed / "usr/lib/ignition-firstboot"
    assert not (home / "ignition/testbed").exists()
    assert not {"tests", "tools", "benchmarks"} & {path.name for path in home.iterdir()}


@pytest.mark.parametrize("command", ["test", "expect"])
def test_a_command_that_needs_the_testbed_says_that_it_is_not_installed(
    installed: Path, command: str
) -> None:
    start = "import sys; from ignition.__main__ import main; sys.exit(main(['ignition', *sys.argv[1:]]))"
    done = subprocess.run(
        [sys.executable, "-c", start, command, str(CHECKOUT / "examples/demo.ign")],
        cwd=installed,
        env={**os.environ, "PYTHONPATH": str(installed / "usr/lib/ignition-firstboot")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert f"IGN6313: ignition {command} is not on installed systems" in done.stderr


def test_bytecode_is_used_without_checking_the_source(installed: Path) -> None:
    """Image builders reset timestamps, and /usr may be read-only: checked bytecode would be ignored."""
    sources = list((installed / "usr/lib/ignition-firstboot").rglob("*.py"))
    assert len(sources) > 100
    for source in sources:
        head = Path(importlib.util.cache_from_source(str(source))).read_bytes()[:16]
        assert head[:4] == importlib.util.MAGIC_NUMBER
        assert head[4:8] == UNCHECKED_HASH, source
        assert head[8:] == importlib.util.source_hash(source.read_bytes()), source


def test_bytecode_has_the_paths_of_the_installed_system(installed: Path) -> None:
    home = installed / "usr/lib/ignition-firstboot"
    path = importlib.util.cache_from_source(str(home / "ignition/__main__.py"))
    code = marshal.loads(Path(path).read_bytes()[16:])
    assert code.co_filename == "/usr/lib/ignition-firstboot/ignition/__main__.py"


def test_the_same_source_makes_the_same_bytecode(installed: Path, tmp_path: Path) -> None:
    install(tmp_path)
    for file in installed.rglob("*.pyc"):
        assert file.read_bytes() == (tmp_path / file.relative_to(installed)).read_bytes(), file


@pytest.mark.parametrize(
    "path",
    ["bin/ignition", "bin/ignition-validate", "libexec/ignition-apply", "libexec/ignition-rmcfg"],
)
def test_the_launcher_finds_the_engine(installed: Path, path: str) -> None:
    done = subprocess.run(
        [sys.executable, "-IB", installed / "usr" / path, "--version"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Ignition ")


def test_another_prefix(tmp_path: Path) -> None:
    install(tmp_path, "PREFIX=/usr/local")
    unit = tmp_path / "usr/local/lib/systemd/system/ignition-firstboot-complete.service"
    assert "ExecStart=/usr/local/libexec/ignition-firstboot-complete\n" in unit.read_text()
    setup = tmp_path / "usr/local/lib/dracut/modules.d/30ignition/module-setup.sh"
    assert "\nignition_source=/usr/local/lib/ignition-firstboot\n" in setup.read_text()


@pytest.mark.parametrize("umask", [0o077, 0o000], ids=oct)
def test_modes_are_the_same_under_any_umask(installed: Path, umask: int, tmp_path: Path) -> None:
    install(tmp_path / "there", umask=umask)
    assert listing(tmp_path / "there") == listing(installed)


def test_a_checkout_that_only_its_owner_can_read_is_installed_for_all(
    installed: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "checkout"
    copied(copy)
    for path in copy.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    install(tmp_path / "there", source=copy)
    assert listing(tmp_path / "there") == listing(installed)


def copied(folder: Path) -> None:
    """A checkout without build results."""
    unwanted = shutil.ignore_patterns("build", ".*", "*.egg-info", "__pycache__", "tests")
    shutil.copytree(CHECKOUT, folder, symlinks=True, ignore=unwanted)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("distribution")
    copied(folder / "checkout")
    build = "import sys, setuptools.build_meta as backend; backend.build_sdist(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, folder],
        cwd=folder / "checkout",
        check=True,
        capture_output=True,
    )
    (packed,) = folder.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / packed.name.removesuffix(".tar.gz")


no_setuptools = importlib.util.find_spec("setuptools") is None
needs_setuptools = pytest.mark.skipif(no_setuptools, reason="no setuptools to build with")


@needs_setuptools
def test_the_source_distribution_installs_as_a_checkout(
    installed: Path, unpacked: Path, tmp_path: Path
) -> None:
    install(tmp_path, source=unpacked)
    assert listing(tmp_path) == listing(installed)


@needs_setuptools
def test_links_of_the_readme_lead_somewhere(unpacked: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (unpacked / "README.md").read_text())
    assert len(links) > 10
    for folder in (CHECKOUT, unpacked):
        assert [link for link in links if ":" not in link and not (folder / link).exists()] == []


@needs_setuptools
def test_description_of_the_package_has_no_link_into_the_repository(unpacked: Path) -> None:
    description = (unpacked / "PKG-INFO").read_text()
    assert "# ignition-firstboot" in description
    assert [link for link in re.findall(r"\]\(([^)]*)\)", description) if ":" not in link] == []


def wheel(folder: Path) -> str:
    """Builds a small wheel; returns its hash."""
    path = folder / "small-1.0-py3-none-any.whl"
    about = "small-1.0.dist-info/"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("small.py", "")
        archive.writestr(about + "METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n")
        tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(about + "WHEEL", tag)
        archive.writestr(about + "RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def vendored(folder: Path, requirement: str) -> subprocess.CompletedProcess[str]:
    """The vendored libraries, from a folder instead of an index."""
    shutil.copytree(CHECKOUT / "dracut-module", folder / "dracut-module", dirs_exist_ok=True)
    shutil.copy(CHECKOUT / "Makefile", folder)
    (folder / "dracut-module/vendor.txt").write_text(requirement + "\n")
    here = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        ["make", "build/vendored/.complete", f"PYTHON={sys.executable}"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **here},
        capture_output=True,
        text=True,
    )


def test_every_library_has_a_hash() -> None:
    lines = (CHECKOUT / "dracut-module/vendor.txt").read_text().splitlines()
    required = [line for line in lines if line and not line.startswith("#")]
    form = r"[a-z0-9-]+==[0-9a-z.]+ --hash=sha256:[0-9a-f]{64}"
    assert [line for line in required if not re.fullmatch(form, line)] == []
    assert required


def test_a_library_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    right = wheel(tmp_path)
    assert vendored(tmp_path, "small==1.0").returncode != 0
    done = vendored(tmp_path, f"small==1.0 --hash=sha256:{'0' * 64}")
    assert done.returncode != 0
    assert not (tmp_path / "build/vendored/small.py").exists()
    done = vendored(tmp_path, f"small==1.0 --hash=sha256:{right}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build/vendored/small.py").exists()


def test_requests_warns_of_nothing_in_the_installed_tree(tmp_path: Path) -> None:
    """With the vendored libraries only."""
    done = vendored(tmp_path, f"small==1.0 --hash=sha256:{wheel(tmp_path)}")
    assert done.returncode == 0, done.stderr
    for name in ("requests", "urllib3", "idna"):
        package = importlib.util.find_spec(name)
        assert package is not None and package.origin is not None
        shutil.copytree(Path(package.origin).parent, tmp_path / "build/vendored" / name)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import requests"
    done = subprocess.run(
        [sys.executable, "-ISBW", "error", "-c", code, tmp_path / "build/vendored"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_reinstalling_removes_the_old_engine(tmp_path: Path) -> None:
    install(tmp_path)
    old = tmp_path / "usr/lib/ignition-firstboot/ignition/gone.py"
    old.touch()
    install(tmp_path)
    assert not old.exists()
