# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the scripts of the dracut module."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).parents[3]
MODULE = CHECKOUT / "dracut-module/30ignition"


@pytest.fixture(scope="session")
def closure() -> ModuleType:
    """closure.py, a script outside the package, as a module."""
    spec = importlib.util.spec_from_file_location("closure", MODULE / "closure.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["closure"] = module
    spec.loader.exec_module(module)
    return module
