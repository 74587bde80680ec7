# SPDX-License-Identifier: Apache-2.0
"""Linting as a whole: positions, embedded texts, order, robustness, speed."""

from __future__ import annotations

import base64
import gzip
import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any
from urllib.parse import quote

import pytest

from ignition.base import gojson
from ignition.base.finding import MAX_FINDINGS
from ignition.config import shapes
from ignition.config.check import check
from ignition.lint.finding import LintFinding
from ignition.lint.run import lint
from tests.support.random_configs import Configs
from tests.unit.lint.lint_cases import config, file, url

V = '"ignition":{"version":"3.6.0"}'


def spanned(text: str | bytes) -> list[tuple[str, str]]:
    """Code and spanned bytes of each finding."""
    data = text if isinstance(text, bytes) else text.encode()
    return [(each.code, _cut(data, each)) for each in lint(data, "test.ign")]


def _cut(data: bytes, found: LintFinding) -> str:
    lines = data.split(b"\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    start = starts[found.origin.line - 1] + found.origin.column - 1
    end = starts[found.end_line - 1] + found.end_column - 1
    return data[start:end].decode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{{{V},"storage":{{"files":[{{"path":"x"}}]}}}}', [("IGN1102", '"x"')]),
        (f'{{{V}, "stroage" : {{"files":[]}}}}', [("IGN1006", '"stroage"')]),
        (f'{{{V},"ü\\"x":1}}', [("IGN1006", '"ü\\"x"')]),
        (f'{{{V},"storage":{{"files":[{{"path":"/x","mode":644}}]}}}}', [("IGN1851", "644")]),
        (f'{{{V},"storage":{{"files":[{{"mode":"x"}}]}}}}', [("IGN1003", '"x"')]),
        (f'{{{V},"storage":\n{{"files":{{"a":[1, {{}} ] }} }}}}', [("IGN1003", '"a":[1, {} ] }')]),
        ('{"ignition":{"version":"9.0.0"}}', [("IGN1005", '"9.0.0"')]),
        ('{"ignition":{"version":"x"}}', [("IGN1004", '"x"')]),
        ('{"ignition":{"version":\n 5}}', [("IGN1003", "5")]),
        ("[1, 2 ]", [("IGN1003", "1, 2 ]")]),
        ('{\n"a": x}', [("IGN1002", "x")]),
        ('{"a":', [("IGN1002", ":")]),
        ("#cloud-config\n", [("IGN1002", "#")]),
        (
            f'{{{V},"storage":{{"directories":[{{"path":"/a"}},\n {{"path":"/a"\n}} ]}}}}',
            [("IGN1121", '"path":"/a"\n}')],
        ),
    ],
)  # fmt: skip
def test_spans_of_findings(text: str, said: list[tuple[str, str]]) -> None:
    assert spanned(text) == said


def test_type_error_has_pointer_and_position_for_any_version() -> None:
    for text in (
        '{"ignition":{"version":"03.06.0"},"storage":{"files":[{"mode":"x"}]}}',
        '{"IGNITION":{"version":"3.6.0"},"storage":{"files":[{"mode":"x"}]}}',
    ):
        assert spanned(text) == [("IGN1003", '"x"')]
        (found,) = lint(text.encode(), "test.ign")
        assert found.origin.pointer == "/storage/files/0/mode"


def test_empty_config_has_no_position() -> None:
    (found,) = lint(b"", "test.ign")
    assert (found.code, found.severity, found.origin.line) == ("IGN1001", "error", 0)


def test_engine_findings_keep_their_position() -> None:
    for seed in range(150):
        data = _random(seed)
        told = {
            (each.code, str(each.origin), each.message) for each in check(data, "test.ign").findings
        }
        kept = {(each.code, str(each.origin), each.message) for each in lint(data, "test.ign")}
        assert told <= kept


def _random(seed: int) -> bytes:
    version = shapes.VERSIONS[seed % len(shapes.VERSIONS)]
    value = Configs(seed, odd=0.2, full=0.7).config(version)
    value.setdefault("ignition", {})["version"] = version
    return gojson.dumps(value).encode()


