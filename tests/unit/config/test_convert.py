# SPDX-License-Identifier: Apache-2.0
"""Conversion between spec versions, and the losses that it reports."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ignition.config import dump, shapes
from ignition.config.check import check
from ignition.config.convert import convert, format_config, resolve_version
from ignition.config.parse import parse
from tests.support.random_configs import Configs

Value = dict[str, Any]


def converted(config: Value, target: str) -> tuple[Value, list[str]]:
    """The config converted to `target`, and the pointers of its losses."""
    checked = check(json.dumps(config).encode(), "config.ign")
    assert checked.value is not None, checked.findings
    value, losses = convert(checked.value, checked.version, target)
    return json.loads(format_config(value, target)), [
        "/".join(map(str, loss.path)) for loss in losses
    ]


def config(version: str, **sections: Value) -> Value:
    return {"ignition": {"version": version}, **sections}


FILE = {"files": [{"path": "/a", "mode": 420, "contents": {"source": "data:,a"}}]}
PLAIN = config("3.0.0", storage={**FILE, "links": [{"path": "/b", "target": "/a"}]})


@pytest.mark.parametrize("target", shapes.VERSIONS)
@pytest.mark.parametrize("start", shapes.VERSIONS)
def test_common_members_convert_in_both_directions(start: str, target: str) -> None:
    there, lost = converted({**PLAIN, "ignition": {"version": start}}, target)
    assert lost == []
    assert there == {**PLAIN, "ignition": {"version": target}}


ADVERTISED = {
    "name": "v",
    "device": "/dev/vdb",
    "clevis": {"tang": [{"url": "http://t", "thumbprint": "p", "advertisement": "{}"}]},
}
HEADERS = {"source": "http://h/c", "httpHeaders": [{"name": "a", "value": "b"}]}
ADVERTISEMENT = "storage/luks/0/clevis/tang/0/advertisement"


@pytest.mark.parametrize(
    ("start", "target", "sections", "lost"),
    [
        pytest.param(
            "3.6.0",
            "3.2.0",
            {"kernelArguments": {"shouldExist": ["a"]}},
            ["kernelArguments"],
            id="section",
        ),
        pytest.param("3.6.0", "3.2.0", {"kernelArguments": {}}, [], id="empty section"),
        pytest.param(
            "3.6.0",
            "3.1.0",
            {
                "storage": {
                    "disks": [{"device": "/dev/vda", "partitions": [{"number": 1, "resize": True}]}]
                }
            },
            ["storage/disks/0/partitions/0/resize"],
            id="member",
        ),
        pytest.param(
            "3.6.0",
            "3.0.0",
            {"storage": {"files": [{"path": "/a", "contents": HEADERS}]}},
            ["storage/files/0/contents/httpHeaders"],
            id="member of a renamed type",
        ),
        pytest.param(
            "3.6.0",
            "3.5.0",
            {"storage": {"files": [{"path": "/a", "mode": 0o4755}]}},
            ["storage/files/0/mode"],
            id="special bits",
        ),
        pytest.param(
            "3.6.0",
            "3.0.0",
            {"storage": {"filesystems": [{"device": "/dev/vda", "format": "none"}]}},
            ["storage/filesystems/0/format"],
            id="value",
        ),
        pytest.param(
            "3.4.0",
            "3.6.0",
            {"storage": {"luks": [ADVERTISED]}},
            [ADVERTISEMENT],
            id="from the spec that drops advertisements",
        ),
        pytest.param(
            "3.6.0",
            "3.4.0",
            {"storage": {"luks": [ADVERTISED]}},
            [ADVERTISEMENT],
            id="to the spec that drops advertisements",
        ),
        pytest.param(
            "3.6.0", "3.5.0", {"storage": {"luks": [ADVERTISED]}}, [], id="advertisement kept"
        ),
    ],
)
def test_losses_are_reported(start: str, target: str, sections: Value, lost: list[str]) -> None:
    assert converted(config(start, **sections), target)[1] == lost


def test_ineffective_mode_bits_are_dropped_for_newer_specs() -> None:
    there, lost = converted(
        config("3.5.0", storage={"files": [{"path": "/a", "mode": 0o4755}]}), "3.6.0"
    )
    assert (lost, there["storage"]["files"][0]["mode"]) == ([], 0o755)


def test_empty_object_stays_unset() -> None:
    """In 3.2.0 an empty custom object is a pin without a name; in 3.3.0 it counts as absent."""
    volume = {"name": "v", "device": "/dev/vdb", "clevis": {"tpm2": True, "custom": {}}}
    there, lost = converted(config("3.3.0", storage={"luks": [volume]}), "3.2.0")
    assert (lost, there["storage"]["luks"][0]["clevis"]) == ([], {"tpm2": True})


def test_only_set_members_are_written_in_spec_order() -> None:
    checked = check(b'{"storage": {"files": []}, "ignition": {"version": "3.6.0"}}', "c")
    assert checked.value is not None
    assert (
        format_config(checked.value, "3.6.0")
        == '{\n  "ignition": {\n    "version": "3.6.0"\n  }\n}\n'
    )


def test_conversion_preserves_the_meaning() -> None:
    """Random valid configs, converted to another version, translate to the same newest config."""
    compared = 0
    for seed in range(400):
        start = shapes.VERSIONS[seed % len(shapes.VERSIONS)]
        target = shapes.VERSIONS[(seed // len(shapes.VERSIONS)) % len(shapes.VERSIONS)]
        data = json.dumps(Configs(seed, odd=0.0, full=0.4).config(start)).encode()
        checked = check(data, "c")
        if checked.value is None:
            continue
        value, losses = convert(checked.value, checked.version, target)
        if losses:
            continue
        compared += 1
        there = parse(format_config(value, target).encode(), "c").value
        assert dump.cache_text(there) == dump.cache_text(parse(data, "c").value)
    assert compared > 40


@pytest.mark.parametrize(
    ("word", "version"),
    [
        ("3.4.0", "3.4.0"),
        ("3.4", "3.4.0"),
        ("3.7.0-experimental", "3.7.0-experimental"),
        ("3.7.0", None),
        ("2.3.0", None),
        ("", None),
    ],
)
def test_short_versions(word: str, version: str | None) -> None:
    assert resolve_version(word) == version
