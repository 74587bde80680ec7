# SPDX-License-Identifier: Apache-2.0
"""Adds to the package what `ignition test` builds its image from: all that `make install` reads.

The rest of the project's description is in pyproject.toml.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
SOURCE = ("Makefile", "dracut-module", "docs/man", "docs/completion")
"""What ignition/testbed/source.py reads, in the installed package from `engine-source/`."""
_BYTECODE = shutil.ignore_patterns("__pycache__", "*.pyc")


class BuildPackage(build_py):
    """Copies files as they are: with their modes, whatever their names."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # then they are found in the checkout
            return
        testbed = Path(self.build_lib, "ignition", "testbed")
        _copy(HERE / "ignition/testbed/guest", testbed / "guest")
        for name in SOURCE:
            _copy(HERE / name, testbed / "engine-source" / name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=_BYTECODE, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


setup(cmdclass={"build_py": BuildPackage})
