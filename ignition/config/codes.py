# SPDX-License-Identifier: Apache-2.0
"""Codes for configs that cannot be read, and Ignition's messages for them.

Rules on the content have their codes in `rules`.
"""

from __future__ import annotations

NOT_VALID = "IGN1000"
EMPTY = "IGN1001"
SYNTAX = "IGN1002"
TYPE = "IGN1003"
INVALID_VERSION = "IGN1004"
UNKNOWN_VERSION = "IGN1005"
UNUSED_KEY = "IGN1006"
NOT_AN_OBJECT = "IGN1007"
MORE_FINDINGS = "IGN1008"

NOT_VALID_MESSAGE = "config is not valid"
MORE_FINDINGS_MESSAGE = "there are more findings, which are not shown"
EMPTY_MESSAGE = "not a config (empty)"
INVALID_VERSION_MESSAGE = "invalid config version (couldn't parse)"
UNKNOWN_VERSION_MESSAGE = "unsupported config version"
