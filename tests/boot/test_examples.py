# SPDX-License-Identifier: Apache-2.0
"""The configs in examples/ give the machines that their expectations describe."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.testbed.images import Images
from tests.support.ignition_test import CHECKOUT, describe, ignition_test

EXAMPLES = sorted((CHECKOUT / "examples").glob("*.ign"))
IN_CI: tuple[str, ...] = ()
"""Examples that CI boots. The others are slow, a minute each."""
APPLIED = ("directories", "links", "overwrite", "quadlet")
"""Examples whose expectations need no machine at all."""


def names(chosen: tuple[str, ...]) -> list[Path]:
    return [path for path in EXAMPLES if path.stem in chosen]


def test_each_example_has_expectations_and_is_listed() -> None:
    readme = (CHECKOUT / "examples/README.md").read_text()
    for path in EXAMPLES:
        assert f"({path.name})" in readme
        assert path.stem == "demo" or path.with_suffix(".expect.yaml").exists()


def test_the_apply_tier(guest_images: Images, tmp_path: Path) -> None:
    """All examples in seconds. What needs no machine is decided, and nothing else is called passed."""
    done = ignition_test(tmp_path, "--tier", "apply", "--strict", CHECKOUT / "examples")
    assert done.status == 0, describe(done)
    assert len(done.cases) == len(EXAMPLES)
    for case in done.cases:
        stem = Path(case["config"]).stem
        assert case["verdict"] == "passed"
        assert not case["findings"]
        decided = {check["status"] for check in case["checks"]}
        if stem in APPLIED:
            assert decided == {"passed"}, case["checks"]
        for check in case["checks"]:
            machine = check["subject"].split()[0] in (
                "disk",
                "filesystem",
                "mount",
                "port",
                "command",
            )
            assert not machine or check["status"] == "not decided", check


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(path, id=path.stem, marks=() if path.stem in IN_CI else (pytest.mark.slow,))
        for path in EXAMPLES
    ],
)
def test_in_a_guest(config: Path, guest_images: Images, tmp_path: Path) -> None:
    done = ignition_test(tmp_path, "--strict", config)
    assert done.status == 0, describe(done)
    assert {check["status"] for check in done.case["checks"]} == {"passed"}, done.case["checks"]
