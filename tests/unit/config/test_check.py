# SPDX-License-Identifier: Apache-2.0
"""Whole configs: verdict, messages and positions."""

from __future__ import annotations

import gzip
from random import Random

import pytest

from ignition.base.errors import EmptyConfig, InvalidConfig
from ignition.base.finding import ERROR, INFO, MAX_FINDINGS, WARNING
from ignition.config import parse
from ignition.config.check import check
from ignition.config.fast import CheckResult
from tests.support import random_json

V = '"ignition":{"version":"3.6.0"}'


def checked(text: str | bytes) -> CheckResult:
    return check(text if isinstance(text, bytes) else text.encode(), "test")


def report(text: str | bytes) -> list[str]:
    return [str(finding) for finding in checked(text).findings]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (" ", "error at line 1 col 2: unexpected end of JSON input"),
        ('{\n"a":', "error at line 2 col 5: unexpected end of JSON input"),
        (
            "#cloud-config\n",
            "error at line 1 col 2: invalid character '#' looking for beginning of value",
        ),
        (
            b"\x1f\x8b\x08",
            "error at line 1 col 2: invalid character '\\x1f' looking for beginning of value",
        ),
        (
            b"\xef\xbb\xbf{}",
            "error at line 1 col 2: invalid character 'ï' looking for beginning of value",
        ),
        (
            '{"ignition":\n  {"version":5, "x":1}}',
            "error at line 2 col 15: json: cannot unmarshal number into"
            " Go struct field Config.ignition.version of type string",
        ),
        (
            "[1]",
            "error at line 1 col 2: json: cannot unmarshal array into Go value of type types.Config",
        ),
        (
            f'{{{V},\n"storage":{{"files":[{{"mode":"x" }}]}}}}',
            "error at line 2 col 32: json: cannot unmarshal string into"
            " Go struct field Config.storage.files.0.mode of type int",
        ),
    ],
)
def test_syntax_and_type_errors_are_one_finding_without_a_path(
    text: str | bytes, line: str
) -> None:
    assert report(text) == [line]
    assert checked(text).refusal == "config is not valid"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "null",
        '{"ignition":{}}',
        '{"ignition":null}',
        '{"ignition":{"version":""}}',
        '{"ignition":{"version":null}}',
        '{"ignitionVersion":1}',
        '{"ignition":{"version":"3.6"}}',
    ],
)
def test_missing_version_refuses_the_config_without_a_finding(text: str) -> None:
    result = checked(text)
    assert result.findings == []
    assert result.refusal == "invalid config version (couldn't parse)"
    assert result.failure is not None
    assert result.failure.hint


def test_version_errors_come_before_all_but_syntax_errors() -> None:
    text = '{"ignition":{"version":"4.0.0"},"storage":5%s}'
    assert checked(text % "").refusal == "unsupported config version"
    assert checked(text % ",").refusal == "config is not valid"


def test_zero_bytes_are_an_empty_config() -> None:
    assert checked("").refusal == "not a config (empty)"
    with pytest.raises(EmptyConfig):
        parse.parse(b"", "test")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(b"#cloud-config\nusers: []\n", "cloud-init", id="cloud-config"),
        pytest.param(b"#!/bin/sh\necho\n", "script", id="script"),
        pytest.param(gzip.compress(b"{}"), "gzip", id="gzip"),
        pytest.param(b"\xef\xbb\xbf{}", "byte order mark", id="BOM"),
        pytest.param("{}".encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param(b"variant: fcos\nversion: 1.5.0\n", "Butane", id="Butane"),
        pytest.param(b'{"variant":"fcos","version":"1.5.0"}', "Butane", id="Butane as JSON"),
        pytest.param(b'{"ignitionVersion":1}', "spec 1 config", id="spec 1"),
        pytest.param(b'{"ignition":{"version":"2.3.0"}}', "spec 2.3.0", id="spec 2"),
        pytest.param(b"<!DOCTYPE html>", "HTML", id="HTML"),
        pytest.param(b'{"a":1,}', "comma too many", id="trailing comma"),
        pytest.param(b'{"a":1 // b\n}', "no comments", id="comment"),
        pytest.param(b'{"a":', "cut off", id="truncated"),
        pytest.param(b'{"a":"b\n"}', "line breaks", id="line break in a string"),
    ],
)
def test_hint_for_text_of_another_format(text: bytes, words: str) -> None:
    result = checked(text)
    assert result.failure is not None
    hints = [result.failure.hint, *(finding.hint for finding in result.findings)]
    assert any(words in hint for hint in hints)


