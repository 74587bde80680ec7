# SPDX-License-Identifier: Apache-2.0
"""Derives what follows from a config for the machine after its first boot."""

from __future__ import annotations

from ignition.acquisition.rendered import Rendered
from ignition.testbed.expectations.model import Expectations


def derive(rendered: Rendered, source: str, data: bytes) -> Expectations:
    """The expectations that follow from a config.

    `source` is the name under which the config was rendered, `data` its text, for lines and columns. What
    cannot be derived is a sentence in `notes`.
    """
    raise NotImplementedError
