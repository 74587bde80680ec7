# SPDX-License-Identifier: Apache-2.0
"""docs/root-reprovisioning.md prints what the boot tests boot: docs/root-reprovisioning/."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
PAGE = (CHECKOUT / "docs/root-reprovisioning.md").read_text()
EXAMPLE = CHECKOUT / "docs/root-reprovisioning"


@pytest.mark.parametrize("name", ["raid1", "tang"])
def test_the_config_is_the_one_of_the_page(name: str) -> None:
    """Below the paragraph that ends with its name is the text of `storage`, without braces."""
    [block] = re.findall(rf"\(\[{name}\.ign\]\(\S+\)\):\n\n((?:    .*\n)+)", PAGE)
    whole = json.loads((EXAMPLE / f"{name}.ign").read_text())
    assert json.loads(f"{{{block}}}") == whole["storage"]


def test_the_menu_is_the_one_of_the_page() -> None:
    [block] = re.findall(r"`grub\.cfg`:\n\n```sh\n(.*?)```\n", PAGE, re.S)
    assert block == (EXAMPLE / "grub.cfg").read_text()


def test_the_units_are_those_of_the_page() -> None:
    units = {path.name for path in (EXAMPLE / "dracut").glob("*.service")}
    assert units == set(re.findall(r"`(root-[a-z]+\.service)`", PAGE))


def test_the_arguments_are_those_of_the_script() -> None:
    script = (EXAMPLE / "dracut/root-reprovision.sh").read_text()
    written = set(re.findall(r'echo "(rd\.[a-z.]+)=', script))
    assert written == set(re.findall(r"`(rd\.[a-z.]+)=", PAGE))
