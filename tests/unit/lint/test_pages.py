# SPDX-License-Identifier: Apache-2.0
"""Documentation matches the code: rule pages, the list of codes, the config reference."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ignition.base.codes import AREAS, CODES
from ignition.config import shapes
from ignition.config.convert import NEWEST_STABLE
from ignition.lint.refusals import config_codes
from ignition.lint.registry import RULES

CHECKOUT = Path(__file__).parents[3]
ELSEWHERE = {"ignition/base/codes.py"}
"""Files that only document codes."""
CODE = re.compile(r"IGN\d{4}")


def codes_in(source: str) -> Iterator[str]:
    """The codes in string literals that contain nothing else: arguments, table entries, constants."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and CODE.fullmatch(node.value)
        ):
            yield node.value


def used() -> dict[str, set[str]]:
    """Code -> the source files that use it."""
    found: dict[str, set[str]] = {}
    for room in ("ignition", "providers", "stages"):
        for path in sorted((CHECKOUT / room).rglob("*.py")):
            name = str(path.relative_to(CHECKOUT))
            if name in ELSEWHERE:
                continue
            for code in codes_in(path.read_text()):
                found.setdefault(code, set()).add(name)
    for path in sorted((CHECKOUT / "dracut-module").rglob("*.sh")):
        for code in CODE.findall(path.read_text()):
            found.setdefault(code, set()).add(str(path.relative_to(CHECKOUT)))
    return found


USED = used()


def test_every_code_in_the_source_is_documented() -> None:
    assert {code: sorted(USED[code]) for code in USED if code not in {*RULES, *CODES}} == {}


def test_every_documented_code_is_used() -> None:
    assert sorted({*RULES, *CODES} - set(USED)) == []


def test_no_failure_code_is_also_a_rule() -> None:
    assert sorted(set(RULES) & set(CODES)) == []


def test_every_code_has_an_area() -> None:
    assert [code for code in CODES if sum(code.startswith(area) for area in AREAS) != 1] == []


@pytest.mark.parametrize("code", CODES)
def test_codes_are_described_in_sentences(code: str) -> None:
    for sentence in CODES[code]:
        assert sentence[0].isupper() or sentence.startswith(
            ("blkid", "clevis", "cryptsetup", "mdadm", "mount", "user.ign", ".")
        )
        assert sentence.endswith(".")
        assert len(sentence) < 120


def test_each_code_has_one_cause() -> None:
    assert [
        times for times in Counter(what for what, _ in CODES.values()).values() if times > 1
    ] == []


def test_config_codes_are_rules() -> None:
    assert config_codes() <= set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_page_with_a_reason(code: str) -> None:
    page = (CHECKOUT / "docs" / "rules" / f"{code}.md").read_text()
    assert page.startswith(f"# {code}: {RULES[code].title}\n")
    assert len(RULES[code].text) > 15


def test_reference_lists_every_member_once_per_type() -> None:
    schema = json.loads((CHECKOUT / "schemas" / f"ignition-{NEWEST_STABLE}.json").read_text())
    members = sum(len(body["properties"]) for body in (schema, *schema["$defs"].values()))
    lines = (CHECKOUT / "docs" / "config.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) == members
    assert all(line.count(" | ") == 4 for line in rows)
    assert next(line for line in rows if line.startswith("| `cex`")).split(" | ")[3] == "3.5.0"
    assert NEWEST_STABLE in shapes.VERSIONS


def test_links_of_the_reference_resolve() -> None:
    text = (CHECKOUT / "docs" / "config.md").read_text()
    heads = {head.lower().replace(" ", "-") for head in re.findall(r"^## (.*)$", text, re.M)}
    assert set(re.findall(r"\(#([^)]*)\)", text)) <= heads
