# SPDX-License-Identifier: Apache-2.0
"""Configs that are larger than what a platform hands on."""

from __future__ import annotations

from ignition.base.finding import ERROR
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

TOO_LARGE = LintRule(
    "IGN1891",
    "the config is larger than what the platform takes",
    hint="put the large part on a server and refer to it in ignition.config.replace or merge, with a hash",
    severity=ERROR,
)
"""Platforms limit user data: AWS to 16 KiB, Azure, DigitalOcean and IBM Cloud to 64 KiB, Google Cloud to
256 KiB, OpenStack to 64 KiB in base64. Told only if lint is asked for a platform (`--platform`), and not for
platforms without a limit that is known."""

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
"""Platform id -> the most bytes of user data it takes, as its documentation gives it."""
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
        yield TOO_LARGE.at((), f"{platform} takes {limit} bytes, the config has {size}{form}")
