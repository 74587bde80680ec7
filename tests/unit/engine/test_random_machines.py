# SPDX-License-Identifier: Apache-2.0
"""A short run of random machines through all phases. `make fuzz` runs many more, with new seeds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MACHINES = 150


@pytest.mark.skipif(
    os.geteuid() != 0, reason="takes root: a mount namespace, and files of all owners"
)
def test_random_machines_keep_the_invariants(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--of", "phases", "--found", str(tmp_path)]
    fuzz = subprocess.run(
        [*command, "--runs", str(MACHINES), "--seed", "1"], capture_output=True, text=True
    )
    reports = [path.read_text(errors="replace") for path in sorted(tmp_path.glob("machine-*"))]
    assert fuzz.returncode == 0, "\n".join([fuzz.stdout, fuzz.stderr, *reports])
    assert f"{MACHINES} machines from seed 1 on, 0 broke an invariant" in fuzz.stdout
    assert "applied" in fuzz.stdout  # else nothing was checked
