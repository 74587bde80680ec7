# SPDX-License-Identifier: Apache-2.0
"""A short fuzz run against the invariants of tests/fuzz; `make fuzz` runs longer."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ignition.config import exact
from tests.fuzz import mutation
from tests.fuzz.invariants import SOURCE, hold, memory_allowed, seconds_allowed

SEEDS = mutation.corpus()
TEXTS = list(SEEDS.values())
LARGE = 100_000


@pytest.mark.parametrize("name", SEEDS)
def test_seeds(name: str) -> None:
    hold(SEEDS[name])


@settings(max_examples=1500, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(TEXTS))
def test_mutated_seeds(rng: Random, data: bytes) -> None:
    hold(mutation.mutated(rng, data, TEXTS))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    hold(data)


@pytest.mark.parametrize("name", SEEDS)
def test_repeated_part_of_a_seed(name: str) -> None:
    """Time and memory grow linearly with the length of any part."""
    hold(mutation.amplified(Random(name), SEEDS[name], LARGE // 3))


def filled(before: str, part: str, after: str = "") -> bytes:
    return (before + part * (LARGE // len(part)) + after).encode("utf-8", "surrogatepass")


HEAD = '{"ignition":{"version":"3.6.0"},'
FILES = HEAD + '"storage":{"files":['
SOURCE_OF_A_FILE = FILES + '{"path":"/a","contents":{"source":"'
LARGE_TEXTS = {
    "open brackets": filled("", "["),
    "open objects": filled("", '{"a":'),
    "brackets to the limit": filled(HEAD + '"x":[', "[" * 9000 + "]" * 9000 + ",", "0]}"),
    "numbers under an unknown key": filled(HEAD + '"x":[', "1,", "1]}"),
    "objects under an unknown key": filled(HEAD + '"x":[', "{},", "1]}"),
    "a long number": filled(HEAD + '"x":', "1", "}"),
    "a long number of bytes": filled(FILES + '{"path":"/a","mode":', "1", "}]}}"),
    "a long fraction": filled(HEAD + '"x":1.', "7", "e5}"),
    "files without anything": filled(FILES, "{},", "{}]}}"),
    "null files": filled(FILES, "null,", "null]}}"),
    "files of one path": filled(FILES, '{"path":"/a"},', '{"path":"/a"}]}}'),
    "a key again and again": filled(HEAD, '"storage":{},', '"storage":{}}'),
    "a list again and again": filled(HEAD, '"storage":{"files":[{"path":"/a"},{}]},', '"storage":{}}'),
    "short and long lists": filled(HEAD + '"storage":{', '"files":[],"files":[{},{},{}],', '"files":[]}}'),
    "unknown keys": (HEAD + ",".join(f'"k{n}":0' for n in range(11_000)) + "}").encode(),
    "one unknown key": filled(HEAD, '"x":0,', '"x":0}'),
    "a long key": filled(HEAD + '"', "k", '":0}'),
    "a long path": filled(FILES + '{"path":"', "/a", '"}]}}'),
    "a long path under links": (
        HEAD + '"storage":{"links":[{"path":"/b"},{"path":"/c' + "/a" * 25000 + '"}],'
        '"files":[{"path":"' + "/a" * 25000 + '"}]}}'
    ).encode(),
    "a long mode": filled(FILES + '{"path":"/a","mode":"', "7", '"}]}}'),
    "a path of dots": filled(FILES + '{"path":"', "/..", '"}]}}'),
    "escapes": filled(FILES + '{"path":"/', "\\u00e9", '"}]}}'),
    "halves of pairs": filled(FILES + '{"path":"/', "\\ud800", '"}]}}'),
    "quotes": filled(FILES + '{"path":"/', '\\"', '"}]}}'),
    "bytes that are no UTF-8": filled(FILES + '{"path":"/', "\ud800", '"}]}}'),
    "line breaks": filled(HEAD + '"x":', "\n", "0}"),
    "spaces": filled(HEAD + '"x":', " ", "0}"),
    "unterminated string": filled(FILES + '{"path":"/', "a"),
    "unterminated escapes": filled(FILES + '{"path":"/', "\\\\"),
    "percents in a data URL": filled(SOURCE_OF_A_FILE + 'data:,', "%41", '"}}]}}'),
    "base64": filled(SOURCE_OF_A_FILE + 'data:;base64,', "YWJj", '"}}]}}'),
    "invalid base64": filled(SOURCE_OF_A_FILE + 'data:;base64,', "Y===", '"}}]}}'),
    "parameters of a data URL": filled(SOURCE_OF_A_FILE + 'data:a/b', ";a=b", ',"}}]}}'),
    "quotes in a data URL": filled(
        SOURCE_OF_A_FILE + 'data:a/b;a=\\"', "\\\\\\\\", '\\",x"}}]}}'
    ),
    "percents in a host": filled(SOURCE_OF_A_FILE + 'http://', "%41", '"}}]}}'),
    "at signs in a URL": filled(SOURCE_OF_A_FILE + 'http://', "@:", '"}}]}}'),
    "colons of an ARN": filled(SOURCE_OF_A_FILE + 'arn:', ":", '"}}]}}'),
    "lines of a unit": filled(
        HEAD + '"systemd":{"units":[{"name":"a.service","contents":"[A]\\n', "A=b\\n", '"}]}}'
    ),
    "one line of a unit": filled(
        HEAD + '"systemd":{"units":[{"name":"a.service","contents":"[A]\\nA=', "b", '"}]}}'
    ),
    "continued lines of a unit": filled(
        HEAD + '"systemd":{"units":[{"name":"a.service","contents":"[A]\\nA=', "b\\\\\\n", '"}]}}'
    ),
    "sections of a unit": filled(
        HEAD + '"systemd":{"units":[{"name":"a.service","contents":"', "[A]\\n", '"}]}}'
    ),
    "units of one name": filled(
        HEAD + '"systemd":{"units":[', '{"name":"a.service"},', '{"name":"b.service"}]}}'
    ),
    "partitions over each other": (
        HEAD + '"storage":{"disks":[{"device":"/dev/a","partitions":['
        + ",".join(f'{{"number":{n},"startMiB":1,"sizeMiB":9}}' for n in range(1, 2500)) + "]}]}}"
    ).encode(),
    "partitions side by side": (
        HEAD + '"storage":{"disks":[{"device":"/dev/a","partitions":['
        + ",".join(f'{{"number":{n},"startMiB":{9 * n},"sizeMiB":9}}' for n in range(1, 2500)) + "]}]}}"
    ).encode(),
    "links through links": (
        HEAD + '"storage":{"links":['
        + ",".join(f'{{"path":"{"/a" * (n % 40)}/{n}","target":"/x"}}' for n in range(1200)) + "]}}"
    ).encode(),
    "an advertisement of brackets": filled(
        HEAD + '"storage":{"luks":[{"name":"a","device":"/dev/a","clevis":{"tang":[{"url":"http://t",'
        '"thumbprint":"x","advertisement":"', "[", '"}]}}]}}',
    ),
    "arguments": filled(HEAD + '"kernelArguments":{"shouldExist":[', '"a",', '"b"]}}'),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE_TEXTS)
def test_large_texts(name: str) -> None:
    hold(LARGE_TEXTS[name])


@pytest.mark.parametrize(
    "name",
    [
        *("files without anything", "files of one path", "objects under an unknown key"),
        *("one unknown key", "short and long lists", "bytes that are no UTF-8", "open brackets"),
    ],
)
def test_memory_use_of_large_texts(name: str) -> None:
    """To the byte: in `hold` only what is more than any text before took is seen."""
    data = LARGE_TEXTS[name]
    tracemalloc.start()
    try:
        exact.check(data, SOURCE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= memory_allowed(data)


def test_memory_allowance_matches_the_documentation() -> None:
    assert seconds_allowed(bytes(300_000)) == 15
    assert seconds_allowed(b"") == 5
    assert memory_allowed(bytes(1 << 20)) == (20 + 32) << 20


def test_the_fuzzer_runs(tmp_path: Path) -> None:
    words = ["-m", "tests.fuzz", "--runs", "300", "--seed", "1", "--found", str(tmp_path)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Done 300 runs" in done.stdout + done.stderr
