# SPDX-License-Identifier: Apache-2.0
"""Kernel arguments of a config, and the settings that only its first boot uses."""

from __future__ import annotations

from collections.abc import Iterator

from ignition.config.model import Resource
from ignition.resource.fetch import display_name
from ignition.review.subject import Subject
from ignition.review.things.contents import contents_of
from ignition.review.things.thing import Fact, Path, Thing


def collect(subject: Subject) -> Iterator[Thing]:
    """One thing per kernel argument, one for the order of those that have one, one for the settings."""
    arguments = subject.config.kernel_arguments
    for member, exists, texts in (
        ("shouldExist", True, arguments.should_exist),
        ("shouldNotExist", False, arguments.should_not_exist),
    ):
        for index, text in enumerate(texts):
            path: Path = ("kernelArguments", member, index)
            fact = Fact("exists", "yes" if exists else "no", path, exists)
            names = frozenset((text.partition("=")[0],))
            yield Thing("kernel argument", text, path, (fact,), names)
    yield from _orders(list(arguments.should_exist))
    facts = tuple(_settings(subject))
    if facts:
        yield Thing("settings", "of the first boot", ("ignition",), facts)


def _orders(arguments: list[str]) -> Iterator[Thing]:
    """Of several arguments with one name, the order may count: the last console= is /dev/console."""
    groups: dict[str, list[str]] = {}
    for text in arguments:
        groups.setdefault(text.partition("=")[0], []).append(text)
    path: Path = ("kernelArguments", "shouldExist")
    for name, texts in groups.items():
        if len(texts) > 1:
            fact = Fact("order", " ".join(texts), path, tuple(texts))
            yield Thing("kernel arguments", f"{name}=", path, (fact,))


def _settings(subject: Subject) -> Iterator[Fact]:
    ignition = subject.config.ignition
    proxy, timeouts = ignition.proxy, ignition.timeouts
    for name, url in (("httpProxy", proxy.http_proxy), ("httpsProxy", proxy.https_proxy)):
        if url:
            yield Fact(name, display_name(url), ("ignition", "proxy", name), url)
    if proxy.no_proxy:
        hosts = tuple(proxy.no_proxy)
        path: Path = ("ignition", "proxy", "noProxy")
        yield Fact("noProxy", ", ".join(hosts), path, frozenset(hosts))
    for name, seconds in (
        ("httpResponseHeaders", timeouts.http_response_headers),
        ("httpTotal", timeouts.http_total),
    ):
        if seconds is not None:
            yield Fact(name, f"{seconds} s", ("ignition", "timeouts", name), seconds)
    for index, authority in enumerate(ignition.security.tls.certificate_authorities):
        here = ("ignition", "security", "tls", "certificateAuthorities", index)
        yield _authority(authority, here)


def _authority(authority: Resource, path: Path) -> Fact:
    contents = contents_of(authority)
    shown = (
        "inline" if contents is None or contents.data is not None else display_name(contents.url)
    )
    return Fact("certificate authority", shown, path, contents)
