# SPDX-License-Identifier: Apache-2.0
"""In CI a test that is skipped fails, wherever the skip stands; elsewhere it is only reported.

A slow test is left out without --slow, which is no skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = {
    "mark": "import pytest\n@pytest.mark.skip(reason='no disk')\ndef test_it(): ...\n",
    "call": "import pytest\ndef test_it(): pytest.skip('no disk')\n",
    "module": "import pytest\npytest.skip('no disk', allow_module_level=True)\n",
    "fixture": "import pytest\n@pytest.fixture\ndef f(): pytest.skip('no disk')\ndef test_it(f): ...\n",
}
SLOW = "import pytest\n@pytest.mark.slow\ndef test_it(): ...\ndef test_quick(): ...\n"
XFAIL = "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False\n"


def run(folder: Path, text: str, ci: str, *options: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", folder)
    (folder / "test_it.py").write_text(text)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-rs",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            folder,
            *options,
            folder,
        ],
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        cwd=folder,
    )


@pytest.mark.parametrize("text", SKIPS.values(), ids=SKIPS)
def test_a_skip_fails_in_ci_and_says_why(tmp_path: Path, text: str) -> None:
    done = run(tmp_path, text, "true")
    assert done.returncode not in (0, 5)
    assert "CI does not accept" in done.stdout
    assert "no disk" in done.stdout


@pytest.mark.parametrize("text", SKIPS.values(), ids=SKIPS)
def test_a_skip_elsewhere_is_only_reported(tmp_path: Path, text: str) -> None:
    done = run(tmp_path, text, "")
    assert "1 skipped" in done.stdout
    assert "failed" not in done.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert "1 xfailed" in run(tmp_path, XFAIL, "true").stdout


@pytest.mark.parametrize(
    ("options", "outcome"), [((), "1 passed, 1 deselected"), (("--slow",), "2 passed")]
)
def test_a_slow_test_runs_only_with_its_option(
    tmp_path: Path, options: tuple[str, ...], outcome: str
) -> None:
    done = run(tmp_path, SLOW, "true", *options)
    assert outcome in done.stdout
    assert done.returncode == 0
