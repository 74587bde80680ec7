# SPDX-License-Identifier: Apache-2.0
"""Every example on the page and in the schema is a valid file of expectations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ignition.testbed.expectations.reading import load
from ignition.testbed.expectations.sections import SECTIONS

PAGE = (Path(__file__).parents[4] / "docs" / "expectations.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.partition(":")[0])
def test_examples_load(text: str) -> None:
    found = load("web.expect.yaml", text.encode())
    assert found.items or found.failure or found.second_boot


def test_every_section_has_an_example() -> None:
    shown = {text.partition(":")[0] for text in EXAMPLES}
    assert shown == {"extends", "second_boot", "failure", *(section.key for section in SECTIONS)}
