# SPDX-License-Identifier: Apache-2.0
"""Documentation of the codes that `ignition.config.check` reports while it parses a config."""

from __future__ import annotations

from ignition.base.finding import ERROR, INFO, MAX_FINDINGS, WARNING
from ignition.config import codes
from ignition.lint.rule import LintRule

NOT_VALID = LintRule(
    codes.NOT_VALID,
    codes.NOT_VALID_MESSAGE,
    hint="see the other findings on the config",
    severity=ERROR,
)
"""The engine refuses the config because of other errors. A boot reports this code, lint reports the
errors."""

EMPTY = LintRule(
    codes.EMPTY,
    codes.EMPTY_MESSAGE,
    hint="a config must at least set ignition.version",
    severity=ERROR,
)
"""The config is empty. Without user data the machine boots without a config, but an empty referenced config
is an error, because the settings in it would be lost silently."""

SYNTAX = LintRule(
    codes.SYNTAX,
    "invalid JSON",
    hint="see the finding for the likely cause",
    severity=ERROR,
)
"""A config is JSON (RFC 8259), without comments or trailing commas. The finding points to the first invalid
byte. Other formats that are often passed by mistake are recognized: Butane YAML, cloud-config, scripts, gzip,
HTML."""

TYPE = LintRule(
    codes.TYPE,
    "wrong type",
    hint="see the finding for the expected type",
    severity=ERROR,
)
"""For example a quoted mode, or a list instead of an object. Numbers are 64-bit integers. Only the first
value of the wrong type is reported."""

INVALID_VERSION = LintRule(
    codes.INVALID_VERSION,
    codes.INVALID_VERSION_MESSAGE,
    hint="set ignition.version to the spec version of the config",
    severity=ERROR,
)
"""`ignition.version` is missing or is not a version number such as `3.4.0`."""

UNKNOWN_VERSION = LintRule(
    codes.UNKNOWN_VERSION,
    codes.UNKNOWN_VERSION_MESSAGE,
    hint="use a supported spec version",
    severity=ERROR,
)
"""Supported are 3.0.0 to 3.6.0 and 3.7.0-experimental. The experimental versions of specs that are stable
now, and specs 1 and 2, are not supported."""

UNUSED_KEY = LintRule(
    codes.UNUSED_KEY,
    "unused key",
    hint="see the finding for the likely key",
    severity=WARNING,
)
"""The spec version of the config has no such member here, so the key has no effect. It may be misspelt,
belong to another object or to a later version. A key that only differs in case is accepted, but reported."""

NOT_AN_OBJECT = LintRule(
    codes.NOT_AN_OBJECT,
    "null where an object is expected",
    hint="remove the key",
    severity=WARNING,
)
"""null is read as an empty object."""

MORE_FINDINGS = LintRule(
    codes.MORE_FINDINGS,
    codes.MORE_FINDINGS_MESSAGE,
    hint=f"fix these first: at most {MAX_FINDINGS} findings of each severity are shown",
    severity=INFO,
)
"""The whole config is checked, but a list of thousands of findings helps nobody and takes memory."""
