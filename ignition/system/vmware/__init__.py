# SPDX-License-Identifier: Apache-2.0
"""Talking with VMware's hypervisor: one request, one reply, by whatever way there is.

A way is a function from the text of a request to the text of the reply, which starts with `1 ` (done; the
rest is the value) or `0 ` (not done; the rest says why). `guestinfo` knows the requests and the order of
the ways.
"""

from __future__ import annotations

# The largest reply that is taken: no config is near this.
REPLY_LIMIT = 64 * 1024 * 1024


class Unusable(Exception):
    """A way to the hypervisor that is not there or does not work; the text says why, the next one is
    tried."""
