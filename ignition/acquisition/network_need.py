# SPDX-License-Identifier: Apache-2.0
"""Whether a later phase needs the network for a config, and which part of the config needs it."""

from __future__ import annotations

from ignition.acquisition import origins
from ignition.base.errors import Failure, NeedNetwork
from ignition.config.model import Config
from ignition.resource.fetch import display_name, needs_network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.acquisition.origins import Table
    from ignition.config.model import Resource

    Path = tuple[str | int, ...]


def network_need(value: dict[str, Any], table: Table) -> NeedNetwork | None:
    """The error for the first part that needs the network; None if no part does.

    `table` gives the origin of that part. Failure IGN4012 for a source that is not a URL.
    """
    config = Config(value)
    for path, resource in _resources(config):
        source = resource.source
        if not source or source.startswith("data:"):
            continue
        origin = origins.find(table, *path)
        try:
            if not needs_network(source):
                continue
        except Failure as failure:
            failure.origin = origin
            raise
        text = f"resource requires networking: {display_name(source)}"
        return NeedNetwork("IGN4003", text, origin)
    for path, what in _unlocking(config):
        return NeedNetwork("IGN4003", f"{what} requires networking", origins.find(table, *path))
    return None


def _resources(config: Config) -> Iterator[tuple[Path, Resource]]:
    ignition = config.ignition
    for index, item in enumerate(ignition.config.merge):
        yield ("ignition", "config", "merge", index), item
    yield ("ignition", "config", "replace"), ignition.config.replace
    for index, item in enumerate(ignition.security.tls.certificate_authorities):
        yield ("ignition", "security", "tls", "certificateAuthorities", index), item
    for index, luks in enumerate(config.storage.luks):
        yield ("storage", "luks", index, "keyFile"), luks.key_file
    for index, file in enumerate(config.storage.files):
        yield ("storage", "files", index, "contents"), file.contents
        for number, item in enumerate(file.append):
            yield ("storage", "files", index, "append", number), item


def _unlocking(config: Config) -> Iterator[tuple[Path, str]]:
    for index, luks in enumerate(config.storage.luks):
        clevis = luks.clevis
        for number, tang in enumerate(clevis.tang):
            if not tang.advertisement:
                yield (
                    ("storage", "luks", index, "clevis", "tang", number),
                    "Tang without advertisement",
                )
        if clevis.custom.needs_network:
            yield ("storage", "luks", index, "clevis", "custom"), "the Clevis pin"
