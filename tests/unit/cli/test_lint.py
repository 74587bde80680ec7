# SPDX-License-Identifier: Apache-2.0
"""ignition lint and ignition-validate, as their users call them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = '{"ignition": {"version": "3.6.0"}}'
TYPO = '{"ignition": {"version": "3.6.0"},\n "storrage": {}}'
BAD = '{"ignition": {"version": "3.6.0"},\n "storage": {"files": [{"path": "relative"}]}}'
BROKEN = '{"ignition": {"version": "3.6.0"},\n "storage": {,}}'


CHECKOUT = str(Path(__file__).parents[3])


def run(
    program: str, *words: str, stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    start = f"import sys; from ignition.__main__ import main; sys.exit(main([{program!r}, *sys.argv[1:]]))"
    done = subprocess.run(
        [sys.executable, "-c", start, *words],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": CHECKOUT},
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


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
    words = ["lint", *([strict] if strict else []), str(configs / f"{name}.ign")]
    assert run("ignition", *words).returncode == status


def test_a_finding_shows_place_code_line_and_mark(configs: Path) -> None:
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


def test_a_folder_stands_for_its_configs_in_order(configs: Path) -> None:
    done = run("ignition", "lint", ".", cwd=configs)
    places = [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith("./")]
    assert places == ["./bad.ign", "./broken.ign", "./empty.ign", "./typo.ign"]
    assert done.stdout.endswith("5 configs: 3 errors, 1 warning\n")


def test_standard_input_is_read(configs: Path) -> None:
    done = run("ignition", "lint", "-", stdin=BAD.encode())
    assert done.stdout.startswith("standard input:2:33: error")


def test_an_unreadable_file_is_wrong_use_but_the_others_are_checked(configs: Path) -> None:
    done = run("ignition", "lint", "none.ign", "bad.ign", cwd=configs)
    assert done.returncode == 2
    assert "none.ign: No such file or directory" in done.stderr
    assert "bad.ign:2:33" in done.stdout


def test_no_colour_where_nobody_looks(configs: Path) -> None:
    assert "\x1b" not in run("ignition", "lint", ".", cwd=configs).stdout


@pytest.mark.parametrize(
    ("words", "status", "stdout", "stderr"),
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
def test_ignition_validate_is_the_originals(
    configs: Path, words: list[str], status: int, stdout: str, stderr: str
) -> None:
    done = run("ignition-validate", *words, cwd=configs)
    assert (done.returncode, done.stdout, done.stderr) == (status, stdout, stderr)


@pytest.mark.parametrize(("words", "status"), [([], 1), (["a", "b"], 1), (["-bogus", "a"], 2)])
def test_ignition_validate_explains_wrong_use(words: list[str], status: int) -> None:
    done = run("ignition-validate", *words)
    assert done.returncode == status
    assert "Usage:" in done.stderr
