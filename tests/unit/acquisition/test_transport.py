# SPDX-License-Identifier: Apache-2.0
"""Timeouts of a config are valid for the sockets of this machine."""

from __future__ import annotations

import socket

import pytest

from ignition.acquisition import transport

LARGEST = (1 << 63) - 1


@pytest.mark.parametrize("seconds", [-LARGEST - 1, -1, 0, 7, 1 << 32, 1 << 53, LARGEST])
def test_any_configured_timeout_is_valid_for_a_socket(seconds: int) -> None:
    timeouts = {"httpTotal": seconds, "httpResponseHeaders": seconds}
    made = transport.build({"ignition": {"version": "3.5.0", "timeouts": timeouts}}, ())
    for timer in (made.total, made.headers):
        assert timer >= 0
        with socket.socket() as one:
            one.settimeout(timer or None)
    if seconds <= 7:
        assert made.total == made.headers == max(seconds, 0)
