# SPDX-License-Identifier: Apache-2.0
"""The ignition section: version, referenced configs, proxies, certificate authorities."""

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
    hint='give ignition.version three numbers, for example "3.6.0"',
)
"""The version is a semantic version. A config as it is read never breaks this rule, since the version
decides how it is read; one that was put together from several may."""

UNKNOWN_VERSION = Rule(
    "IGN1202",
    UNKNOWN_VERSION_MESSAGE,
    hint="give the version of the spec that the config is checked against",
)
"""A config says the version of the spec whose rules it follows. As above, only reachable by merging."""

SOURCE_REQUIRED = Rule(
    "IGN1203",
    "source is required",
    hint="give the URL, or leave the entry out",
)
"""An entry that refers to nothing is a mistake. Since 3.1.0."""

PROXY_NOT_HTTP = Rule(
    "IGN1204",
    "proxies must be http(s)",
    hint="write http://HOST:PORT; leave the member out for no proxy",
)
"""No other kind of proxy is supported. Since 3.1.0, which has proxies."""

PROXY_INSECURE = Rule(
    "IGN1205",
    "insecure plaintext HTTP proxy specified for HTTPS resources",
    hint="use an https:// proxy if the network between machine and proxy is not trusted",
    severity=WARNING,
)
"""The names of the hosts that are asked can be read on the way to the proxy, though not the contents."""


def check_ignition(value: dict[str, Any], version: str) -> Iterator[RuleFinding]:
    """Rules of `$.ignition`, for the spec version `version` (3.`minor`)."""
    minor = int(version.split(".")[1])
    written = value.get("version", "")
    if written != version and (fault := _version_fault(written, version)):
        yield fault.at("version")
    if "config" in value:
        for finding in _referenced_configs(value["config"], minor):
            yield finding.with_prefix("config")
    yield from _proxy(value.get("proxy", {}))
    tls = value.get("security", {}).get("tls", {})
    for finding in _sources(tls.get("certificateAuthorities", ()), minor, check_ca_reference):
        yield finding.with_prefix("security", "tls", "certificateAuthorities")


def _version_fault(written: str, version: str) -> Rule | None:
    try:
        return None if versions.lookup(written) == version else UNKNOWN_VERSION
    except versions.BadVersion:
        return INVALID_VERSION


def _referenced_configs(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    for finding in _sources(value.get("merge", ()), minor, check_reference):
        yield finding.with_prefix("merge")
    replace = value.get("replace", {})
    for finding in check_resource(replace, minor) if minor else check_reference(replace):
        yield finding.with_prefix("replace")


def _sources(
    items: list[dict[str, Any]],
    minor: int,
    oldest: Callable[[dict[str, Any]], Iterator[RuleFinding]],
) -> Iterator[RuleFinding]:
    """Rules of a list of things to fetch. A bad source is reported twice, as the original does: where the
    list is checked, and where the resource is. Spec 3.0.0 has types of its own, checked by `oldest`."""
    for index, item in enumerate(items if minor else ()):
        source = item.get("source")
        fault = check_source(source, minor) if source else SOURCE_REQUIRED
        if fault:
            yield fault.at(index)
    for index, item in enumerate(items):
        for finding in check_resource(item, minor) if minor else oldest(item):
            yield finding.with_prefix(index)


def _proxy(value: dict[str, Any]) -> Iterator[RuleFinding]:
    for name in ("httpProxy", "httpsProxy"):
        if name not in value:
            continue
        if fault := check_http_url(value[name], PROXY_NOT_HTTP):
            yield fault.at("proxy", name)
        elif name == "httpsProxy" and urls.parse(value[name]).scheme == "http":
            yield PROXY_INSECURE.at("proxy", name)
