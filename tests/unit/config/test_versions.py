# SPDX-License-Identifier: Apache-2.0
"""Version strings."""

from __future__ import annotations

import pytest

from ignition.config import shapes, versions


@pytest.mark.parametrize("version", shapes.VERSIONS)
def test_every_version_is_found(version: str) -> None:
    assert versions.lookup(version) == version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("03.05.00", "3.5.0"),
        ("3.5.0-", "3.5.0"),
        ("3.5.0+", "3.5.0"),
        ("3.5.0-+", "3.5.0"),
        ("3.7.0-experimental+", "3.7.0-experimental"),
    ],
)
def test_unusual_spellings_of_known_versions(text: str, version: str) -> None:
    assert versions.lookup(text) == version


@pytest.mark.parametrize(
    "text",
    [
        "3.7.0",
        "3.7.0-Experimental",
        "3.7.0-experimental-",
        "3.7.0-experimental.1",
        "3.7.0-experimental+x",
        "3.6.0-experimental",
        "3.5.0-rc.1",
        "3.5.0+meta",
        "3.8.0",
        "3.8.0-experimental",
        "4.0.0",
        "1.0.0",
        "2.0.0",
        "2.3.0",
        "9223372036854775807.0.0",
    ],
)
def test_unknown_versions(text: str) -> None:
    assert versions.lookup(text) is None
    assert versions.hint(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "3",
        "3.5",
        "3.5.0.0",
        "3.5.0 ",
        " 3.5.0",
        "-3.5.0",
        "+3.5.0",
        "3.-1.0",
        "3_0.5.0",
        "3.5.0-a_b",
        "3.5.0-a..b",
        "3.5.0-a.",
        "3.5.0+a+b",
        "3.5.0-é",
        "3.٥.0",
        "3.5.0\n",
        "9223372036854775808.0.0",
        "3.5." + "9" * 10000,
    ],
)
def test_invalid_versions(text: str) -> None:
    with pytest.raises(versions.BadVersion):
        versions.lookup(text)
    assert versions.hint(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2.3.0", "spec 2.3.0 was replaced"),
        ("3.5.0-experimental", 'write "3.5.0"'),
        ("3.7.0", 'write "3.7.0-experimental"'),
        ("3.9.0", "this engine knows 3.0.0, "),
        ("", "give ignition.version"),
        ("3.5", "three numbers"),
    ],
)
def test_hints_for_versions(text: str, words: str) -> None:
    assert words in versions.hint(text)
