# SPDX-License-Identifier: Apache-2.0
"""The engine as the apply tier runs it: `ignition run` without what takes the disks of a machine."""

from __future__ import annotations

import sys

from ignition.__main__ import main
from ignition.base.settings import FILES
from ignition.engine import phases

NEEDS_DISKS = ("luks.records",)
"""Stages of the files phase that depend on the disks phase."""

if __name__ == "__main__":
    phases.PHASES[FILES] = tuple(
        stage for stage in phases.PHASES[FILES] if stage[1] not in NEEDS_DISKS
    )
    sys.exit(main(["ignition", "run", *sys.argv[1:]]))
