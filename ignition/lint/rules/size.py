# SPDX-License-Identifier: Apache-2.0
"""Configs that exceed the user data limit of a platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.finding import ERROR
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

CONFIG_TOO_LARGE = LintRule(
    "IGN1891",
    "config exceeds the user data limit of the platform",
    hint="move large parts to a server and reference them from ignition.config.merge, with a hash",
    severity=ERROR,
)
"""Platforms limit the size of user data: AWS to 16 KiB, Azure, DigitalOcean and IBM Cloud to 64 KiB, Google
Cloud to 256 KiB, OpenStack to 64 KiB in base64. Only checked if a platform is set (`--platform`) and its
limit is known."""

_KIB = 1024
LIMITS = {
    "aliyun": 32 * _KIB,
    "aws": 16 * _KIB,
    "azure": 65_535,
    "digitalocean": 64 * _KIB,
    "gcp": 256 * _KIB,
    "hetzner": 32 * _KIB,
    "ibmcloud": 64 * _KIB,
    "openstack": 65_535,
    "oraclecloud": 32_000,
}
"""Platform id -> maximum size of user data in bytes, from the documentation of the platform."""
_COUNTED_IN_BASE64 = ("openstack", "oraclecloud")
_ALIASES = {"ec2": "aws", "gce": "gcp"}


def check(subject: Subject) -> Iterator[Violation]:
    platform = _ALIASES.get(subject.platform, subject.platform)
    limit = LIMITS.get(platform)
    if limit is None:
        return
    size, form = len(subject.data), ""
    if platform in _COUNTED_IN_BASE64:
        size, form = (size + 2) // 3 * 4, " in base64"
    if size > limit:
        yield CONFIG_TOO_LARGE.at(
            (), f"{platform} accepts {limit} bytes of user data, the config has {size}{form}"
        )
