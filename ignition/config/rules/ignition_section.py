# SPDX-License-Identifier: Apache-2.0
"""The ignition section: version, referenced configs, proxies and certificate authorities."""

from __future__ import annotations

from ignition.base.finding import WARNING
from ignition.config import urls, versions
from ignition.config.codes import INVALID_VERSION_MESSAGE, UNKNOWN_VERSION_MESSAGE
from ignition.config.rules.resources import check_ca_reference, check_reference, check_resource
from ignition.config.rules.rule import Rule
from ignition.config.rules.sources import check_http_url, check_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ignition.config.rules.rule import RuleFinding

INVALID_VERSION = Rule(
    "IGN1201",
    INVALID_VERSION_MESSAGE,
    hint='set ignition.version to three numbers, for example "3.6.0"',
)
"""The version must be a semantic version. Only a merged config can break this rule, since the version of a
single config decides how it is parsed."""

UNKNOWN_VERSION = Rule(
    "IGN1202",
    UNKNOWN_VERSION_MESSAGE,
    hint="set the version of the spec that the config follows",
)
"""The version selects the rules for the config. As above, only a merged config can break this rule."""

SOURCE_REQUIRED = Rule(
    "IGN1203",
    "source is required",
    hint="set source, or remove the entry",
)
"""An entry without a source has no effect. Since 3.1.0."""

PROXY_NOT_HTTP = Rule(
    "IGN1204",
    "proxies must be http(s)",
    hint="write http://HOST:PORT, or remove the member to use no proxy",
)
"""No other kind of proxy is supported. Since 3.1.0, which introduced proxies."""

PROXY_INSECURE = Rule(
    "IGN1205",
    "insecure plaintext HTTP proxy specified for HTTPS resources",
    hint="use an https:// proxy unless you trust the network between the machine and the proxy",
    severity=WARNING,
)
"""Anyone between the machine and the proxy can see the names of the hosts, but not the contents."""


def check_ignition(value: dict[str, Any], version: str) -> Iterator[RuleFinding]:
    """Checks `$.ignition` by the spec `version` (3.`minor`)."""
    minor = int(version.split(".")[1])
    written = value.get("version", "")
    if written != version and (rule := _check_version(written, version)):
        yield rule.at("version")
    if "config" in value:
        for finding in _check_configs(value["config"], minor):
            yield finding.with_prefix("config")
    yield from _check_proxy(value.get("proxy", {}))
    tls = value.get("security", {}).get("tls", {})
    for finding in _check_list(tls.get("certificateAuthorities", ()), minor, check_ca_reference):
        yield finding.with_prefix("security", "tls", "certificateAuthorities")


def _check_version(written: str, version: str) -> Rule | None:
    try:
        return None if versions.lookup(written) == version else UNKNOWN_VERSION
    except versions.BadVersion:
        return INVALID_VERSION


def _check_configs(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    for finding in _check_list(value.get("merge", ()), minor, check_reference):
        yield finding.with_prefix("merge")
    replace = value.get("replace", {})
    for finding in check_resource(replace, minor) if minor else check_reference(replace):
        yield finding.with_prefix("replace")


def _check_list(
    items: list[dict[str, Any]],
    minor: int,
    oldest: Callable[[dict[str, Any]], Iterator[RuleFinding]],
) -> Iterator[RuleFinding]:
    """Checks a list of resources. Like Ignition, it reports an invalid source twice: for the list and for the
    resource. Spec 3.0.0 uses other types, which `oldest` checks."""
    for index, item in enumerate(items if minor else ()):
        source = item.get("source")
        rule = check_source(source, minor) if source else SOURCE_REQUIRED
        if rule:
            yield rule.at(index)
    for index, item in enumerate(items):
        for finding in check_resource(item, minor) if minor else oldest(item):
            yield finding.with_prefix(index)


def _check_proxy(value: dict[str, Any]) -> Iterator[RuleFinding]:
    for name in ("httpProxy", "httpsProxy"):
        if name not in value:
            continue
        if rule := check_http_url(value[name], PROXY_NOT_HTTP):
            yield rule.at("proxy", name)
        elif name == "httpsProxy" and urls.parse(value[name]).scheme == "http":
            yield PROXY_INSECURE.at("proxy", name)
