# SPDX-License-Identifier: Apache-2.0
"""Requests to VMware's hypervisor over one of several transports.

A transport is a function that sends a request and returns the reply: `1 ` followed by the value on success,
`0 ` followed by the reason on failure. `guestinfo` knows the requests and the order of the transports.
"""

from __future__ import annotations

# Larger than any config.
REPLY_LIMIT = 64 * 1024 * 1024


class TransportError(Exception):
    """A transport to the hypervisor is missing or broken; the text tells why. The next one is tried."""
