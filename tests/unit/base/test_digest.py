# SPDX-License-Identifier: Apache-2.0
"""Digests, on interpreters with and without modules of their own for them."""

from __future__ import annotations

import subprocess
import sys

import pytest

EMPTY = {
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha512": (
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
    ),
}
CODE = """
import sys
for name in sys.argv[2:]:
    sys.modules[name] = None  # importing it raises ModuleNotFoundError
from ignition.base import digest
print(digest.new(sys.argv[1]).hexdigest(), "hashlib" in sys.modules)
"""


@pytest.mark.parametrize("algorithm", EMPTY)
@pytest.mark.parametrize(
    ("absent", "by_hashlib"),
    [
        pytest.param((), False, id="own-modules"),
        pytest.param(("_sha2", "_sha256", "_sha512"), True, id="as-in-fedora"),
    ],
)
def test_digest(algorithm: str, absent: tuple[str, ...], by_hashlib: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, algorithm, *absent], capture_output=True, text=True
    )
    assert done.stdout.split() == [EMPTY[algorithm], str(by_hashlib)], done.stderr
