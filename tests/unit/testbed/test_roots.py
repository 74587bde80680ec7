# SPDX-License-Identifier: Apache-2.0
"""The Debian releases that guests can be made of."""

from __future__ import annotations

import pytest

from ignition.base.errors import Failure
from ignition.testbed import roots


def test_each_release_has_its_own_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(roots.CHOICE, raising=False)
    assert roots.keys() == roots.keys("bookworm")
    found = [key for suite in roots.SUITES for key in roots.keys(suite)]
    assert len(set(found)) == 2 * len(roots.SUITES)


def test_the_environment_chooses_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(roots.CHOICE, "trixie")
    assert roots.default_suite() == "trixie"
    assert roots.keys() == roots.keys("trixie")
    monkeypatch.setenv(roots.CHOICE, "")
    assert roots.default_suite() == "bookworm"


@pytest.mark.parametrize("name", ["jammy", "Trixie", "13"])
def test_unknown_release(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(roots.CHOICE, name)
    for ask in (roots.default_suite, roots.keys, roots.builder_root, roots.target_root):
        with pytest.raises(Failure) as caught:
            ask()
        assert caught.value.code == "IGN8006" and "bookworm, trixie" in caught.value.hint
