# SPDX-License-Identifier: Apache-2.0
"""Brings the reporter into a foreign image: a second config that is merged with the author's."""

from __future__ import annotations

from typing import Protocol


class Packed(Protocol):
    """A request to the reporter (ignition.testbed.request.Request)."""

    def pack(self) -> bytes: ...


def with_reporter(config: bytes, request: Packed) -> bytes:
    """A config that merges the author's, unchanged, and the reporter's."""
    raise NotImplementedError
