# SPDX-License-Identifier: Apache-2.0
"""Output formats of `ignition test`: what all of them must do, and each by its own rules."""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ignition.testbed.formats import FORMATS, words
from ignition.testbed.formats.excerpt import Sources
from ignition.testbed.formats.plain import console_tail
from ignition.testbed.formats.text import Text, kind
from ignition.testbed.results import RunResult, Status, Verdict
from tests.support import sample_results as sample

CHECKOUT = Path(__file__).parents[4]
SCHEMA = CHECKOUT / "schemas" / "testing" / "results.json"
SAMPLE = sample.run()
NO_CASES = RunResult((), 0.0, 0.0)


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configs and expectations files are where the samples say; no job summary is written."""
    sample.write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


# all formats


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_lets_control_characters_through(form: str) -> None:
    text = FORMATS[form](SAMPLE)
    assert {each for each in text if unicodedata.category(each) in ("Cc", "Cs", "Cf")} <= {"\n"}
    text.encode()
    assert text.endswith("\n")


@pytest.mark.parametrize("form", FORMATS)
def test_formats_are_bounded(form: str) -> None:
    """The console of the sample has megabytes."""
    assert len(FORMATS[form](sample.run(sample.hostile()))) < 500_000


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_shows_a_secret(form: str) -> None:
    case = replace(
        sample.expectation_failed(),
        checks=(
            *(replace(sample.BAD[0], place=sample.place(line)) for line in (4, 7)),
            replace(sample.BAD[0], place=sample.place(3, 50, "configs/web.ign")),
        ),
    )
    assert "s3cr3t" not in FORMATS[form](sample.run(case))


@pytest.mark.parametrize("form", FORMATS)
def test_formats_write_a_run_without_cases(form: str) -> None:
    assert FORMATS[form](NO_CASES)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_names_verdict_cause_and_repetition(form: str) -> None:
    text = FORMATS[form](SAMPLE)
    for wanted in ("guest crashed", "IGN8410", "kernel panic", "--image fedora-coreos.qcow2"):
        assert wanted in text


# text


def test_text_of_a_failed_case() -> None:
    assert Text().case(sample.expectation_failed()).splitlines() == [
        "expectation failed   configs/web.ign [aws]  44 s, 3 checks passed, 2 failed, 1 not decided,"
        " not passed in 2 attempts",
        "    IGN8401: 2 of 6 checks failed",
        "        hint: compare expected and found below, or print what follows from the config with"
        " ignition expect",
        "    configs/web.expect.yaml:3:5: file /etc/hostname: mode: expected 0644, found 0600",
        "         3 |     mode: 0644",
        "           |     ^^^^",
        "    configs/web.expect.yaml:2:5: file /etc/motd: content: expected 23 bytes, found 31 bytes",
        "         2 |   - path: /etc/hostname",
        "           |     ^^^^",
        "        --- expected",
        "        +++ found",
        "        @@ -1,2 +1,3 @@",
        "         welcome",
        "        -to web1",
        "        +to localhost",
        "        +<b>again</b>",
        "    1 not decided: the reporter of this guest does not list ports (port tcp 80)",
        "    note: Nothing is expected of /etc/remote: its content is known only when it is fetched.",
        "    artefacts: ignition-test/web.ign-aws",
        "    repeat: ignition test configs/web.ign --platform aws --expect configs/web.expect.yaml",
    ]


def test_text_of_a_refused_config_has_the_line_and_the_other_findings() -> None:
    assert Text().case(sample.refused()).splitlines() == [
        "config refused       configs/refused.ign  0.2 s",
        "    configs/web.ign:6:8: IGN1102: path not absolute",
        "        at /storage/files/0/path",
        '         6 |       {"path": "/etc/hostname", "mode": 420, "contents": {"source": "data:,****"}}',
        "           |        ^^^^^^",
        "        hint: start the path with /",
        "    configs/web.ign:6:34: warning IGN1006: unused key mdoe",
        '         6 |       {"path": "/etc/hostname", "mode": 420, "contents": {"source": "data:,****"}}',
        "           |                                  ^^^^",
        "    repeat: ignition test configs/refused.ign",
    ]


def test_text_of_a_passed_case_is_one_line_unless_verbose() -> None:
    assert Text().case(sample.passed()) == (
        "passed               configs/web.ign [qemu]  68 s, 3 checks passed\n"
    )
    assert Text(verbose=True).case(sample.passed()).splitlines()[1:] == [
        "    ok file /etc/hostname: content: web1 (4 bytes)",
        "    ok user core: password_hash: as expected",
        "    ok unit web.service: active: active",
    ]


def test_text_ends_with_counts_of_everything() -> None:
    assert Text().summary(SAMPLE) == (
        "11 cases: 4 passed, 2 expectation failed, 1 config refused, 1 provisioning failed,"
        " 1 guest crashed, 1 timeout, 1 host problem, 1 flaky; 39 checks passed, 3 failed, 3 not decided;"
        " 14 min 6 s, emulated (no KVM)\n"
    )
    assert Text().summary(NO_CASES) == "0 cases: nothing to test; 0.0 s\n"


def test_the_documented_text_is_what_is_written() -> None:
    run = sample.run(sample.passed(), sample.expectation_failed())
    page = (CHECKOUT / "docs" / "test-results.md").read_text()
    assert textwrap.indent(FORMATS["text"](run), "    ") in page


def test_colour_only_adds_escape_sequences() -> None:
    painted = Text(colour=True).case(sample.expectation_failed())
    assert "\x1b[1;31m" in painted
    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == Text().case(sample.expectation_failed())


def test_a_case_of_undecided_checks_does_not_look_passed() -> None:
    case = replace(sample.passed(), checks=sample.OPEN)
    assert kind(case) == "open"
    painted = Text(colour=True).case(case)
    assert "\x1b[1;32m" not in painted
    assert "0 checks passed, 1 not decided" in painted


def test_undecided_checks_are_grouped_by_reason() -> None:
    many = tuple(replace(sample.OPEN[0], subject=f"port tcp {number}") for number in range(9))
    case = replace(sample.passed(), checks=many)
    shown = Text().case(case).splitlines()[1:]
    assert len(shown) == 1
    assert "9 not decided: the reporter" in shown[0]
    assert shown[0].endswith("port tcp 4, and 4 more)")
    assert "port tcp 8)" in Text(verbose=True).case(case)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (119.4, "119 s"),
        (119.6, "2 min 0 s"),
        (3723, "62 min 3 s"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert words.duration(seconds) == shown


# excerpts


def test_excerpts_of_expectations_mask_password_hashes_only() -> None:
    sources = Sources()
    content, secret = (sources.excerpt(sample.place(line)) for line in (4, 7))
    assert content is not None and content.row == '    content: "web1"'
    assert secret is not None and secret.row == "    password_hash: " + "*" * 13


@pytest.mark.parametrize(
    "place",
    [
        sample.place(99),
        sample.place(0),
        sample.place(1, 1, "absent"),
        sample.place(1, 1, "configs"),
        sample.place(1, 1, "/dev/zero"),
        sample.place(1, 1, "nul\0"),
    ],
)
def test_places_without_a_line_have_no_excerpt(place: Any) -> None:
    assert Sources().excerpt(place) is None


# consoles


@pytest.mark.parametrize(
    ("console", "shown"),
    [
        pytest.param("\x1b[1;31mred\x1b[0m\n", "red", id="colour"),
        pytest.param("\x1b]0;title\x07a\x1b]8;;x\x1b\\b", "ab", id="titles and links"),
        pytest.param("\x1b(Ba\x1b=b\x1b7c", "abc", id="other sequences"),
        pytest.param("10%\r50%\r100%\r\nnext", "100%\nnext", id="progress"),
        pytest.param("a\x00b\x07c", "ab\\ac", id="control characters"),
        pytest.param("\x1b]0;no end\nnext", "\nnext", id="title without an end"),
        pytest.param("a\x1b", "a", id="escape at the end"),
        pytest.param("", "", id="empty"),
        pytest.param("a\n\n\n", "a", id="blank end"),
    ],
)
def test_consoles_are_plain_text(console: str, shown: str) -> None:
    assert console_tail(console, 1000) == shown


def test_long_consoles_are_cut_at_the_start_and_long_lines_at_the_end() -> None:
    tail = console_tail("first\n" + "x" * 3000 + "\n" + "line\n" * 100, 300)
    assert tail.startswith("…\nline\n")
    assert 300 <= len(tail) < 320
    assert console_tail("x" * 3000, 3000).endswith("… (2500 more characters)")


# json


def closed(schema: Any) -> Any:
    """The schema without its freedom to have more members, so that none is undocumented."""
    if isinstance(schema, dict):
        more = {"additionalProperties": False} if "properties" in schema else {}
        return {name: closed(value) for name, value in schema.items()} | more
    return [closed(each) for each in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("run", [SAMPLE, NO_CASES], ids=["sample", "empty"])
def test_json_is_as_its_schema_says(run: RunResult) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    report = json.loads(FORMATS["json"](run))
    jsonschema.validate(report, closed(schema), cls=jsonschema.Draft202012Validator)


def test_every_member_of_the_schema_is_written_and_described() -> None:
    schema = json.loads(SCHEMA.read_text())
    text = FORMATS["json"](SAMPLE)
    for part in (schema, *schema["$defs"].values()):
        for name, member in part["properties"].items():
            assert f'"{name}":' in text
            assert member["description"].endswith((".", "ran."))


def test_json_has_counts_and_no_console() -> None:
    report = json.loads(FORMATS["json"](SAMPLE))
    assert report["exit_status"] == Verdict.HOST_PROBLEM.exit_status
    assert report["summary"]["checks"] == {"passed": 39, "failed": 3, "not_decided": 3}
    case = report["cases"][1]
    assert case["verdict"] == "expectation failed"
    assert case["checks"][1] == {
        "subject": "file /etc/hostname",
        "property": "mode",
        "status": "failed",
        "place": {"source": "configs/web.expect.yaml", "line": 3, "column": 5},
        "expected": "0644",
        "found": "0600",
    }
    assert "Kernel panic" not in FORMATS["json"](SAMPLE)  # only on its console


# junit


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
    "properties": ({}, "(property )*"),
    "property": ({"name": r"\w+", "value": ".+"}, ""),
    "testcase": (
        {"name": ".+", "classname": ".+", "time": SECONDS},
        "(failure |error |skipped )?",
    ),
    "failure": ({"type": ".+", "message": ".+"}, ""),
    "error": ({"type": ".+", "message": ".+"}, ""),
    "skipped": ({"message": ".+"}, ""),
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


def suites(run: RunResult = SAMPLE) -> list[ET.Element]:
    """The suites, after a check of their structure and counts."""
    root = ET.fromstring(FORMATS["junit"](run))
    assert_is_junit(root)
    for suite in root:
        tags = {"tests": "", "failures": "/failure", "errors": "/error", "skipped": "/skipped"}
        for name, tag in tags.items():
            assert suite.attrib[name] == str(len(suite.findall(f"testcase{tag}")))
    return list(root)


def test_junit_is_valid() -> None:
    assert len(suites()) == len(SAMPLE.cases)
    assert suites(NO_CASES) == []


def test_junit_has_a_test_case_per_check_and_one_for_the_boot() -> None:
    suite = suites()[1]
    assert [(test.attrib["name"], [child.tag for child in test]) for test in suite.findall("testcase")] == [
        ("boot", []),
        ("file /etc/hostname: content", []),
        ("file /etc/hostname: mode", ["failure"]),
        ("file /etc/motd: content", ["failure"]),
        ("user core: password_hash", []),
        ("unit web.service: active", []),
        ("port tcp 80", ["skipped"]),
    ]  # fmt: skip
    failure = suite.findall("testcase/failure")[1]
    assert failure.attrib["message"] == "expected 23 bytes, found 31 bytes"
    assert "\n-to web1\n+to localhost\n+<b>again</b>" in (failure.text or "")
    assert "Started unit-299.service" in (suite.findtext("system-out") or "")


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        (sample.refused(), "failure"),
        (sample.provisioning_failed(), "failure"),
        (sample.crashed(), "error"),
        (sample.timeout(), "error"),
        (sample.host_problem(), "error"),
    ],
    ids=lambda value: getattr(value, "verdict", value),
)
def test_junit_of_a_machine_that_was_not_checked(case: Any, kind: str) -> None:
    (suite,) = suites(sample.run(case))
    (test,) = suite.findall("testcase")
    assert [child.tag for child in test] == [kind]
    assert test[0].attrib["type"] == case.cause.code
    assert case.cause.hint in (test[0].text or "")
    assert case.repeat in (test[0].text or "")


def test_an_expected_failure_that_did_not_come_is_a_failure_without_failed_checks() -> None:
    case = replace(sample.expectation_failed(), checks=())
    (suite,) = suites(sample.run(case))
    assert len(suite.findall("testcase/failure")) == 1
    assert "    not ok 1 - boot" in FORMATS["tap"](sample.run(case))
    assert "::error file=configs/web.expect.yaml" in FORMATS["github"](sample.run(case))


# tap


def parse_tap(lines: list[str]) -> list[dict[str, Any]]:
    """The test points of a TAP 14 document or subtest, strictly read."""
    points: list[dict[str, Any]] = []
    subtest: list[str] = []
    plan = 0
    rest = iter(lines)
    for line in rest:
        point = re.fullmatch(r"(not )?ok (\d+) - ((?:[^\\#]|\\.)*?)(?: # (SKIP) (.*))?", line)
        if line.startswith("    "):
            subtest.append(line[4:])
        elif point:
            assert int(point[2]) == len(points) + 1
            subpoints = parse_tap(subtest) if subtest else []
            points.append({"ok": not point[1], "name": point[3], "skip": point[4], "in": subpoints})
            subtest = []
        elif line == "  ---":
            text = "\n".join(iter(lambda: next(rest)[2:], "..."))
            points[-1]["facts"] = yaml.safe_load(text)
        elif line.startswith("1.."):
            plan = int(line[3:])
        else:
            assert line.startswith("# Subtest: ") or line == "TAP version 14", line
    assert len(points) == plan
    return points


def test_tap_has_a_subtest_per_case() -> None:
    points = parse_tap(FORMATS["tap"](SAMPLE).splitlines())
    assert [point["ok"] for point in points] == [
        case.verdict is Verdict.PASSED for case in SAMPLE.cases
    ]
    for point, case in zip(points, SAMPLE.cases, strict=True):
        assert point["ok"] == all(inner["ok"] for inner in point["in"])
        undecided = len(words.by_status(case, Status.NOT_DECIDED))
        assert sum(inner["skip"] is not None for inner in point["in"]) == undecided
        assert point["facts"]["verdict"] == case.verdict.value


def test_tap_says_what_was_expected_and_found() -> None:
    point = parse_tap(FORMATS["tap"](SAMPLE).splitlines())[1]["in"][3]
    assert point["facts"] == {
        "at": {"file": "configs/web.expect.yaml", "line": 2, "column": 5},
        "expected": "23 bytes",
        "found": "31 bytes",
        "detail": sample.BAD[1].detail,
    }


# github


def commands(text: str) -> list[tuple[str, str]]:
    """The commands that a runner carries out, as (name, rest). It obeys `##[` anywhere in a line, too."""
    found = []
    stop = ""
    for line in text.split("\n"):
        if stop:
            stop = "" if line.strip() == f"::{stop}::" else stop
            continue
        command = re.match(r"\s*::([^ :]+)(.*)", line)
        assert command or "##[" not in line
        if command:
            found.append((command[1], command[2]))
            if command[1] == "stop-commands":
                stop = command[2].removeprefix("::")
    assert not stop
    return found


def test_github_runs_only_our_commands() -> None:
    found = commands(FORMATS["github"](SAMPLE))
    assert {name for name, _ in found} == {
        *("group", "endgroup", "stop-commands"),
        *("error", "warning", "notice"),
    }
    assert sum(name == "group" for name, _ in found) == len(SAMPLE.cases)


def test_github_annotates_lines() -> None:
    text = FORMATS["github"](sample.run(sample.expectation_failed(), sample.refused()))
    assert [line for line in text.split("\n") if line.startswith(("::error", "::warn", "::notice"))] == [
        "::error file=configs/web.expect.yaml,line=3,col=5,title=expectation failed (IGN8401)::"
        "configs/web.ign [aws]: file /etc/hostname: mode: expected 0644, found 0600",
        "::error file=configs/web.expect.yaml,line=2,col=5,title=expectation failed (IGN8401)::"
        "configs/web.ign [aws]: file /etc/motd: content: expected 23 bytes, found 31 bytes"
        "%0A--- expected%0A+++ found%0A@@ -1,2 +1,3 @@%0A welcome%0A-to web1%0A+to localhost%0A+<b>again</b>",
        "::notice title=not decided::configs/web.ign [aws]: 3 checks passed, 2 failed, 1 not decided; first: "
        "port tcp 80: not decided: the reporter of this guest does not list ports",
        "::error file=configs/web.ign,line=6,col=8,title=config refused (IGN1102)::"
        "configs/refused.ign: IGN1102: path not absolute%0Ahint: start the path with /",
        "::warning file=configs/web.ign,line=6,col=34,title=IGN1006::unused key mdoe",
    ]  # fmt: skip


def test_github_files_are_relative_to_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path.parent))
    text = FORMATS["github"](sample.run(sample.refused()))
    assert f"::error file={tmp_path.name}/configs/web.ign,line=6" in text


def test_github_job_summary_is_appended_and_has_no_foreign_markup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    FORMATS["github"](SAMPLE)
    text = page.read_text()
    assert text.startswith("before\n## ignition test\n")
    assert "| **guest crashed** | configs/crash.ign | 4.0 s | no checks |" in text
    assert set(re.findall(r"<[^>]*>", text)) == {"<code>", "</code>"}


def test_github_job_summary_that_cannot_be_written_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    text = FORMATS["github"](sample.run(sample.passed()))
    assert text.endswith("::warning::the job summary cannot be written: Is a directory\n")


def test_github_job_summary_stays_below_the_limit() -> None:
    from ignition.testbed.formats.github import markdown

    many = sample.run(*[replace(sample.hostile(), boots=())] * 1200)
    assert len(markdown(many).encode()) < 1 << 20
