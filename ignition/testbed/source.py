# SPDX-License-Identifier: Apache-2.0
"""The engine as an image gets it: the tree that `make install` creates.

What `make install` needs besides the package is in the checkout, or where setup.py has put it in an
installed package.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from ignition.testbed.cache import CHECKOUT, build_once, digest, in_checkout
from ignition.testbed.programs import need, run_logged

PACKAGE = Path(__file__).parents[1]
TESTBED = Path(__file__).parent
VENDORED = Path("build/vendored")
"""Where the Makefile keeps the libraries that it installs beside the engine."""
_BYTECODE = shutil.ignore_patterns("__pycache__")


def source_folder() -> Path:
    """The folder with Makefile and dracut-module."""
    return CHECKOUT if in_checkout() else TESTBED / "engine-source"


def installed_tree() -> Path:
    """What `make install` creates below DESTDIR. The testbed is neither in it nor an input of it."""
    source = source_folder()
    engine = [entry for entry in sorted(PACKAGE.iterdir()) if entry.name != TESTBED.name]
    key = digest(*engine, source / "dracut-module", source / "Makefile")

    def make(folder: Path) -> None:
        stage = folder / "source"
        shutil.copytree(_vendored(), stage / VENDORED)
        _copy_source(source, stage)
        shutil.copytree(PACKAGE, stage / "ignition", ignore=_engine_only)
        (stage / VENDORED / ".complete").touch()
        _make("install", stage, folder, f"DESTDIR={folder}/tree")
        shutil.rmtree(stage)

    return build_once("installed", key, "the installed tree", make, space_mib=100) / "tree"


def _engine_only(folder: str, names: list[str]) -> list[str]:
    """What is not copied of a folder of the package."""
    return [name for name in names if name == "__pycache__" or Path(folder, name) == TESTBED]


def _vendored() -> Path:
    """The engine's Python libraries, which pip downloads."""
    source = source_folder()
    module = source / "dracut-module"

    def make(folder: Path) -> None:
        stage = folder / "source"
        _copy_source(source, stage)
        _make(f"{VENDORED}/.complete", stage, folder)
        (stage / VENDORED).rename(folder / "libraries")
        shutil.rmtree(stage)

    key = digest(module / "vendor.txt", module / "30ignition/substitutes", source / "Makefile")
    what = "the engine's libraries"
    return build_once("libraries", key, what, make, space_mib=100) / "libraries"


def _copy_source(source: Path, stage: Path) -> None:
    """Copies what `make install` reads, except for the package."""
    stage.mkdir(exist_ok=True)
    shutil.copy(source / "Makefile", stage)
    for name in ("dracut-module", "docs/man", "docs/completion"):
        shutil.copytree(source / name, stage / name, ignore=_BYTECODE)


def _make(target: str, stage: Path, folder: Path, *variables: str) -> None:
    need("make")
    argv = ["make", target, f"PYTHON={sys.executable}", *variables]
    # A make that runs this one must not pass on its options.
    run_logged(argv, folder / "log", cwd=stage, environ={"MAKEFLAGS": "", "MAKELEVEL": ""})
