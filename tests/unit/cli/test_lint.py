# SPDX-License-Identifier: Apache-2.0
"""`ignition lint` and `ignition-validate` as subprocesses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.unit.cli.command import CHECKOUT, run

GOOD = '{"ignition": {"version": "3.6.0"}}'
TYPO = '{"ignition": {"version": "3.6.0"},\n "storrage": {}}'
BAD = '{"ignition": {"version": "3.6.0"},\n "storage": {"files": [{"path": "relative"}]}}'
BROKEN = '{"ignition": {"version": "3.6.0"},\n "storage": {,}}'


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    for name, text in (("good", GOOD), ("typo", TYPO), ("bad", BAD), ("broken", BROKEN)):
        (tmp_path / f"{name}.ign").write_text(text)
    (tmp_path / "empty.ign").write_text("")
    (tmp_path / "other.txt").write_text("not a config")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "strict", "status"),
    [("good", "", 0), ("typo", "", 0), ("typo", "--strict", 1), ("bad", "", 1), ("empty", "", 1)],
)
def test_exit_status_of_lint(configs: Path, name: str, strict: str, status: int) -> None:
    args = ["lint", *([strict] if strict else []), str(configs / f"{name}.ign")]
    assert run("ignition", *args).returncode == status


def test_finding_shows_location_code_and_excerpt(configs: Path) -> None:
    done = run("ignition", "lint", "bad.ign", cwd=configs)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("bad.ign:2:33: error IGN1")
    assert lines[1] == "    at /storage/files/0/path"
    assert lines[2].endswith('"storage": {"files": [{"path": "relative"}]}}')
    assert lines[3].index("^") == lines[2].index('"relative"')


def test_a_syntax_error_shows_line_and_column(configs: Path) -> None:
    done = run("ignition", "lint", "broken.ign", cwd=configs)
    assert done.stdout.startswith("broken.ign:2:")
    assert "invalid character ','" in done.stdout


def test_directory_stands_for_its_sorted_configs(configs: Path) -> None:
    done = run("ignition", "lint", ".", cwd=configs)
    places = [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith("./")]
    assert places == ["./bad.ign", "./broken.ign", "./empty.ign", "./typo.ign"]
    assert done.stdout.endswith("5 configs: 3 errors, 1 warning\n")


def test_standard_input_is_read(configs: Path) -> None:
    done = run("ignition", "lint", "-", stdin=BAD.encode())
    assert done.stdout.startswith("standard input:2:33: error")


def test_unreadable_file_does_not_stop_the_others(configs: Path) -> None:
    done = run("ignition", "lint", "none.ign", "bad.ign", cwd=configs)
    assert done.returncode == 2
    assert "none.ign: No such file or directory" in done.stderr
    assert "bad.ign:2:33" in done.stdout


def test_no_colour_without_a_terminal(configs: Path) -> None:
    assert "\x1b" not in run("ignition", "lint", ".", cwd=configs).stdout


@pytest.mark.parametrize("no_color", [False, True])
def test_colour_on_a_terminal_unless_no_color_is_set(
    configs: Path, monkeypatch: pytest.MonkeyPatch, no_color: bool
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    command = f"{sys.executable} -m ignition lint {configs}/bad.ign"
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    done = subprocess.run(
        ["script", "--quiet", "--command", command, os.devnull], capture_output=True, check=False
    )
    assert (b"\x1b[1;31merror" in done.stdout) is not no_color


def test_many_configs_are_reported_in_order(tmp_path: Path) -> None:
    """Enough configs for worker processes."""
    for number in range(150):
        text = BAD if number % 10 == 0 else GOOD
        (tmp_path / f"{number:03}.ign").write_text(text)
    done = run("ignition", "lint", ".", cwd=tmp_path)
    places = [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith("./")]
    assert places == [f"./{number:03}.ign" for number in range(0, 150, 10)]
    assert done.stdout.endswith("150 configs: 15 errors, 0 warnings\n")


@pytest.mark.parametrize(
    ("args", "status", "left"),
    [
        pytest.param(["--select", "IGN18", "typo.ign"], 0, 0, id="select"),
        pytest.param(["--ignore", "unused-key", "typo.ign"], 0, 0, id="ignore"),
        pytest.param(["--severity", "IGN1006=error", "typo.ign"], 1, 1, id="severity"),
        pytest.param(["--severity=IGN1006=off", "typo.ign"], 0, 0, id="off"),
        pytest.param(["--ignore", "IGN1", "bad.ign"], 1, 1, id="refusals stay"),
    ],
)
def test_selection(configs: Path, args: list[str], status: int, left: int) -> None:
    done = run("ignition", "lint", "--format", "json", *args, cwd=configs)
    summary = json.loads(done.stdout)["summary"]
    assert (done.returncode, summary["errors"] + summary["warnings"]) == (status, left)


def test_project_file_of_a_parent_directory_and_flags(configs: Path) -> None:
    (configs / ".ignition-lint.toml").write_text('strict = true\nseverity.unused-key = "warning"')
    (configs / "sub").mkdir()
    (configs / "sub" / "typo.ign").write_text(TYPO)
    assert run("ignition", "lint", "sub", cwd=configs).returncode == 1
    assert run("ignition", "lint", "-", stdin=TYPO.encode(), cwd=configs).returncode == 1
    assert run("ignition", "lint", "--no-config", "sub", cwd=configs).returncode == 0
    assert run("ignition", "lint", "--ignore", "IGN1006", "sub", cwd=configs).returncode == 0


def test_size_limit_of_a_platform(tmp_path: Path) -> None:
    pad = " " * 20_000
    (tmp_path / "big.ign").write_text(GOOD + pad)
    assert "no findings" in run("ignition", "lint", "big.ign", cwd=tmp_path).stdout
    done = run("ignition", "lint", "--platform", "aws", "big.ign", cwd=tmp_path)
    assert "no findings" not in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "name at least one FILE"),
        (["--bogus", "a"], "unrecognized arguments"),
        (["--platform", "nowhere", "good.ign"], "IGN6305"),
        (["--select", "nonsense", "good.ign"], "IGN6302"),
        (["--severity", "IGN1006=fatal", "good.ign"], "IGN6303"),
        (["--severity", "IGN1006", "good.ign"], "IGN6303"),
        (["nothing/*.ign"], "IGN6310"),
        (["--explain", "IGN9999"], "IGN6302"),
    ],
)
def test_usage_errors(configs: Path, args: list[str], said: str) -> None:
    done = run("ignition", "lint", *args, cwd=configs)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("code", ["IGN1403", "ign1403", "special-bits"])
def test_explain_shows_the_page_of_a_rule(code: str) -> None:
    done = run("ignition", "lint", "--explain", code)
    assert done.returncode == 0
    assert done.stdout == (CHECKOUT / "docs" / "rules" / "IGN1403.md").read_text()


def test_explain_shows_engine_codes() -> None:
    assert "wipeTable" in run("ignition", "lint", "--explain", "IGN2102").stdout


def test_formats_contain_all_configs(configs: Path) -> None:
    report = json.loads(run("ignition", "lint", "--format", "json", ".", cwd=configs).stdout)
    assert [file["path"] for file in report["files"]] == [
        f"./{name}.ign" for name in ("bad", "broken", "empty", "good", "typo")
    ]
    log = json.loads(run("ignition", "lint", "--format", "sarif", ".", cwd=configs).stdout)
    assert len(log["runs"][0]["results"]) == 4
    (suite,) = ET.fromstring(run("ignition", "lint", "--format", "junit", ".", cwd=configs).stdout)
    assert [len(case) for case in suite.iter("testcase")] == [1, 1, 1, 0, 0]
    commands = run("ignition", "lint", "--format", "github", ".", cwd=configs).stdout.splitlines()
    assert [command.split()[0] for command in commands] == ["::error"] * 3 + ["::warning"]


@pytest.mark.parametrize("strict", [False, True])
def test_formats_agree_with_the_exit_status(configs: Path, strict: bool) -> None:
    args = ["lint", *(["--strict"] if strict else []), "typo.ign", "good.ign", "--format"]
    done = run("ignition", *args, "junit", cwd=configs)
    (suite,) = ET.fromstring(done.stdout)
    assert (done.returncode, suite.attrib["failures"]) == (int(strict), str(int(strict)))
    report = json.loads(run("ignition", *args, "json", cwd=configs).stdout)
    assert report["summary"]["failed"] == int(strict)
    text = run("ignition", *args, "text", cwd=configs).stdout
    assert text.endswith("(warnings count as errors)\n") is strict


@pytest.mark.parametrize("form", ["json", "sarif", "github", "junit"])
def test_formats_report_unreadable_configs(configs: Path, form: str) -> None:
    done = run("ignition", "lint", "--format", form, "good.ign", "none.ign", cwd=configs)
    assert (done.returncode, done.stderr) == (2, "")
    assert "IGN6311" in done.stdout and "cannot read none.ign" in done.stdout


def test_plain_run_imports_only_what_it_needs(configs: Path) -> None:
    """Importing any of these takes as long as linting a small config."""
    program = (
        "import sys; from ignition.__main__ import main; main(['ignition', 'lint', 'good.ign']);"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); {program}",
        ],
        cwd=configs,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "ignition.lint.run" in loaded
    assert not loaded & {
        *(
            "ast",
            "difflib",
            "glob",
            "json",
            "multiprocessing",
            "shutil",
            "subprocess",
            "tomllib",
            "xml",
        ),
        *("yaml", "requests", "ignition.lint.registry", "ignition.engine", "ignition.providers"),
    }


def test_file_names_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.ign")).write_text(BAD)
    for form in ("text", "json", "sarif", "github", "junit"):
        done = run("ignition", "lint", "--format", form, ".", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (1, ""), form


@pytest.mark.parametrize(
    ("args", "status", "stdout", "stderr"),
    [
        (["good.ign"], 0, "", ""),
        (["typo.ign"], 0, "warning at $.storrage, line 2 col 2: unused key storrage\n", ""),
        (
            ["bad.ign"],
            1,
            "error at $.storage.files.0.path, line 2 col 33: path not absolute\n",
            "",
        ),
        (["empty.ign"], 1, "", "couldn't parse config: not a config (empty)\n"),
        (["none.ign"], 1, "", "couldn't read config: none.ign: No such file or directory\n"),
        (["-version"], 0, "Ignition 0.1.0\n", ""),
    ],
)
def test_ignition_validate_behaves_like_ignitions(
    configs: Path, args: list[str], status: int, stdout: str, stderr: str
) -> None:
    done = run("ignition-validate", *args, cwd=configs)
    assert (done.returncode, done.stdout, done.stderr) == (status, stdout, stderr)


@pytest.mark.parametrize(("args", "status"), [([], 1), (["a", "b"], 1), (["-bogus", "a"], 2)])
def test_ignition_validate_prints_usage(args: list[str], status: int) -> None:
    done = run("ignition-validate", *args)
    assert done.returncode == status
    assert "Usage:" in done.stderr
