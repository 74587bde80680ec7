# SPDX-License-Identifier: Apache-2.0
"""What is said about a config's text before any rule looks at it: the documentation of those codes.

The findings come from `ignition.config.check`.
"""

from __future__ import annotations

from ignition.base.finding import ERROR, INFO, MAX_FINDINGS, WARNING
from ignition.config import codes
from ignition.lint.rule import LintRule

NOT_VALID = LintRule(
    codes.NOT_VALID,
    codes.NOT_VALID_MESSAGE,
    hint="see the findings on the config",
    severity=ERROR,
)
"""The config as a whole is refused because of other findings. A boot shows this code; lint shows those."""

EMPTY = LintRule(
    codes.EMPTY,
    codes.EMPTY_MESSAGE,
    hint="the smallest config names its version",
    severity=ERROR,
)
"""There is no text at all. A platform without user data boots without a config; an empty text where a config
is referred to is an error, since the whole config would be lost without a word."""

SYNTAX = LintRule(
    codes.SYNTAX,
    "the text is no JSON",
    hint="see the finding: it says what probably is there instead",
    severity=ERROR,
)
"""A config is JSON (RFC 8259), without comments and without a comma after the last item. The finding points
at the first byte that does not fit. Other things that are given as configs by mistake are recognised: Butane
YAML, cloud-config, scripts, gzip, HTML."""

TYPE = LintRule(
    codes.TYPE,
    "a value of the wrong type",
    hint="see the finding: it says which type is expected",
    severity=ERROR,
)
"""For example a mode in quotes, or a list where an object is expected. Numbers are whole numbers of 64 bits.
Only the first such value is reported."""

INVALID_VERSION = LintRule(
    codes.INVALID_VERSION,
    codes.INVALID_VERSION_MESSAGE,
    hint="set ignition.version to the spec version that the config is written in",
    severity=ERROR,
)
"""`ignition.version` is missing, or no version number of the form `3.4.0`."""

UNKNOWN_VERSION = LintRule(
    codes.UNKNOWN_VERSION,
    codes.UNKNOWN_VERSION_MESSAGE,
    hint="use a spec version that is known; each has a number of its own",
    severity=ERROR,
)
"""The spec versions are 3.0.0 to 3.6.0 and 3.7.0-experimental. The experimental form of a version that is
stable by now is unknown, and so are specs 1 and 2."""

UNUSED_KEY = LintRule(
    codes.UNUSED_KEY,
    "unused key",
    hint="see the finding: it names the key that was probably meant",
    severity=WARNING,
)
"""The object has no member of this name in the config's spec version, so the key has no effect. It may be
misspelt, belong elsewhere, or to a later version. A key that only differs in case is read, and reported."""

NOT_AN_OBJECT = LintRule(
    codes.NOT_AN_OBJECT,
    "null where an object is expected",
    hint="leave the key out",
    severity=WARNING,
)
"""It is read as an empty object."""

MORE_FINDINGS = LintRule(
    codes.MORE_FINDINGS,
    codes.MORE_FINDINGS_MESSAGE,
    hint=f"mend these first: {MAX_FINDINGS} errors, warnings and notes each are shown",
    severity=INFO,
)
"""What is read is judged as a whole, but a list of many thousand findings helps nobody, and takes memory."""
