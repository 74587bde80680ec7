# SPDX-License-Identifier: Apache-2.0
"""Output formats of findings: text, JSON, SARIF, GitHub, JUnit."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import jsonschema
import pytest

from ignition.base.origin import Origin
from ignition.lint.finding import Inner, LintFinding
from ignition.lint.formats import load_writer
from ignition.lint.formats.text import Text
from ignition.lint.result import STANDARD_INPUT, Columns, LintResult, lint_result

TEXT = '{\n "ä": "väl", "x": 1}\n'.encode()
NAME = "a b/ü,:.ign"


def finding(severity: str = "warning", **more: Any) -> LintFinding:
    """A finding on the value `väl`, at column 10 in characters and 11 in bytes of line 2."""
    found = LintFinding(
        "IGN1006",
        severity,
        "bad\n100% <&> \x1b[0m",
        Origin(NAME, "/ä", 2, 8),
        "mend: it, now",
        2,
        14,
    )
    for name, value in more.items():
        setattr(found, name, value)
    return found


def run(*findings: LintFinding, name: str = NAME) -> list[LintResult]:
    return [lint_result(name, TEXT, findings)]


# text


def test_text_shows_location_excerpt_and_hint() -> None:
    shown = Text(False).file(run(finding(inner=Inner("a.service", 3, 1)))[0]).splitlines()
    assert shown == [
        f"{NAME}:2:8: warning IGN1006: bad\\n100% <&> \\x1b[0m",
        "    at /ä",
        "    in a.service:3:1",
        '     2 |  "ä": "****", "x": 1}',
        "       |       ^^^^^^",
        "    hint: mend: it, now",
    ]


def test_text_shows_no_excerpt_of_a_secret() -> None:
    shown = Text(False).file(run(finding(secret=True))[0])
    assert "2:8" in shown
    assert "väl" not in shown


def test_colour_only_adds_escape_sequences() -> None:
    (one,) = run(finding())
    painted = Text(True).file(one)
    assert "\x1b[1;35m" in painted
    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == Text(False).file(one)


@pytest.mark.parametrize(
    ("row", "column", "end", "marked"),
    [
        pytest.param(b"x" * 5000 + b"HERE" + b"y" * 5000, 5001, 5005, "HERE", id="middle"),
        pytest.param("ä".encode() * 5000 + b"HERE", 10001, 10005, "HERE", id="wide characters"),
        pytest.param(b"HERE" + b"\t" * 9000, 1, 5, "HERE", id="start"),
        pytest.param(b"some HERE", 6, 10, "HERE", id="end"),
        pytest.param(b"a\x00b\xffHERE", 5, 9, "HERE", id="bytes that are no text"),
    ],
)
def test_long_lines_are_cut_around_the_span(row: bytes, column: int, end: int, marked: str) -> None:
    found = LintFinding("IGN1006", "error", "m", Origin("c", "/path", 1, column), "", 1, end)
    _, _, shown, marks = Text(False).file(lint_result("c", row, [found])).splitlines()
    assert len(shown) < 130
    assert shown[marks.index("^") : marks.rindex("^") + 1] == marked


def test_long_span_is_marked_up_to_the_cut() -> None:
    found = LintFinding("IGN1006", "error", "m", Origin("c", "", 1, 3), "", 9, 1)
    _, shown, marks = (
        Text(False).file(lint_result("c", b"ab" + b"c" * 900 + b"\n" * 9, [found])).splitlines()
    )
    assert len(marks) < len(shown) < 130


def test_secrets_on_the_same_line_are_not_shown() -> None:
    row = rb'{"passwordHash": "$6$\"hid", "value" :"hidden", "pth": 1}'
    column = row.index(b'"pth"') + 1
    found = LintFinding("IGN1006", "error", "m", Origin("c", "", 1, column), "", 1, column + 5)
    _, shown, marks = Text(False).file(lint_result("c", row, [found])).splitlines()
    assert shown.endswith('{"passwordHash": "********", "value" :"******", "pth": 1}')
    assert shown[marks.index("^") : marks.rindex("^") + 1] == '"pth"'


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        pytest.param(
            b'"source": "https://u:pw@h/a?token=x#f"',
            '"source": "https://****@h/a**********"',
            id="url",
        ),
        pytest.param(b'"Source": "data:text/x;a=b,hid"', '"Source": "data:text/x;a=b,***"', id="data"),
        pytest.param(b'"contents": "[Service]"', '"contents": "*********"', id="unit"),
        pytest.param(b'"keys": ["ssh", "rsa"]', '"keys": ["***", "***"]', id="list"),
        pytest.param(b'"level": ["r"], "a":[true,-1,"b"]', '"level": ["r"], "a":[true,-1,"*"]', id="public"),
        pytest.param(b'"a": "\\"x\\\\", "b": "open\\', '"a": "*****", "b": "*****', id="escapes"),
        pytest.param(b"password: hunter2", "********: *******", id="no JSON"),
        pytest.param(b"{path: 'x y'}", "{path: ** **}", id="words of the spec"),
    ],
)  # fmt: skip
def test_possibly_secret_values_are_masked(row: bytes, shown: str) -> None:
    found = LintFinding("IGN1006", "error", "m", Origin("c", "", 1, 1), "", 1, 3)
    assert Text(False).file(lint_result("c", row, [found])).splitlines()[1][9:] == shown


@pytest.mark.parametrize(
    ("word", "shown"),
    [("ExecStrat=/bin/x --token=y", "ExecStrat*****************"), ("[Servce]", "[Servce]")],
)
def test_finding_in_an_embedded_text_shows_its_word(word: str, shown: str) -> None:
    row = f'"contents": "[Unit]\\n{word}"'.encode()
    at = row.index(word.encode()) + 1
    where, inner = Origin("c", "/systemd/units/0/contents", 1, at), Inner("a.service", 2, 1)
    found = LintFinding("IGN1006", "error", "m", where, "", 1, at + len(word), inner)
    lines = Text(False).file(lint_result("c", row, [found])).splitlines()
    assert lines[3][9:] == f'"contents": "********{shown}"'


@pytest.mark.parametrize("form", ["json", "sarif", "github", "junit"])
def test_formats_escape_control_characters(form: str) -> None:
    found = finding(hint="\x9b\u202e\x7f", inner=Inner("\x1b[2J.service", 3, 1))
    found.origin = Origin(NAME, "/\x1b\u2028", 2, 8)
    said = load_writer(form)(run(found))
    assert all(each.isprintable() or each == "\n" for each in said)


# columns


def test_columns_count_characters() -> None:
    columns = Columns({1: "aäb€c".encode(), 2: b"plain"})
    assert [columns.characters(1, byte) for byte in (1, 2, 4, 5, 8, 4, 9)] == [1, 2, 3, 4, 5, 3, 6]
    assert columns.characters(2, 4) == 4
    assert columns.characters(3, 7) == 7  # a line that is not known


# json


def test_json_contains_all_fields() -> None:
    report = json.loads(
        load_writer("json")(run(finding("error"), finding(inner=Inner("u", 3, 1, "/p"))))
    )
    assert report["summary"] == {"files": 1, "errors": 1, "warnings": 1, "notes": 0, "failed": 1}
    first, second = report["files"][0]["findings"]
    assert report["files"][0]["path"] == NAME
    assert first == {
        "code": "IGN1006",
        "severity": "error",
        "message": "bad\n100% <&> \x1b[0m",
        "pointer": "/ä",
        "hint": "mend: it, now",
        "line": 2,
        "column": 8,
        "endLine": 2,
        "endColumn": 14,
    }
    assert second["inside"] == {"name": "u", "line": 3, "column": 1, "pointer": "/p"}


# github


def test_github_commands_are_one_line_each_and_escaped() -> None:
    assert load_writer("github")(run(finding())) == (
        "::warning file=a b/ü%2C%3A.ign,title=IGN1006,line=2,col=7,endLine=2,endColumn=12::"
        "bad\\n100%25 <&> \\x1b[0m at /ä%0Ahint: mend: it, now\n"
    )


@pytest.mark.parametrize(
    ("severity", "command"), [("error", "error"), ("warning", "warning"), ("info", "notice")]
)
def test_github_levels(severity: str, command: str) -> None:
    assert load_writer("github")(run(finding(severity))).startswith(f"::{command} ")


def test_github_omits_the_end_of_multiline_spans() -> None:
    assert "endColumn" not in load_writer("github")(run(finding(end_line=3)))


# junit


def junit(runs: list[LintResult]) -> tuple[ET.Element, list[ET.Element]]:
    """The suite and its cases, after a check of the structure."""
    suites = ET.fromstring(load_writer("junit")(runs))
    (suite,) = suites
    assert_is_junit(suites)
    return suite, suite.findall("testcase")


def test_junit_has_a_case_per_config_with_one_failure() -> None:
    suite, (bad, good) = junit(
        [*run(finding("error"), finding("error"), finding()), *run(name="good.ign")]
    )
    assert [suite.attrib[name] for name in ("tests", "failures", "errors")] == ["2", "1", "0"]
    assert (bad.attrib["name"], good.attrib["name"]) == (NAME, "good.ign")
    assert list(good) == []
    (failure,) = bad
    assert (failure.tag, failure.attrib["type"]) == ("failure", "IGN1006")
    assert "\\x1b[0m" in (failure.text or "")
    assert (failure.text or "").count("hint: mend") == 2
    assert (suite.findtext("system-out") or "").count("hint: mend") == 1


@pytest.mark.parametrize("strict", [False, True])
def test_junit_warnings_fail_with_strict(strict: bool) -> None:
    (warned,) = run(finding())
    warned.strict = strict
    suite, (case,) = junit([warned])
    assert suite.attrib["failures"] == str(int(strict))
    assert [child.tag for child in case] == ["failure"] * strict
    assert ("hint: mend" in (suite.findtext("system-out") or "")) is not strict


def test_junit_unreadable_config_is_an_error() -> None:
    (unreadable,) = run(finding("error"))
    unreadable.unreadable = True
    suite, (case,) = junit([unreadable])
    assert [suite.attrib[name] for name in ("tests", "failures", "errors")] == ["1", "0", "1"]
    assert [child.tag for child in case] == ["error"]


def test_junit_without_configs_is_valid() -> None:
    assert junit([])[1] == []


def test_junit_escapes_names_and_messages() -> None:
    """Characters that XML does not allow, and those that it requires to be escaped."""
    odd = "".join(map(chr, range(0x20))) + "\x7f\x85\udcff\ufffe\uffff<&>\"']]>\U0001f600"
    found = finding("error", message=odd, hint=odd, inner=Inner(odd))
    found.origin.source = odd
    _, (case,) = junit(run(found, name=odd))
    shown = case[0].attrib["message"]
    assert shown.endswith("<&>\"']]>\U0001f600")
    assert shown.count("\ufffd") == 2
    assert all(each.isprintable() for each in shown)


INTEGER, SECONDS = r"\d+", r"\d+\.\d{3}"
JUNIT: dict[str, tuple[dict[str, str], str]] = {
    # Attributes, all of them needed, and what stands inside in this order, by the strictest of the schemas.
    "testsuites": ({}, "(testsuite )*"),
    "testsuite": (
        {
            "name": ".+",
            "package": ".+",
            "hostname": r"\S+",
            "id": INTEGER,
            "time": SECONDS,
            "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
            **dict.fromkeys(("tests", "failures", "errors", "skipped"), INTEGER),
        },
        "properties (testcase )*system-out system-err ",
    ),
    "properties": ({}, ""),
    "testcase": (
        {"name": "(?s).*", "classname": ".+", "time": SECONDS},
        "(failure |error |skipped )?",
    ),
    "failure": ({"type": "IGN.*", "message": "(?s).*"}, ""),
    "error": ({"type": "IGN.*", "message": "(?s).*"}, ""),
    "system-out": ({}, ""),
    "system-err": ({}, ""),
}


def assert_is_junit(element: ET.Element) -> None:
    attributes, inside = JUNIT[element.tag]
    assert set(element.attrib) == set(attributes)
    for name, pattern in attributes.items():
        assert re.fullmatch(pattern, element.attrib[name]), (name, element.attrib[name])
    assert re.fullmatch(inside, "".join(f"{child.tag} " for child in element))
    for child in element:
        assert_is_junit(child)


# sarif

TEXT_MESSAGE = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {"text": {"type": "string", "minLength": 1}},
}
PLACE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"uri": {"type": "string", "pattern": "^[!-~]+$"}},
}
LINE = {"type": "integer", "minimum": 1}
SARIF = {
    # What of the standard's schema concerns us, without the freedom that it leaves.
    "type": "object",
    "required": ["version", "runs", "$schema"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "artifacts": {
                        "type": "array",
                        "uniqueItems": True,
                        "items": {"properties": {"location": PLACE}, "additionalProperties": False},
                    },
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "semanticVersion": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "name": {"type": "string"},
                                                "shortDescription": TEXT_MESSAGE,
                                                "fullDescription": TEXT_MESSAGE,
                                                "help": TEXT_MESSAGE,
                                                "defaultConfiguration": {
                                                    "properties": {
                                                        "level": {
                                                            "enum": ["note", "warning", "error"]
                                                        }
                                                    },
                                                    "additionalProperties": False,
                                                },
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["note", "warning", "error"]},
                                "message": TEXT_MESSAGE,
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "additionalProperties": False,
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "additionalProperties": False,
                                                "properties": {
                                                    "artifactLocation": PLACE,
                                                    "region": {
                                                        "required": ["startLine"],
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "startLine": LINE,
                                                            "startColumn": LINE,
                                                            "endLine": LINE,
                                                            "endColumn": LINE,
                                                        },
                                                    },
                                                },
                                            },
                                            "logicalLocations": {"type": "array"},
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_sarif_is_valid() -> None:
    without_place = LintFinding("IGN1001", "error", "not a config (empty)", Origin("/e"))
    runs = [
        *run(finding("info"), finding("error", inner=Inner("u", 3, 1))),
        LintResult("/e", [without_place], {}),
        LintResult(STANDARD_INPUT, [], {}),
    ]
    log = json.loads(load_writer("sarif")(runs))
    jsonschema.validate(log, SARIF, jsonschema.Draft202012Validator)
    (only,) = log["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in only["results"]] == [
        result["ruleId"] for result in only["results"]
    ]
    note, error, empty = only["results"]
    assert (note["level"], error["level"]) == ("note", "error")
    place = note["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b/%C3%BC%2C%3A.ign"
    assert place["region"] == {"startLine": 2, "startColumn": 7, "endLine": 2, "endColumn": 12}
    assert "region" not in empty["locations"][0]["physicalLocation"]
    assert only["artifacts"][1]["location"]["uri"] == "file:///e"


def test_sarif_without_findings_is_valid() -> None:
    jsonschema.validate(
        json.loads(load_writer("sarif")([])), SARIF, jsonschema.Draft202012Validator
    )
