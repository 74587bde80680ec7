# SPDX-License-Identifier: Apache-2.0
"""What is found out about a config before a guest starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.testbed.cases import Case
from ignition.testbed.expectations.model import File
from ignition.testbed.preparation import Prepared, prepare

HOSTNAME = {"path": "/etc/hostname", "contents": {"source": "data:,web"}, "mode": 420}


def case(value: dict[str, Any] | bytes, expectations: Path | None = None) -> Case:
    data = value if isinstance(value, bytes) else json.dumps(value, indent=1).encode()
    return Case("web.ign", "web.ign", data, expectations)


def config(**more: Any) -> dict[str, Any]:
    return {"ignition": {"version": "3.4.0"}, "storage": {"files": [HOSTNAME]}, **more}


def files(prepared: Prepared) -> list[str]:
    return [item.path for item in prepared.expectations.items if isinstance(item, File)]


def test_a_good_config_is_rendered_and_derived_from() -> None:
    found = prepare(case(config()))
    assert found.refusal is None and found.rendered is not None
    assert files(found) == ["/etc/hostname"]
    (item,) = (each for each in found.expectations.items if isinstance(each, File))
    assert (item.place.source, item.place.line > 1) == ("web.ign", True)


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"ignition": {"version": "9.0.0"}}', b"\xff\xfe"])
def test_what_is_no_config_is_refused_with_a_code(text: bytes) -> None:
    found = prepare(case(text))
    assert found.refusal is not None and found.refusal.code.startswith("IGN1")
    assert found.rendered is None


def test_a_machine_without_a_config_has_no_expectations() -> None:
    found = prepare(case(b""))
    assert (found.refusal, found.rendered, found.expectations.items) == (None, None, ())


def test_a_bad_config_in_a_data_url_is_refused() -> None:
    child = {"source": 'data:,{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"x"}]}}'}
    found = prepare(case({"ignition": {"version": "3.4.0", "config": {"merge": [child]}}}))
    assert found.refusal is not None


@pytest.mark.slow
def test_a_reference_that_cannot_be_fetched_from_here_is_no_verdict() -> None:
    child = {"source": "http://127.0.0.1:1/base.ign"}  # nothing listens on this port
    value = config(ignition={"version": "3.4.0", "config": {"merge": [child]}})
    found = prepare(case(value))
    assert found.refusal is None
    assert files(found) == ["/etc/hostname"], "what is known is expected"
    assert "cannot be fetched from here" in found.notes[0]
    (item,) = (each for each in found.expectations.items if isinstance(each, File))
    assert item.place.line > 5, "lines are those of the author's text"


def test_warnings_refuse_only_with_strict() -> None:
    value = config(unknown=1)
    assert prepare(case(value)).refusal is None
    refusal = prepare(case(value), strict=True).refusal
    assert refusal is not None and refusal.place is not None and refusal.place.line


def test_a_file_of_expectations_takes_the_place_of_derived_ones(tmp_path: Path) -> None:
    path = tmp_path / "web.expect.yaml"
    path.write_text("files:\n  - path: /etc/other\n    mode: 0644\n")
    found = prepare(case(config(), path))
    assert files(found) == ["/etc/other"]
    assert found.expectations.derived is False


def test_a_second_boot_that_is_asked_for_has_a_place() -> None:
    assert prepare(case(config())).expectations.second_boot is None
    asked = prepare(case(config()), second_boot=True).expectations.second_boot
    assert asked is not None and asked.source == "web.ign"


def test_expectations_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Failure) as raised:
        prepare(case(config(), tmp_path))
    assert raised.value.code == "IGN8401"
