# SPDX-License-Identifier: Apache-2.0
"""What is written can be read again, and reads as if a person had written it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.config import shapes
from ignition.testbed.expectations import model
from ignition.testbed.expectations.document import Document, parse
from ignition.testbed.expectations.dump import to_json, to_value, to_yaml
from ignition.testbed.expectations.model import Expectations
from ignition.testbed.expectations.problems import Problems
from ignition.testbed.expectations.reading import load
from ignition.testbed.expectations.schema import schema
from ignition.testbed.expectations.sections import SECTIONS
from ignition.testbed.expectations.yamltext import member
from tests.support.random_configs import Configs
from tests.unit.testbed.expectations.configs import derived, items, text
from tests.unit.testbed.expectations.test_reading import EVERYTHING

HERE = Origin("web.ign")


def meaning(expectations: Expectations) -> Any:
    failure = expectations.failure
    return (
        items(expectations),
        dataclasses.replace(failure, place=HERE) if failure else None,
        expectations.second_boot is not None,
        expectations.extends,
    )


def assert_reads_back(expectations: Expectations) -> None:
    for printed in (to_yaml(expectations), to_json(expectations)):
        assert meaning(load("web.expect.yaml", printed.encode())) == meaning(expectations), printed


def test_everything_reads_back() -> None:
    assert_reads_back(load("web.expect.yaml", EVERYTHING.encode()))


def test_an_expected_failure_reads_back() -> None:
    failure = model.ExpectedFailure(place=HERE, phase="disks", code="IGN2103", words="a: b")
    assert_reads_back(Expectations("web.ign", failure=failure))
    assert_reads_back(Expectations("web.ign", failure=model.ExpectedFailure(place=HERE)))


def test_nothing_reads_back() -> None:
    assert_reads_back(Expectations("web.ign"))
    assert_reads_back(Expectations("web.ign", extends=True))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    seed=st.integers(0, 1 << 32),
    odd=st.sampled_from([0.0, 0.02, 0.05]),
    full=st.sampled_from([0.2, 0.4]),
    version=st.sampled_from(list(shapes.VERSIONS)),
)
def test_what_follows_from_random_configs_reads_back(
    seed: int, odd: float, full: float, version: str
) -> None:
    config = Configs(seed, odd, full).config(version)
    config["ignition"] = {"version": version}
    # Most configs with several sections are invalid somewhere: each section is tried alone.
    for section in ("storage", "systemd", "passwd", "kernelArguments"):
        parts = config.get(section, {})
        for name, part in parts.items():
            alone = {"ignition": config["ignition"], section: {name: part}}
            try:
                found = derived(json.dumps(alone).encode())
            except Failure:
                continue
            assert_reads_back(found)


TEXTS = st.text(
    st.one_of(
        st.sampled_from(list(" \n\t:#-'\"\\,[]{}&*!|>%@`~=.")),
        st.sampled_from(list("aé0yn\x00\x07\x7f\x85\u2028\ufeff\U0001f600\r")),
    ),
    min_size=1,
)


@settings(max_examples=400, deadline=None)
@given(value=TEXTS, indent=st.sampled_from([0, 4]))
def test_any_text_reads_back(value: str, indent: int) -> None:
    lines = " " * indent + "x: 1\n" + member("key", value, indent) + member("list", [value], indent)
    problems = Problems("test")
    document = parse(lines.encode(), problems)
    assert isinstance(document, Document), (lines, problems.findings)
    assert document.value == {"x": 1, "key": value, "list": [value]}
    assume("\r" not in value and "\x85" not in value)
    assert yaml.safe_load(lines)["key"] == value  # other parsers agree


@pytest.mark.parametrize(
    "value", [" a\nb\n", "\n\na", "a\n\n\n", "a \nb", "\ta\nb", "a\n", "a\r\nb", "\n", "a\n b\n"]
)
def test_lines_read_back(value: str) -> None:
    file = model.File(place=HERE, path="/a", content=value.encode())
    assert_reads_back(Expectations("web.ign", items=(file,)))


@given(value=st.binary())
def test_any_contents_read_back(value: bytes) -> None:
    file = model.File(place=HERE, path="/a", content=value)
    assert_reads_back(Expectations("web.ign", items=(file,)))


def test_it_reads_as_if_a_person_had_written_it() -> None:
    users = [{"name": "core", "groups": ["a", "b"], "sshAuthorizedKeys": ["ssh-ed25519 A c@d"]}]
    files = [
        {"path": "/etc/motd", "contents": {"source": "data:,a%0Ab%20b%0A"}, "mode": 0o1755},
        {"path": "/run/a"},
    ]
    arguments = {"shouldExist": ["quiet"], "shouldNotExist": ["splash"]}
    data = text(passwd={"users": users}, storage={"files": files}, kernelArguments=arguments)
    comment, _, body = to_yaml(derived(data)).partition("\n\n")
    assert all(line.startswith("#") for line in comment.splitlines())
    assert "web.expect.yaml" in comment
    assert "#   - /run/a: " in comment
    assert (
        body
        == """\
files:
  - path: /etc/motd
    user: root
    group: root
    mode: 01755
    content: |
      a
      b b

users:
  - name: core
    groups: [a, b]
    keys: [ssh-ed25519 A c@d]

kernel_arguments:
  - quiet
  - argument: splash
    exists: false
"""
    )


def test_json_has_modes_as_text() -> None:
    data = text(storage={"files": [{"path": "/a", "mode": 420}]})
    assert json.loads(to_json(derived(data))) == {"files": [{"path": "/a", "mode": "0644"}]}


def test_no_password_hash_is_printed() -> None:
    data = text(passwd={"users": [{"name": "core", "passwordHash": "$6$salt$abc"}]})
    assert "$6$" not in to_yaml(derived(data)) + to_json(derived(data)) + repr(derived(data))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.key)
def test_schema_model_and_table_have_the_same_members(section: Any) -> None:
    body = schema()
    reference = body["properties"][section.key]["items"]["$ref"].rpartition("/")[2]
    in_schema = set(body["$defs"][reference]["properties"])
    spelt_otherwise = {"content_base64"} if section.type is model.File else set()
    if section.type is model.JournalLine:
        spelt_otherwise = {"contains"}
    in_model = {field.name for field in dataclasses.fields(section.type)} - {"place"}
    if section.type is model.Link:
        in_model.remove("mode")
    assert in_schema - spelt_otherwise == set(section.members) == in_model


def test_all_sections_of_the_schema_are_known() -> None:
    special = {"$schema", "extends", "second_boot", "failure"}
    assert set(schema()["properties"]) - special == {section.key for section in SECTIONS}


def test_every_object_of_the_schema_is_described_and_closed() -> None:
    for body in (schema(), *schema()["$defs"].values()):
        assert body["additionalProperties"] is False
        for name, value in body["properties"].items():
            assert value["description"].endswith("."), name


def test_values_are_those_of_the_file() -> None:
    found = to_value(load("a.yaml", EVERYTHING.encode()))
    assert list(found) == [*(section.key for section in SECTIONS), "second_boot"]
