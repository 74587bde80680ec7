# SPDX-License-Identifier: Apache-2.0
"""What module-setup.sh takes from roots of other distributions. dracut's functions are played by simple ones.

tests/boot/test_other_distributions.py runs dracut itself.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.dracut.conftest import MODULE

DRACUT = """
inst_multiple() {
    local each
    for each; do
        [[ -f $dracutsysrootdir$each ]] || continue
        mkdir -p "$initdir${each%/*}" && cp "$dracutsysrootdir$each" "$initdir$each"
    done
}
dwarn() { echo "warning: $*"; }
"""
INCLUDING = """\
# .include /etc/not-this
.include = /etc/crypto-policies/back-ends/opensslcnf.config
.include more.cnf
  .include = /etc/pki/tls/openssl.d
.include /etc/missing.cnf
[openssl_init]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of the machine that builds an image."""
    for name, text in {
        "etc/pki/tls/openssl.cnf": INCLUDING,
        "etc/pki/tls/more.cnf": "",
        "etc/pki/tls/openssl.d/token.cnf": "",
        "etc/not-this": "",
        "etc/crypto-policies/back-ends/opensslcnf.config": "MinProtocol = TLSv1.3\n",
        "etc/crypto-policies/back-ends/openssl.config": "@SECLEVEL=3:kEECDH\n",
        "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
        "usr/lib/passwd": "systemd-network:x:192:192::/:/sbin/nologin\n",
    }.items():
        file = tmp_path / "root" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "root"


def run(root: Path, command: str) -> tuple[str, Path]:
    """What a function prints, and the tree of the initramfs."""
    tree = root.parent / "initramfs"
    (tree / "etc").mkdir(parents=True, exist_ok=True)
    script = f'{DRACUT}\n. "{MODULE}/module-setup.sh"\n{command}'
    done = subprocess.run(
        ["bash", "-c", script],
        env={"PATH": "/usr/bin:/bin", "dracutsysrootdir": str(root), "initdir": str(tree)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout, tree


def test_rules_for_tls_and_what_they_include(root: Path) -> None:
    _, tree = run(root, "install_tls_policy /etc/pki/tls/openssl.cnf")
    found = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
    assert found == {
        "etc/pki/tls/openssl.cnf",
        "etc/pki/tls/more.cnf",
        "etc/crypto-policies/back-ends/opensslcnf.config",
        "etc/crypto-policies/back-ends/openssl.config",
    }


def test_a_machine_without_openssl_cnf(root: Path) -> None:
    _, tree = run(root, "install_tls_policy /usr/lib/ssl/openssl.cnf")
    assert not (tree / "usr").exists()


def test_an_account_of_an_image_based_system(root: Path) -> None:
    said, tree = run(root, "copy_account passwd systemd-network && copy_account passwd root")
    assert (tree / "etc/passwd").read_text().splitlines() == [
        "systemd-network:x:192:192::/:/sbin/nologin",
        "root:x:0:0::/root:/bin/sh",
    ]
    assert said == ""


def test_an_account_that_the_initramfs_has(root: Path) -> None:
    command = "copy_account passwd root; copy_account passwd root"
    assert (run(root, command)[1] / "etc/passwd").read_text().count("root:x:0") == 1


def test_a_missing_account_is_reported(root: Path) -> None:
    said, _ = run(root, "copy_account passwd nobody")
    assert said.startswith("warning: ignition: there is no nobody in /etc/passwd")
