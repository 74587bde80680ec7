# SPDX-License-Identifier: Apache-2.0
"""Arrays for tests, and what mdadm says about them."""

from __future__ import annotations

import subprocess
from typing import Any

Storage = dict[str, Any]


def array(name: str, devices: list[str], level: str = "raid1", **more: Any) -> Storage:
    return {"raid": [{"name": name, "level": level, "devices": devices, **more}]}


def detail(node: str) -> str:
    return subprocess.run(
        ["mdadm", "--detail", node], check=True, capture_output=True, text=True
    ).stdout
