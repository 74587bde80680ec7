# SPDX-License-Identifier: Apache-2.0
"""A file of expectations replaces what follows from the config, or adds to it."""

from __future__ import annotations

from ignition.testbed.expectations.combine import extend
from ignition.testbed.expectations.reading import load
from tests.unit.testbed.expectations.configs import from_storage, items

DERIVED = from_storage(files=[{"path": "/a", "mode": 384}, {"path": "/b"}, {"path": "/run/c"}])


def test_a_file_stands_alone() -> None:
    written = load("web.expect.yaml", b"ports: [22]")
    assert extend(DERIVED, written) is written


def test_a_file_that_extends_adds_to_what_follows() -> None:
    written = load("web.expect.yaml", b"extends: config\nports: [22]")
    found = extend(DERIVED, written)
    assert [kind for kind, _ in items(found)] == ["File", "File", "Port"]
    assert found.source == "web.expect.yaml"
    assert found.notes == DERIVED.notes


def test_what_is_written_about_a_path_replaces_what_follows() -> None:
    written = load("web.expect.yaml", b"extends: config\ndirectories: [{path: /a}]")
    found = items(extend(DERIVED, written))
    assert found == [("File", {"path": "/b"}), ("Directory", {"path": "/a"})]
