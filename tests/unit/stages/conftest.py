# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.stages.target import Target


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    if os.geteuid() != 0:
        pytest.skip("provisioning sets owners, which takes root")
    yield Target(tmp_path)
