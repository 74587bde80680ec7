# SPDX-License-Identifier: Apache-2.0
"""Looks up the provider of a platform by name, so that a boot loads only the one it needs."""

from __future__ import annotations

from ignition.base import load_module
from ignition.base.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from ignition.resource.context import FetchContext
    from ignition.resource.outputfile import OutputFile

    class Source(Protocol):
        """A module of providers/ that may have a config."""

        def fetch(self, ctx: FetchContext) -> bytes:
            """The config; b"" if there is none. NoProvider hands over to the next source."""

    class Provider(Source, Protocol):
        """The module of a platform."""

        NEEDS_NETWORK: bool

    class ProviderWithFiles(Provider, Protocol):
        def fetch_with_files(self, ctx: FetchContext) -> tuple[bytes, list[OutputFile]]:
            """The config, and files for the target that belong to it."""

    class ProviderWithStatus(Provider, Protocol):
        def status(self, ctx: FetchContext, phase: str, error: str) -> None:
            """Reports the end of a phase to the platform; `error` is "" for a success."""

    class ProviderWithDelete(Provider, Protocol):
        def delete(self, ctx: FetchContext) -> bool:
            """Deletes the config. False if the hypervisor does not allow it."""


_PACKAGE = "ignition.providers"


def canonical(platform: str) -> str:
    """The id that an alias stands for: `pxe` is `metal`."""
    name: str = _registry().canonical_id(platform)
    return name


def provider(platform: str) -> Provider:
    """The provider of a platform id. Failure IGN5003 if this initramfs was built without it."""
    module: Provider = source(_registry().MODULES[platform])
    return module


def with_files(platform: str) -> ProviderWithFiles | None:
    """The provider of a platform id, if it brings files for the target."""
    module: ProviderWithFiles | None = _source_if_listed(_registry().WITH_FILES, platform)
    return module


def has_status(platform: str) -> bool:
    """Whether the provider of a platform id reports the end of each phase. Does not load it."""
    return platform in _registry().WITH_STATUS


def with_status(platform: str) -> ProviderWithStatus | None:
    """The provider of a platform id, if it reports the end of each phase."""
    module: ProviderWithStatus | None = _source_if_listed(_registry().WITH_STATUS, platform)
    return module


def with_delete(platform: str) -> ProviderWithDelete | None:
    """The provider of a platform id, if it can delete its config."""
    module: ProviderWithDelete | None = _source_if_listed(_registry().WITH_DELETE, platform)
    return module


def source(name: str) -> Any:
    """A module of providers/. Failure IGN5003 if it is not in this initramfs."""
    try:
        return load_module(f"{_PACKAGE}.{name}")
    except ImportError as error:
        raise Failure(
            "IGN5003",
            f"the provider {name} is not in this initramfs ({error})",
            hint="name the platform in ignition_platforms when the initramfs is built",
        ) from error


def _source_if_listed(table: tuple[str, ...], platform: str) -> Any:
    return source(_registry().MODULES[platform]) if platform in table else None


def _registry() -> Any:
    return load_module(_PACKAGE)