@pytest.mark.parametrize(
    ("key", "where", "words"),
    [
        ("Path", "3.6.0", "spelt path in the spec"),
        ("pth", "3.6.0", "did you mean path?"),
        ("paht", "3.6.0", "did you mean path?"),
        ("pathh", "3.6.0", "did you mean path?"),
        ("over_write", "3.6.0", "write overwrite"),
        ("zzz", "3.6.0", ""),
        ("", "3.6.0", ""),
    ],
)
def test_hint_for_a_misspelt_key(key: str, where: str, words: str) -> None:
    text = f'{{"ignition":{{"version":"{where}"}},"storage":{{"files":[{{"path":"/a","{key}":"/a"}}]}}}}'
    (finding,) = checked(text).findings
    assert finding.message == f"unused key {key}"
    assert finding.hint.startswith(words)
    assert bool(finding.hint) == bool(words)


def test_hint_for_a_key_of_a_newer_spec() -> None:
    text = '{"ignition":{"version":"3.2.0"},"kernelArguments":{}}'
    (finding,) = checked(text).findings
    assert finding.hint == "this key needs spec 3.3.0 or newer"


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ('"mode":"0644"', "octal 0644 is 420"),
        ('"mode":420.0', "mode must be a 64-bit integer"),
        ('"user":{"id":"0"}', "leave out the quotes"),
        ('"overwrite":"true"', "leave out the quotes"),
        ('"user":{"name":0}', "in quotes"),
        ('"overwrite":1', "overwrite must be true or false"),
        ('"contents":"text"', "contents must be an object"),
        ('"append":{}', "append must be a list"),
    ],
)
def test_hint_for_a_wrong_type(member: str, words: str) -> None:
    (finding,) = checked(f'{{{V},"storage":{{"files":[{{{member}}}]}}}}').findings
    assert words in finding.hint


@pytest.mark.parametrize(
    ("section", "hint"),
    [
        ('"storage":{"files":["x"]}', "entry 0 of /storage/files must be an object"),
        (
            '"storage":{"disks":[{},{"partitions":[{},null,7]}]}',
            "entry 2 of /storage/disks/1/partitions must be an object",
        ),
        (
            '"storage":{"raid":[{"devices":[["/dev/sda"]]}]}',
            "entry 0 of /storage/raid/0/devices must be a string",
        ),
        (
            '"passwd":{"users":[{"groups":["wheel",7]}]}',
            "entry 1 of /passwd/users/0/groups must be a string: write it in quotes",
        ),
        (
            '"kernelArguments":{"shouldExist":[true]}',
            "entry 0 of /kernelArguments/shouldExist must be a string",
        ),
    ],
)
def test_hint_for_a_wrong_entry_names_the_list(section: str, hint: str) -> None:
    (finding,) = checked(f"{{{V},{section}}}").findings
    assert finding.hint == hint


@pytest.mark.parametrize("version", ["3", "3.4", "{}"])
def test_hint_for_a_version_that_is_not_a_string(version: str) -> None:
    (finding,) = checked(f'{{"ignition":{{"version":{version}}}}}').findings
    assert finding.hint == 'version must be three numbers in quotes, for example "3.6.0"'


def test_positions_count_bytes_and_follow_the_opening_bracket() -> None:
    text = (
        f'{{{V}, "storage": {{\n'
        '  "files": [\n'
        '\t{ "mode": 5000, "path": "/é/../é" },\r\n'
        '    {"ä": 1, "path" : "rel", "q":0}]}}'
    )
    assert report(text) == [
        "error at $.storage.files.0.path, line 3 col 26: path is not fully simplified",
        "error at $.storage.files.0.mode, line 3 col 12: illegal file mode",
        "error at $.storage.files.1.path, line 4 col 24: path not absolute",
        "warning at $.storage.files.1.ä, line 4 col 6: unused key ä",
        "warning at $.storage.files.1.q, line 4 col 31: unused key q",
    ]


def test_the_first_byte_of_a_line_is_column_1() -> None:
    assert report(f'{{{V},\n"x":1}}') == ["warning at $.x, line 2 col 1: unused key x"]


def test_missing_member_has_the_position_of_its_parent() -> None:
    assert report(f'{{{V},"storage":{{"files":[{{}}]}}}}') == [
        "error at $.storage.files.0.path, line 1 col 54: path not specified"
    ]


UNUSED = [
    pytest.param('"a.b":1,"":2', ["$.a.b: unused key a.b", "$.: unused key "], id="no quoting"),
    pytest.param('"x":1,"x":{"y":2}', ["$.x: unused key x"], id="repeated"),
    pytest.param('"x":{"y":{"z":1}}', ["$.x: unused key x"], id="nothing below"),
    pytest.param('"\\u0078":1', ["$.x: unused key x"], id="escaped"),
    pytest.param('"Storage":{"files":[],"zz":1}', ["$.Storage: unused key Storage"], id="odd case"),
    pytest.param(
        '"storage":{"links":[],"x":1},"storage":{"y":1}',
        ["$.storage.y: unused key y"],
        id="last copy only",
    ),
    pytest.param(
        '"kernelArguments":{"x":1},"storage":{"luks":[{"device":"/d","cex":{"x":1}}]}',
        ["$.kernelArguments.x: unused key x", "$.storage.luks.0.cex.x: unused key x"],
        id="walk order",
    ),
    pytest.param('"x":1e400,"y":1', [], id="a number beyond floats hides all"),
    pytest.param('"x":1e-400', ["$.x: unused key x"], id="a tiny number does not"),
    pytest.param(
        '"passwd":null',
        [
            "$.passwd: context tree does not match content tree at $.passwd. Line and column"
            " reporting may be inconsistent. Unused keys may not be reported"
        ],
        id="null object",
    ),
    pytest.param('"storage":{"files":null}', [], id="null list"),
    pytest.param(
        '"storage":{"files":[{"path":"/a","mode":null,"contents":{"source":null}}]}',
        [],
        id="null scalars",
    ),
]


