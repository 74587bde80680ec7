# SPDX-License-Identifier: Apache-2.0
"""Manual pages, shell completion, and help for editors."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from ignition.__main__ import COMMANDS
from tests.unit.cli.command import CHECKOUT
from tools import manuals

DOCS = CHECKOUT / "docs"
PAGES = (
    *("ignition.8", "ignition-apply.8", "ignition-rmcfg.8", "ignition-validate.1"),
    *(f"ignition-{name}.1" for name in manuals.PARSERS),
)


def options(name: str) -> set[str]:
    return {word for each in manuals.PARSERS[name]()._actions for word in each.option_strings}


@pytest.mark.parametrize("page", PAGES)
def test_manual_pages_have_their_sections(page: str) -> None:
    text = (DOCS / "man" / page).read_text()
    name, section = page.split(".")
    assert f".TH {name.upper()} {section}" in text.replace("\\-", "-")
    heads = re.findall(r"^\.SH (.*)$", text, re.M)
    assert heads[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
    assert {"OPTIONS", "EXIT STATUS", "SEE ALSO"} <= set(heads)


@pytest.mark.parametrize("page", PAGES)
def test_manual_pages_are_valid_roff(page: str) -> None:
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    command = ["groff", "-man", "-Tutf8", "-ww", str(DOCS / "man" / page)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def complete(*args: str, folder: Path = CHECKOUT) -> set[str]:
    """The completions of bash for the last word."""
    script = (
        f'source {DOCS}/completion/ignition.bash; COMP_WORDS=(ignition "$@"); COMP_CWORD=$#; _ignition;'
        ' printf "%s\\n" "${COMPREPLY[@]}"'
    )
    command = ["bash", "--norc", "-c", script, "bash", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize("name", manuals.PARSERS)
def test_completion_knows_all_options(name: str) -> None:
    assert complete(name, "-") == options(name) - {"-h"}


@pytest.mark.parametrize(
    ("args", "offered"),
    [
        (("l",), {"lint"}),
        (("",), {*COMMANDS, "--platform", "--stage", "--version", "--help"}),
        (("lint", "--format", "s"), {"sarif"}),
        (("help", "re"), {"render"}),
        (("convert", "--to", "3.7"), {"3.7.0-experimental"}),
        (("run", "fe"), {"fetch", "fetch-offline"}),
        (("lint", "--explain", ""), set()),
    ],
)
def test_completion_offers(args: tuple[str, ...], offered: set[str]) -> None:
    assert complete(*args) == offered


def test_completion_offers_configs_and_directories(tmp_path: Path) -> None:
    for name in ("a.ign", "b.json", "c.txt"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "sub").mkdir()
    assert complete("lint", "", folder=tmp_path) == {"a.ign", "b.json", "sub"}


def test_schemas_for_editors_exist() -> None:
    text = (DOCS / "editors.md").read_text()
    names = set(re.findall(r"schemas/(ignition-[0-9.]*\.json)", text))
    assert names
    for name in names:
        schema = json.loads((CHECKOUT / "schemas" / name).read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate({"ignition": {"version": "3.6.0"}}, schema)
    for block in re.findall(r"```json\n(.*?)```", text, re.S):
        json.loads(block)


def test_pre_commit_hook_is_valid() -> None:
    yaml = pytest.importorskip("yaml")
    (hook,) = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "ignition lint"
    assert re.search(hook["files"], "configs/web.ign")
    assert not re.search(hook["files"], "web.ignore")


@pytest.mark.parametrize(
    "page", ["ci.md", "codes.md", "config.md", "diff.md", "editors.md", "lint.md", "why.md"]
)
def test_links_between_pages_resolve(page: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (DOCS / page).read_text())
    assert [target for target in targets if not (DOCS / target).exists()] == []