def test_no_config_makes_a_rule_fail() -> None:
    for seed in range(400):
        data = _random(seed)
        for found in lint(data, "test.ign", platform="aws"):
            assert found.severity in ("error", "warning", "info")
            assert found.end_line >= found.origin.line
    for cut in range(0, len(data), max(1, len(data) // 40)):
        lint(data[:cut], "test.ign")


@pytest.mark.parametrize(
    "text",
    [b"\xff\xfe", b"null", b"5", b'{"ignition":null}', b'{"ignition":{"version":"3.6.0"},"storage":null}',
     b'{"ignition":{"version":"3.6.0"},"storage":{"files":[null]},"systemd":{"units":[null,{"dropins":[null]}]}}',
     b'{"ignition":{"version":"3.6.0"},"x":1e400,"storage":{"files":[{"path":"/run/x"}]}}',
     b'{"IGNITION":{"Version":"3.6.0"},"storage":{"FILES":[{"path":"/run/x"}]}}',
     b'{"ignition":{"version":"3.6.0"},"systemd":{"units":[{"name":"a.service","contents":"\\ud800[\\u0000"}]}}',
     b"[" * 9000],
)  # fmt: skip
def test_malformed_texts_give_findings(text: bytes) -> None:
    assert lint(text, "test.ign")


def test_rules_run_on_configs_that_the_engine_refuses() -> None:
    text = f'{{{V},"storage":{{"files":[{{"path":"x"}},{{"path":"/run/y"}}]}}}}'
    assert [code for code, _ in spanned(text)] == ["IGN1102", "IGN1841"]


def test_findings_are_sorted_by_line_column_and_code() -> None:
    for seed in range(100):
        found = lint(_random(seed), "test.ign")
        places = [(each.origin.line, each.origin.column, each.code) for each in found]
        assert places == sorted(places)


UNIT = '[Unit]\nDescription=ä "quoted"\n[Service]\nExecStart=/x\nRestrt=no\n'


@pytest.mark.parametrize("ascii_only", [True, False])
def test_finding_in_a_unit_points_into_the_string(ascii_only: bool) -> None:
    value = {
        "ignition": {"version": "3.6.0"},
        "systemd": {"units": [{"name": "a.service", "contents": UNIT}]},
    }
    data = json.dumps(value, ensure_ascii=ascii_only, indent=1).encode()
    (found,) = lint(data, "test.ign")
    assert found.inner is not None
    assert (found.code, found.inner.name, found.inner.line, found.inner.column) == (
        "IGN1915",
        "a.service",
        5,
        1,
    )
    assert spanned(data) == [("IGN1915", "Restrt")]


@pytest.mark.parametrize(
    ("source", "marked"),
    [
        ({"source": "data:," + quote('{"ä": 1,\n x}')}, "x"),
        ({"source": "data:application/json;charset=utf-8," + quote('{"ä": 1,\n x}')}, "x"),
        (
            {"source": "data:;base64," + base64.b64encode('{"ä": 1,\n x}'.encode()).decode()},
            '"data:;base64,' + base64.b64encode('{"ä": 1,\n x}'.encode()).decode() + '"',
        ),
    ],
)
def test_finding_in_a_file_points_into_the_data_url(source: dict[str, Any], marked: str) -> None:
    data = config(storage={"files": [{"path": "/etc/a.json", "contents": source}]})
    (found,) = lint(data, "test.ign")
    assert found.inner is not None
    assert (found.inner.name, found.inner.line, found.inner.column) == ("/etc/a.json", 2, 2)
    assert spanned(data) == [("IGN1952", marked)]


def merging(inner: bytes, **resource: Any) -> bytes:
    return config(ignition={"config": {"merge": [{"source": url(inner), **resource}]}})


def test_inline_config_findings_have_both_positions() -> None:
    inner = b'{"ignition":{"version":"3.6.0"},\n"storage":{"files":[{"path":"x"}]}}'
    (found,) = lint(merging(inner), "test.ign")
    assert (found.code, found.severity) == ("IGN1102", "error")
    assert found.origin.pointer == "/ignition/config/merge/0/source"
    assert found.inner is not None
    assert found.inner.name == "config in /ignition/config/merge/0"
    assert (found.inner.pointer, found.inner.line, found.inner.column) == (
        "/storage/files/0/path",
        2,
        29,
    )
    assert spanned(merging(inner)) == [("IGN1102", "%22x%22")]


def test_unit_in_a_doubly_nested_config() -> None:
    unit = {"name": "a.service", "contents": "[Service]\nExecStart=./x\n"}
    outer = merging(merging(config(systemd={"units": [unit]})))
    (found,) = lint(outer, "test.ign")
    assert found.inner is not None
    assert found.code == "IGN1923"
    assert found.inner.name == (
        "config in /ignition/config/merge/0, config in /ignition/config/merge/0, a.service"
    )
    assert (found.inner.line, found.inner.pointer) == (2, "/systemd/units/0/contents")


def test_compressed_inline_config() -> None:
    inner = gzip.compress(config(storage={"files": [{"path": "x"}]}))
    source = "data:;base64," + base64.b64encode(inner).decode()
    merge = [{"source": source, "compression": "gzip"}]
    (found,) = lint(config(ignition={"config": {"merge": merge}}), "test.ign")
    assert found.code == "IGN1102"
    assert found.inner is not None
    assert found.inner.pointer == "/storage/files/0/path"


def test_empty_inline_config_is_an_error() -> None:
    (found,) = lint(merging(b""), "test.ign")
    assert (found.code, found.severity) == ("IGN1001", "error")
    assert found.origin.pointer == "/ignition/config/merge/0/source"


def lines_run(work: Callable[[], object]) -> int:
    """The number of Python lines that `work` executes, which does not depend on the machine's load."""
    count = 0

    def trace(_frame: FrameType, event: str, _value: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def many_files(count: int, faulty: bool) -> bytes:
    files = []
    for number in range(count):
        body = f"line of file {number}\n" if not faulty else '{"a": 1,\n x}'
        name = f"/etc/app/{number}.json" if faulty else f"/etc/app/{number}.conf"
        files.append(file(name, body, mode=644 if faulty else 420))
    return config(storage={"files": files})


def many_faults_in_one_unit(count: int) -> bytes:
    contents = "[Service]\nExecStart=/x\n" + "Restrt=no\n" * count
    return config(systemd={"units": [{"name": "a.service", "contents": contents}]})


@pytest.mark.parametrize(
    ("make", "findings"),
    [
        pytest.param(lambda count: many_files(count, False), 0, id="files"),
        pytest.param(lambda count: many_files(count, True), 2, id="files with faults"),
        pytest.param(many_faults_in_one_unit, 1, id="faults in one text"),
    ],
)
def test_work_grows_linearly_with_the_config(make: Callable[[int], bytes], findings: int) -> None:
    small, large = make(30), make(300)
    assert len(lint(small, "test.ign")) == 30 * findings
    assert len(lint(large, "test.ign")) == min(300 * findings, MAX_FINDINGS + 1)
    few = lines_run(lambda: lint(small, "test.ign"))
    assert lines_run(lambda: lint(large, "test.ign")) < 12 * few
