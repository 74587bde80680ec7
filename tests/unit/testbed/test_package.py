# SPDX-License-Identifier: Apache-2.0
"""The installed package has all that its image is built from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ignition.testbed.cache import CHECKOUT, digest
from ignition.testbed.source import TESTBED, installed_tree, source_folder


def python(code: str, package: Path, folder: Path) -> str:
    """The output of a program that imports the package from elsewhere than the checkout."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as setuptools builds it."""
    folder = tmp_path_factory.mktemp("package")
    commands = ["egg_info", "--egg-base", str(folder), "build_py", "--build-lib", f"{folder}/lib"]
    subprocess.run([sys.executable, "setup.py", "-q", *commands], cwd=CHECKOUT, check=True)
    return folder / "lib"


def test_it_has_the_same_files_with_the_same_modes(package: Path) -> None:
    testbed = package / "ignition/testbed"
    assert digest(testbed / "guest") == digest(TESTBED / "guest")
    for name in ("Makefile", "dracut-module", "docs/man", "docs/completion"):
        assert digest(testbed / "engine-source" / name) == digest(CHECKOUT / name)


def test_it_finds_them_outside_of_a_checkout(package: Path, tmp_path: Path) -> None:
    code = "from ignition.testbed.source import source_folder; print(source_folder())"
    found = python(code, package, tmp_path)
    assert found == str(package / "ignition/testbed/engine-source")
    assert source_folder() == CHECKOUT


def test_its_cache_is_in_the_users_folder(package: Path, tmp_path: Path) -> None:
    code = (
        "import os; os.environ.pop('IGNITION_BUILD_DIR', '');"
        f"os.environ.update(HOME='{tmp_path}', XDG_CACHE_HOME='');"
        "from ignition.testbed.cache import build_folder; print(build_folder())"
    )
    assert python(code, package, tmp_path) == str(tmp_path / ".cache/ignition-firstboot")
    code = code.replace("XDG_CACHE_HOME=''", f"XDG_CACHE_HOME='{tmp_path}/xdg'")
    assert python(code, package, tmp_path) == str(tmp_path / "xdg/ignition-firstboot")


@pytest.mark.slow
def test_a_wheel_installs_the_same_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the network, for setuptools and for the engine's libraries."""
    source = tmp_path / "source"
    shutil.copytree(CHECKOUT, source, symlinks=True, ignore=_top_of_checkout)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path / "wheels", source], check=True
    )
    (wheel,) = (tmp_path / "wheels").iterdir()
    subprocess.run([*pip, "install", "--no-deps", "--target", tmp_path / "lib", wheel], check=True)
    monkeypatch.setenv("IGNITION_BUILD_DIR", str(tmp_path / "checkout"))
    from_checkout = digest(installed_tree())
    monkeypatch.setenv("IGNITION_BUILD_DIR", str(tmp_path / "installed"))
    code = (
        "from ignition.testbed.cache import digest;"
        "from ignition.testbed.source import installed_tree; print(digest(installed_tree()))"
    )
    assert python(code, tmp_path / "lib", tmp_path) == from_checkout


def _top_of_checkout(folder: str, names: list[str]) -> list[str]:
    """What does not belong to the source: results of builds, and caches."""
    at_top = Path(folder) == CHECKOUT
    return [name for name in names if at_top and (name == "build" or name.startswith("."))]
