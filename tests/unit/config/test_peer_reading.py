# SPDX-License-Identifier: Apache-2.0
"""Compares parsing, translating, merging and writing random configs with Ignition."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path
from random import Random

import pytest

from ignition.base.finding import ERROR
from ignition.config import dump, merge, parse
from ignition.config.check import check
from tests.support import peer, random_json

# What release 2.14 knows in final form.
VERSIONS = ["3.0.0", "3.1.0", "3.2.0", "3.3.0"]

needs_validator = pytest.mark.skipif(not peer.validator(), reason=peer.MISSING)
needs_engine = pytest.mark.skipif(not peer.engine(), reason=peer.MISSING)


def spoiled_text(seed: int) -> bytes:
    rng = Random(seed)
    tree = random_json.config(rng, rng.choice(VERSIONS))
    if rng.random() < 0.8:
        tree = random_json.spoiled(rng, tree)
    data = bytearray(random_json.text(tree, rng).encode())
    if rng.random() < 0.2:
        data[rng.randrange(len(data))] = rng.choice(b'{}[],:"\\0 x\xff\x80n')
    return bytes(data)


@needs_validator
@pytest.mark.parametrize("block", range(8))
def test_reports_match_ignition(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        data = spoiled_text(seed)
        checked = check(data, "test")
        lines = []
        for finding in checked.findings:
            line = str(finding)
            if "$" not in line and finding.origin.line and at_end(data, line):
                line = "error at the end:" + line.partition(":")[2]
            lines.append(line)
        assert (not checked.refusal, peer.comparable(lines)) == peer.validate(data), seed


def at_end(data: bytes, line: str) -> bool:
    """Whether a report line names the end of the text, where Ignition has no position."""
    last = data.count(b"\n") + 1, len(data) - data.rfind(b"\n")
    return line.startswith(f"error at line {last[0]} col {last[1]}:")


@needs_engine
def test_caches_match_ignition(tmp_path: Path) -> None:
    compared = 0
    for seed in range(150):
        data = spoiled_text(1000 + seed)
        if check(data, "test").refusal:
            continue
        value = merge.merge(dump.empty(), parse.parse(data, "test").value)
        cached = peer.cache(data, tmp_path)
        if any(finding.severity == ERROR for finding in parse.validate_rendered(value)):
            assert cached is None, seed
        else:
            compared += 1
            assert peer.as_release_2_14(dump.cache_text(value)) == cached, seed
    assert compared > 80


@needs_engine
def test_merges_match_ignition(tmp_path: Path) -> None:
    compared = 0
    for seed in range(100):
        rng = Random(seed)
        texts = [random_json.text(random_json.config(rng, rng.choice(VERSIONS))) for _ in range(3)]
        top = json.loads(texts[0])
        top["ignition"]["config"] = {
            "merge": [
                {"source": "data:," + urllib.parse.quote(text, safe="")} for text in texts[1:]
            ]
        }
        data = json.dumps(top).encode()
        value = parse.parse(data, "top").value
        for text in texts[1:]:
            value = merge.merge(value, parse.parse(text.encode(), "child").value)
        value = merge.merge(dump.empty(), value)
        cached = peer.cache(data, tmp_path)
        if any(finding.severity == ERROR for finding in parse.validate_rendered(value)):
            assert cached is None, seed
        else:
            compared += 1
            assert peer.as_release_2_14(dump.cache_text(value)) == cached, seed
    assert compared > 80
