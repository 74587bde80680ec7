# SPDX-License-Identifier: Apache-2.0
"""The files for CI in docs/ci: their YAML is sound, and our parsers accept every command in them."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.program import install_command
from tests.unit.cli.command import CHECKOUT
from tools import manuals

DOCS = CHECKOUT / "docs"
FILES = sorted((DOCS / "ci").glob("*.yml")) + sorted((DOCS / "ci").glob("*.yaml"))
GITHUB, GITLAB = DOCS / "ci/github.yml", DOCS / "ci/gitlab-ci.yml"
EXPRESSION = re.compile(r"\$\{\{ matrix\.(\w+) \}\}")
CONFIGS = {"{}": 1, '{"ignition": {"version": "3.6.0"}}': 0}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def github_commands() -> Iterator[str]:
    """Each line of each step, once per value of the matrix."""
    for job in load(GITHUB)["jobs"].values():
        matrix: dict[str, list[str]] = job.get("strategy", {}).get("matrix", {})
        for step in job["steps"]:
            for line in step.get("run", "").splitlines():
                yield from expand(line, EXPRESSION, matrix)


def gitlab_commands() -> Iterator[str]:
    document = load(GITLAB)
    for job in document.values():
        if isinstance(job, dict) and "script" in job:
            (matrix,) = job.get("parallel", {}).get("matrix", [{}])
            pattern = re.compile(rf"\$({'|'.join(matrix) or 'no'})\b")
            for line in job["script"]:
                yield from expand(line, pattern, matrix)


def expand(line: str, pattern: re.Pattern[str], matrix: dict[str, list[str]]) -> Iterator[str]:
    found = pattern.search(line)
    if found is None:
        yield line
        return
    for value in matrix[found[1]]:
        yield from expand(line.replace(found[0], value), pattern, matrix)


def ignition_commands() -> list[str]:
    lines = [*github_commands(), *gitlab_commands()]
    return sorted({line for line in lines if line.startswith("ignition ")})


@pytest.mark.parametrize("command", ignition_commands())
def test_parsers_accept_each_command(command: str) -> None:
    words = shlex.split(command.partition(" > ")[0])
    manuals.PARSERS[words[1]]().parse_args(words[2:])


@pytest.mark.parametrize("name", ["lint", "test"])
@pytest.mark.parametrize("commands", [github_commands, gitlab_commands])
def test_both_lint_and_test(name: str, commands: Any) -> None:
    assert [line for line in commands() if line.startswith(f"ignition {name} ")]


@pytest.mark.parametrize(("text", "status"), CONFIGS.items(), ids=("invalid", "valid"))
@pytest.mark.parametrize(
    "command", [each for each in ignition_commands() if each.startswith("ignition lint ")]
)
def test_lint_commands_work(tmp_path: Path, command: str, text: str, status: int) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "a.ign").write_text(text)
    install_command(tmp_path)
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False
    )
    assert done.returncode == status


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_page_shows_each_file(path: Path) -> None:
    assert f"```yaml\n{path.read_text()}```\n" in (DOCS / "ci.md").read_text()


def test_pre_commit_hooks_exist() -> None:
    hooks = {hook["id"] for hook in load(CHECKOUT / ".pre-commit-hooks.yaml")}
    used = {
        hook["id"]
        for repo in load(DOCS / "ci/pre-commit-config.yaml")["repos"]
        for hook in repo["hooks"]
    }
    assert used
    assert used <= hooks


def test_each_command_of_a_hook_is_a_command_here() -> None:
    for hook in load(CHECKOUT / ".pre-commit-hooks.yaml"):
        assert hook["entry"].split()[1] in manuals.PARSERS


def test_artefacts_of_a_job_are_kept_whatever_its_outcome() -> None:
    upload = load(GITHUB)["jobs"]["test"]["steps"][-1]
    assert upload["uses"].startswith("actions/upload-artifact@")
    assert upload["if"] == "always()"
    artifacts = load(GITLAB)["test"]["artifacts"]
    assert artifacts["when"] == "always"
    assert artifacts["reports"]["junit"] in upload["with"]["path"].split()
