# SPDX-License-Identifier: Apache-2.0
"""Verdicts on random configs match Ignition's: a short run of tests/fuzz/differential.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.config.check import check
from tests.fuzz import differential
from tests.support import peer

CHECKOUT = Path(__file__).parents[3]
START = '{"ignition":{"version":"3.3.0"},'
DIFFERENT = {
    "a file at the path of a unit, which later releases refuse": START
    + '"systemd":{"units":[{"name":"a.service","contents":"[A]\\nB=c"}]},'
    '"storage":{"files":[{"path":"/etc/systemd/system/a.service"}]}}',
    "a name in brackets in a URL, which later releases of Go refuse": START
    + '"storage":{"files":[{"path":"/a","contents":{"source":"http://[name]/"}}]}}',
    "an experimental spec that has become final since": '{"ignition":{"version":"3.4.0-experimental"}}',
}

needs_validator = pytest.mark.skipif(not peer.validator(), reason=peer.MISSING)


@needs_validator
@pytest.mark.parametrize("kind", differential.KINDS)
def test_verdicts_match_ignition(kind: str) -> None:
    compared = 0
    for each, data in differential.configs(500, 600):
        if each == kind:
            ours = check(data, "config.ign")
            if (not ours.refusal) != differential.ignition_accepts(data):
                assert differential.known(data, ours), data
            compared += 1
    assert compared == 120


@needs_validator
@pytest.mark.parametrize("reason", [reason for _, _, reason in differential.KNOWN])
def test_known_differences_are_real(reason: str) -> None:
    data = DIFFERENT[reason].encode()
    assert differential.ignition_accepts(data)
    assert differential.known(data, check(data, "config.ign")) == reason


@pytest.mark.parametrize("reason", [reason for _, _, reason in differential.KNOWN])
def test_known_differences_are_documented(reason: str) -> None:
    text = " ".join((CHECKOUT / "docs/differences.md").read_text().split())
    assert f"{reason[0].upper()}{reason[1:]}." in text


def test_unknown_difference_is_not_excused() -> None:
    data = (START + '"storage":{"files":[{"path":"a["}]}}').encode()
    assert differential.known(data, check(data, "config.ign")) == ""
