# SPDX-License-Identifier: Apache-2.0
"""Selection of findings by flags and the project file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.lint.finding import LintFinding
from ignition.lint.project import FILE, Project, Projects, find, load
from ignition.lint.refusals import config_codes, is_refusal
from ignition.lint.selection import Selection, resolve

NAMES = {"IGN1006": "unused-key", "IGN1401": "id-and-name", "IGN1821": "plain-http"}


def found(code: str, severity: str = "warning") -> LintFinding:
    return LintFinding(code, severity, "m", Origin("c"))


ALL = [("IGN1006", "warning"), ("IGN1401", "error"), ("IGN1821", "warning"), ("IGN1821", "error")]


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        pytest.param(Selection(), ALL, id="everything"),
        pytest.param(
            Selection(select=("IGN18",)), [ALL[1], ALL[2], ALL[3]], id="refusals are always shown"
        ),
        pytest.param(Selection(ignore=("IGN1",)), [ALL[1]], id="refusals cannot be ignored"),
        pytest.param(
            Selection(select=("IGN1",), ignore=("IGN1821",)), [ALL[0], ALL[1]], id="ignore wins"
        ),
        pytest.param(
            Selection(severities=(("IGN1", "info"), ("IGN1006", "error"))),
            [("IGN1006", "error"), ("IGN1401", "error"), ("IGN1821", "info"), ("IGN1821", "info")],
            id="the last severity that fits counts, and refusals stay errors",
        ),
        pytest.param(
            Selection(severities=(("IGN1821", "off"),)), [ALL[0], ALL[1]], id="off is a severity"
        ),
    ],
)
def test_selection(selection: Selection, left: list[tuple[str, str]]) -> None:
    shown = selection.apply([found(*each) for each in ALL], is_refusal)
    assert [(each.code, each.severity) for each in shown] == left


def test_flags_override_the_project_file() -> None:
    file = Selection(("IGN10",), ("IGN14",), (("IGN1006", "error"),))
    flags = Selection((), ("IGN18",), (("IGN1006", "off"),))
    assert flags.merged_over(file) == Selection(
        ("IGN10",), ("IGN14", "IGN18"), (("IGN1006", "error"), ("IGN1006", "off"))
    )
    assert Selection(("IGN18",)).merged_over(file).select == ("IGN18",)


def test_engine_warnings_are_not_refusals() -> None:
    assert is_refusal(found("IGN1401", "error"))
    assert not is_refusal(found("IGN1006"))
    assert {"IGN1000", "IGN1002", "IGN1901"} <= config_codes()


@pytest.mark.parametrize(
    ("word", "codes"),
    [
        ("IGN1006", ("IGN1006",)),
        ("ign18", ("IGN18",)),
        ("plain-http", ("IGN1821",)),
        ("label-too-long", ("IGN1513", "IGN1601")),
    ],
)
def test_rules_are_named_by_code_or_name(word: str, codes: tuple[str, ...]) -> None:
    both = {**NAMES, "IGN1513": "label-too-long", "IGN1601": "label-too-long"}
    assert resolve(word, both) == codes


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("IGN1007", "did you mean IGN1006?"),
        ("unusedkey", "did you mean unused-key?"),
        ("", ""),
    ],
)
def test_unknown_rule_suggests_a_similar_one(word: str, hint: str) -> None:
    with pytest.raises(Failure) as failure:
        resolve(word, NAMES)
    assert failure.value.code == "IGN6302"
    assert hint in failure.value.hint


# .ignition-lint.toml


def test_only_the_nearest_project_file_is_read(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / FILE).write_text('platform = "aws"')
    (below / FILE).write_text('ignore = ["unused-key"]')
    assert find(str(below)) == str(below / FILE)
    assert find(str(tmp_path / "a")) == str(tmp_path / FILE)
    projects = Projects(lambda: NAMES)
    assert projects.lookup(str(below)) == Project(Selection((), ("IGN1006",)))
    assert projects.lookup(str(tmp_path / "a")) == Project(platform="aws")


def test_all_settings_of_a_project_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        'platform = "aws"\nstrict = true\nselect = ["IGN10", "IGN18"]\nignore = ["plain-http"]\n'
        '[severity]\nunused-key = "error"\n'
    )
    assert load(str(tmp_path / FILE), NAMES) == Project(
        Selection(("IGN10", "IGN18"), ("IGN1821",), (("IGN1006", "error"),)), "aws", True
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("strict =", "IGN6301", id="no TOML"),
        pytest.param('ignore = ["nonsense"]', "IGN6302", id="unknown rule"),
        pytest.param('[severity]\nIGN1006 = "fatal"', "IGN6303", id="unknown severity"),
        pytest.param("stict = true", "IGN6304", id="unknown key"),
        pytest.param("strict = 1", "IGN6304", id="wrong type"),
        pytest.param("ignore = [1]", "IGN6304", id="wrong type in a list"),
    ],
)
def test_invalid_project_file_is_named(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / FILE
    path.write_text(text)
    with pytest.raises(Failure) as failure:
        load(str(path), NAMES)
    assert failure.value.code == code
    assert str(path) in failure.value.text
