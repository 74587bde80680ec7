# SPDX-License-Identifier: Apache-2.0
"""The fast path accepts ordinary configs, and always agrees with the exact path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ignition.base.errors import InvalidConfig
from ignition.config import decode, document, exact, fast, parse, shapes, unused, versions
from ignition.config.check import check
from tests.support import random_json

CHECKOUT = Path(__file__).parents[3]
V = '"ignition":{"version":"3.6.0"}'


@pytest.mark.parametrize("version", shapes.VERSIONS)
def test_fast_path_accepts_ordinary_configs(version: str) -> None:
    rng = Random(version)
    for _ in range(50):
        text = random_json.text(random_json.config(rng, version), rng)
        assert fast.parse(text.encode()) is not None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="no object"),
        pytest.param("{}", id="no version"),
        pytest.param('{"ignition":{"version":"03.6.0"}}', id="odd version"),
        pytest.param('{"ignition":{"version":"3.8.0"}}', id="unknown version"),
        pytest.param(f"{{{V}}}x", id="text behind"),
        pytest.param(f"{{{V}}}\u00a0", id="odd blank"),
        pytest.param(f"\ufeff{{{V}}}", id="BOM"),
        pytest.param(f'{{{V},"x":1}}', id="unknown key"),
        pytest.param(f'{{{V},"Storage":{{}}}}', id="odd case"),
        pytest.param(f'{{{V},"storage":{{}},"storage":{{}}}}', id="repeated key"),
        pytest.param(f'{{{V},"storage":{{}},"s\\u0074orage":{{}}}}', id="repeated key, escaped"),
        pytest.param(f'{{{V},"storage":null}}', id="null"),
        pytest.param(f'{{{V},"storage":{{"files":[null]}}}}', id="null item"),
        pytest.param(f'{{{V},"storage":{{"files":[5]}}}}', id="number for an object"),
        pytest.param(f'{{{V},"kernelArguments":{{"shouldExist":[5]}}}}', id="number for a string"),
        pytest.param(f'{{{V},"storage":{{"files":[{{"mode":true}}]}}}}', id="bool for int"),
        pytest.param(f'{{{V},"storage":{{"files":[{{"mode":1.0}}]}}}}', id="float"),
        pytest.param(f'{{{V},"storage":{{"files":[{{"mode":NaN}}]}}}}', id="NaN"),
        pytest.param(f'{{{V},"storage":{{"files":[{{"path":-Infinity}}]}}}}', id="infinity"),
        pytest.param(f'{{{V},"storage":{{"files":[{{"mode":{1 << 63}}}]}}}}', id="huge int"),
        pytest.param(f'{{{V},"storage":{{"files":[{{"mode":{"9" * 9999}}}]}}}}', id="endless int"),
        pytest.param(f'{{{V},"storage":{{"files":[{{"overwrite":0}}]}}}}', id="int for bool"),
        pytest.param(f'{{{V},"storage":{{"files":[{{"path":"\\ud800"}}]}}}}', id="half a pair"),
        pytest.param(f'{{{V},"storage":{{"files":[{{"path":"\n"}}]}}}}', id="control character"),
        pytest.param(f'{{{V},"storage":{{"files":{"[" * 5000}', id="deep and cut off"),
    ],
)
def test_fast_path_leaves_unusual_text_to_the_exact_path(text: str) -> None:
    assert fast.parse(text.encode()) is None


def test_fast_path_leaves_invalid_utf_8_to_the_exact_path() -> None:
    assert fast.parse(f'{{{V},"storage":{{"files":[{{"path":"/'.encode() + b'\xff"}]}}') is None


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ('{"path":"a"}', "path not absolute"),
        ('{"path":"/a"},{"path":"/a"}', "duplicate entry defined"),
    ],
)
def test_rules_apply_on_the_fast_path(files: str, message: str) -> None:
    data = f'{{{V},"storage":{{"files":[{files}]}}}}'.encode()
    assert fast.parse(data) is not None
    with pytest.raises(InvalidConfig) as caught:
        parse.parse(data, "test")
    assert [finding.message for finding in caught.value.findings] == [message]
    assert caught.value.findings[0].origin.line == 1


def agree(data: bytes) -> None:
    """Asserts that the exact path gives the same value, without unused keys, if the fast path accepts the
    text."""
    quick = fast.parse(data)
    if quick is None:
        return
    value, version = quick
    text = document.parse(data, "test")
    assert versions.lookup(value["ignition"]["version"]) == version
    # Compared as text, since True equals 1.
    assert repr(decode.decode(text.root, shapes.for_version(version))) == repr(value)
    assert not list(unused.unused_keys(text, value, version))


@settings(max_examples=300, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.sampled_from(shapes.VERSIONS),
    st.booleans(),
    st.lists(st.tuples(st.integers(0), st.sampled_from(b'{}[],:"\\0 x\xff\x80\nud8')), max_size=2),
)
def test_both_parsers_agree(
    rng: Random, version: str, spoil: bool, edits: list[tuple[int, int]]
) -> None:
    tree = random_json.config(rng, version)
    if spoil:
        tree = random_json.spoiled(rng, tree)
    data = bytearray(random_json.text(tree, rng).encode())
    for place, byte in edits:
        data[place % len(data)] = byte
    agree(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(shapes.VERSIONS), st.booleans())
def test_both_paths_give_the_same_result(rng: Random, version: str, spoil: bool) -> None:
    tree = random_json.config(rng, version)
    if spoil:
        tree = random_json.spoiled(rng, tree)
    data = random_json.text(tree).encode()
    exactly, checked = exact.check(data, "test"), check(data, "test")
    assert checked.findings == exactly.findings
    assert checked.refusal == exactly.refusal
    assert checked.version == exactly.version
    assert repr(checked.value) == repr(exactly.value)


@pytest.mark.parametrize("version", shapes.VERSIONS)
def test_config_without_findings_is_parsed_once(version: str) -> None:
    data = f'{{"ignition":{{"version":"{version}"}},"storage":{{"files":[{{"path":"/a"}}]}}}}'
    assert check(data.encode(), "test").document is None
    assert exact.check(data.encode(), "test").document is not None


def test_valid_config_does_not_import_the_exact_path() -> None:
    """Neither the exact path nor jsonschema is ever imported."""
    program = (
        f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from ignition.config.parse import parse;"
        f'parse(b\'{{{V},"storage":{{"files":[{{"path":"/a"}}]}}}}\', \'test\'); print(*sys.modules)'
    )
    words = [sys.executable, "-I", "-S", "-B", "-c", program]
    loaded = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    assert "ignition.config.fast" in loaded
    explaining = {"exact", "document", "decode", "scan", "guess", "unused"}
    assert not {f"ignition.config.{name}" for name in explaining} & set(loaded)
    assert not [name for name in loaded if name.split(".")[0] in ("jsonschema", "json", "re")]