@pytest.mark.parametrize(("members", "lines"), UNUSED)
def test_unused_keys(members: str, lines: list[str]) -> None:
    result = checked(f"{{{V},{members}}}")
    assert not result.refusal
    # Positions are tested above.
    found = [str(finding).replace("warning at ", "") for finding in result.findings]
    assert [line.partition(", line")[0] + ":" + line.partition(":")[2] for line in found] == lines


def test_null_for_an_optional_object_is_not_a_mismatch() -> None:
    text = '{"ignition":{"version":"%s"},"storage":{"luks":[{"device":"/d","clevis":null}]}}'
    assert report(text % "3.2.0") == []
    assert len(report(text % "3.3.0")) == 1


def test_without_positions_errors_are_still_found() -> None:
    assert report(f'{{{V},"x":1e400,"storage":{{"files":[{{"path":""}}]}}}}') == [
        "error at $.storage.files.0.path: path not specified"
    ]


def test_a_null_file_is_a_file_without_a_path() -> None:
    lines = report(f'{{{V},"storage":{{"files":[null]}}}}')
    assert "error at $.storage.files.0.path, line 1 col 53: path not specified" in lines
    assert any(
        "$.storage.files.0, line 1 col 53: context tree does not match" in line for line in lines
    )


def test_last_of_two_spellings_of_version_wins() -> None:
    result = checked('{"ignition":{"version":"3.5.0","VERSION":"3.1.0"}}')
    assert result.version == "3.1.0"
    assert len(result.findings) == 1


def test_repeated_storage_objects_are_merged() -> None:
    text = (
        f'{{{V},"storage":{{"files":[{{"path":"/a"}}]}},'
        '"storage":{"links":[{"path":"/l","target":"/a"}]}}'
    )
    parsed = parse.parse(text.encode(), "test")
    assert parsed.value["storage"] == {
        "files": [{"path": "/a"}],
        "links": [{"path": "/l", "target": "/a"}],
    }


def test_refused_config_raises_with_all_findings() -> None:
    text = f'{{{V},"x":1,"storage":{{"files":[{{"path":""}},{{"path":"b"}}]}}}}'
    with pytest.raises(InvalidConfig) as caught:
        parse.parse(text.encode(), "test")
    assert str(caught.value) == "config is not valid"
    assert len(caught.value.findings) == 3


def test_accepted_config_keeps_its_warnings() -> None:
    parsed = parse.parse(f'{{{V},"x":1}}'.encode(), "test")
    assert [finding.message for finding in parsed.findings] == ["unused key x"]
    assert parsed.version == "3.6.0"
    assert parsed.value["ignition"]["version"] == "3.7.0-experimental"


def test_no_text_raises_a_traceback() -> None:
    rng = Random(7)
    for _ in range(300):
        tree = random_json.spoiled(rng, random_json.config(rng, "3.6.0"))
        data = bytearray(random_json.text(tree, rng).encode())
        for _ in range(rng.randrange(3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        result = checked(bytes(data))
        has_errors = any(finding.severity == ERROR for finding in result.findings)
        assert bool(result.refusal) == (result.failure is not None)
        assert not has_errors or result.refusal == "config is not valid"


def test_findings_are_limited_per_severity_without_changing_the_verdict() -> None:
    links = ",".join(['{"path":"/a","x":1}'] * (MAX_FINDINGS + 5))
    found = checked(f'{{{V},"storage":{{"links":[{links}]}}}}'.encode())
    counts = dict.fromkeys((ERROR, WARNING, INFO), 0)
    for each in found.findings:
        counts[each.severity] += 1
    assert counts == {ERROR: MAX_FINDINGS, WARNING: MAX_FINDINGS, INFO: 1}
    assert found.findings[-1].code == "IGN1008"
    assert found.refusal == "config is not valid"


def test_error_after_many_warnings_refuses_the_config() -> None:
    unknown = ",".join(f'"x{number}":1' for number in range(MAX_FINDINGS + 5))
    assert not checked(f"{{{V},{unknown}}}".encode()).refusal
    assert checked(f'{{{V},{unknown},"storage":{{"files":[{{}}]}}}}'.encode()).refusal
