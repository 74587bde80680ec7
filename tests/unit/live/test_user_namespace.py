# SPDX-License-Identifier: Apache-2.0
"""`ignition apply` without root: in a user namespace, or with a list of what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.live.conftest import CHECKOUT, make_root

NOBODY = 65534
FIRST = 300_000
CONFIG = (
    '{"ignition":{"version":"3.4.0"},"passwd":{"users":[{"name":"joe","uid":1500}]},'
    '"storage":{"files":[{"path":"/etc/a","contents":{"source":"data:,a"}}]}}'
)
# The interpreter of a virtual environment may be in a folder that only root can enter.
PYTHON = "/usr/bin/python3"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("newuidmap"),
    reason="takes root to become another user, and newuidmap",
)


def as_nobody(root: Path, *, ids: str) -> subprocess.CompletedProcess[str]:
    """Applies CONFIG as a user with these subordinate ids."""
    (root / "one.ign").write_text(CONFIG)
    (root / "ids").write_text(ids)
    script = (
        "mount --bind ids /etc/subuid; mount --bind ids /etc/subgid;"
        f"exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
        f" {PYTHON} -m ignition apply --root . one.ign"
    )
    return subprocess.run(
        ["unshare", "--mount", "sh", "-ec", script],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def own_root() -> Iterator[Path]:
    """A root of the user nobody, outside of pytest's folders, which only root can enter."""
    with tempfile.TemporaryDirectory() as folder:
        root = make_root(Path(folder))
        for path in [root, *root.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
        yield root


def _checkout_is_readable() -> bool:
    probe = [
        "setpriv",
        f"--reuid={NOBODY}",
        "--clear-groups",
        "test",
        "-r",
        str(CHECKOUT / "ignition"),
    ]
    return subprocess.run(probe, check=False).returncode == 0


@pytest.mark.skipif(not _checkout_is_readable(), reason="only root can read this checkout")
class TestAsUser:
    def test_accounts_get_the_users_subordinate_ids(self, own_root: Path) -> None:
        done = as_nobody(own_root, ids=f"nobody:{FIRST}:65536\n")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert (own_root / "etc/a").stat().st_uid == NOBODY
        assert (own_root / "home/joe").stat().st_uid == FIRST + 1500 - 1

    def test_what_is_missing_is_listed(self, own_root: Path) -> None:
        done = as_nobody(own_root, ids="")
        assert done.returncode == 1
        assert "IGN6508" in done.stderr
        assert "65536 subordinate ids for nobody" in done.stderr
        assert "usermod --add-subuids" in done.stderr
        assert not (own_root / "etc/a").exists()

    def test_a_root_of_the_real_root(self, own_root: Path) -> None:
        os.chown(own_root / "etc", 0, 0)
        done = as_nobody(own_root, ids=f"nobody:{FIRST}:65536\n")
        assert (done.returncode, "IGN6507" in done.stderr) == (1, True), done.stderr
